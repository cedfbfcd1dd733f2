"""A demo of which all is kept that it writes, sends and shows, so that it can be searched."""

from __future__ import annotations

import gzip
import json
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from typing import Any

import httpx
import pytest
import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from motor.motor_asyncio import AsyncIOMotorClient

from services.console.demo import receivers
from services.console.demo import run as demo
from services.console.demo.people import Person
from services.console.platform import SERVICES, Platform
from services.console.serving import serving_on
from shared.bus import DEAD_LETTERS
from shared.store.mongo import AUDIT_SUFFIX
from shared.testing import eventually
from tests.trust.needles import Needles

FAMILY = "Zqx"
"""Before each name, so that it is no word of any other kind."""
_FREE_TEXT = 12
"""Characters of a text with spaces that are too many for a code or a label."""


@dataclass
class Kept:
    """What there was to see, by place; and what must not be seen in it."""

    places: defaultdict[str, bytes] = field(default_factory=lambda: defaultdict(bytes))
    people: list[Person] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    """Free texts that were sent about people."""
    at_rest: dict[str, bytes] = field(default_factory=dict)
    """The documents of the databases as they lie there, by collection."""
    letters: int = 0

    def note(self, place: str, data: bytes) -> None:
        self.places[place] += data + b"\n"

    def needles(self, people: Sequence[Person] | None = None) -> Needles:
        """Everything that was said of these people, or of anyone."""
        found = Needles()
        for person in self.people if people is None else people:
            found.add("given names", person.given_names)
            found.add("family name", person.family_name)
            found.add_number("NHS number", person.nhs_number)
            found.add_date("date of birth", person.birth_date)
            found.add_number("telephone", person.telephone)
            found.add("e-mail", person.email)
            found.add("address", address_of(person))
        for text in self.texts if people is None else ():
            found.add("free text", text)
        return found


def address_of(person: Person) -> str:
    """Where someone lives; the demo itself says no more than a postcode."""
    return f"{person.number} {FAMILY}borough Road"


def named(people: Sequence[Person]) -> list[Person]:
    """The demo's people, under names that are found in nothing else."""
    return [
        replace(
            each,
            given_names=FAMILY + each.given_names,
            family_name=f"{FAMILY}{each.family_name}",
        )
        for each in people
    ]


@dataclass
class Watched(demo.Demo):
    """The demo, with some trouble at its end, of which everything is collected."""

    kept: Kept = field(default_factory=Kept)

    async def _summarise(self, played: demo._Played) -> None:
        await super()._summarise(played)
        await self._trouble(played)
        await collect(played.platform, played.http, self.kept)
        for text in played.notify.taken:
            # All of it but whom it must be sent to.
            said = {k: v for k, v in text.fields.items() if not k.startswith("address_line")}
            self.kept.note(f"{text.kind} messages", json.dumps(said).encode())

    async def _trouble(self, played: demo._Played) -> None:
        """What goes wrong with people's data in it, and records that nobody can apply."""
        platform, someone = played.platform, self.kept.people[0]
        who = platform.headers("referrer", played.world.practices[0].id)
        referral = platform.urls["referral"]
        body = {"kind": "intake", "person": someone.as_new("ZZ1"), someone.family_name: 1}
        async with httpx.AsyncClient(timeout=30, trust_env=False, headers=who) as http:
            for wrong in (json.dumps(body), json.dumps(body)[:-9], json.dumps([body])):
                answer = await http.post(f"{referral}/referrals", content=wrong)
                assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, answer.text
            for path in (f"/persons/{someone.nhs_number}", f"/{someone.family_name}"):
                answer = await http.get(referral + path, params={"x": someone.email})
                assert answer.status_code == httpx.codes.NOT_FOUND, answer.text
            for service, url in platform.urls.items():
                answer = await http.get(f"{url}/ops/pipeline", headers={"Authorization": ""})
                assert answer.status_code == httpx.codes.UNAUTHORIZED, service
        await _damage(platform, json.dumps({"person": someone.as_new("ZZ1")}).encode())
        self.kept.letters = await eventually(lambda: _letters(platform), within=60)


async def _damage(platform: Platform, value: bytes) -> None:
    """Put a record on the referral topic that is no event, as no service of ours would."""
    producer = AIOKafkaProducer(bootstrap_servers=platform.servers.kafka_bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(f"{platform.topic_prefix}referral-events", value, key=b"x")
    finally:
        await producer.stop()


async def _letters(platform: Platform) -> int:
    records = await _records(platform)
    return sum(name.endswith(DEAD_LETTERS) for name, *_ in records)


async def _records(platform: Platform) -> list[tuple[str, bytes, bytes, list[Any]]]:
    """Every record of every topic: topic, key, value, headers."""
    bootstrap = platform.servers.kafka_bootstrap
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        topics = [t for t in await admin.list_topics() if t.startswith(platform.topic_prefix)]
        described = await admin.describe_topics(topics)
    finally:
        await admin.close()
    partitions = [
        TopicPartition(each["topic"], at["partition"])
        for each in described
        for at in each["partitions"]
    ]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    found = []
    try:
        consumer.assign(partitions)
        quiet = 0
        while quiet < 3:
            batch = await consumer.getmany(timeout_ms=400)
            quiet = 0 if batch else quiet + 1
            found += [
                (at.topic, each.key or b"", each.value or b"", list(each.headers))
                for at, records in batch.items()
                for each in records
            ]
    finally:
        await consumer.stop()
    return found


async def collect(platform: Platform, http: httpx.AsyncClient, kept: Kept) -> None:
    """Topics, metrics, audit and databases, while the services run."""
    for topic, key, value, headers in await _records(platform):
        name = topic.removeprefix(platform.topic_prefix)
        told = b" ".join(f"{k}={(v or b'').decode()}".encode() for k, v in headers)
        kept.note(f"topic {name}, keys and headers", key + b" " + told)
        kept.note(f"topic {name}, values", value)
    for service in SERVICES:
        answer = await http.get(f"{platform.urls[service]}/metrics")
        kept.note(f"metrics of {service}", answer.content)
        letters = await http.get(
            f"{platform.urls[service]}/ops/dead-letters",
            headers=platform.headers("operations", "icb"),
        )
        kept.note(f"dead letters as {service} shows them", letters.content)
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(platform.servers.mongo_uri)
    for service, name in platform.databases.items():
        for each in await client[f"{name}{AUDIT_SUFFIX}"].list_collection_names():
            async for document in client[f"{name}{AUDIT_SUFFIX}"][each].find():
                kept.note(f"audit of {service}", repr(document).encode())
        for each in await client[name].list_collection_names():
            lines = [repr(document) async for document in client[name][each].find()]
            kept.at_rest[f"{service}.{each}"] = "\n".join(lines).encode()
    client.close()


def _texts(content: bytes) -> Iterator[str]:
    """The free texts of a request's body."""
    waiting = [json.loads(content)] if content else []
    while waiting:
        each = waiting.pop()
        if isinstance(each, str) and " " in each and len(each) >= _FREE_TEXT:
            yield each
        elif isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _without_addressee(content: bytes | str | None) -> bytes:
    """A mail as it is read: all of it but the address that it must be sent to."""
    raw = content.encode() if isinstance(content, str) else content or b""
    mail = message_from_bytes(raw, policy=policy.default)
    del mail["To"]
    parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    return "\n".join([*(f"{name}: {value}" for name, value in mail.items()), *parts]).encode()


@asynccontextmanager
async def collector(kept: Kept) -> AsyncIterator[str]:
    """Takes spans over OTLP, at the address it gives."""

    async def app(
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body += part.get("body", b"")
            more = part.get("more_body", False)
        headers = dict(scope["headers"])
        zipped = headers.get(b"content-encoding") == b"gzip"
        kept.note("spans", gzip.decompress(body) if zipped else body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
        async with serving_on(config, listening):
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1/traces"


def _part(name: str) -> Any:
    """What the demo's run calls by this name."""
    return vars(demo)[name]


class _Watch:
    """Stands between the demo and its parts, and keeps what passes."""

    def __init__(self, kept: Kept, otlp: str) -> None:
        self._kept = kept
        self._otlp = otlp
        self._make_people = _part("make_people")
        self._running_platform = _part("running_platform")
        self._client = _part("client")
        self._webhook_receiver = _part("webhook_receiver")
        self._mail_receiver = _part("mail_receiver")
        self._as_new = Person.as_new

    def make_people(self, count: int, seed: int) -> Sequence[Person]:
        self._kept.people = named(self._make_people(count, seed))
        return self._kept.people

    def running_platform(self, *given: Any, settings: dict[str, str], **more: Any) -> Any:
        """Services that tell all that they can tell."""
        settings |= {
            "LINKWAY_LOG_LEVEL": "DEBUG",
            "LINKWAY_OTLP_ENDPOINT": self._otlp,
            "LINKWAY_TRACE_RATIO": "1",
        }
        return self._running_platform(*given, settings=settings, **more)

    def client(self) -> httpx.AsyncClient:
        made: httpx.AsyncClient = self._client()
        made.event_hooks["request"].append(self._sent)
        return made

    async def _sent(self, request: httpx.Request) -> None:
        if request.method != "GET" and request.url.path != "/subscriptions":
            self._kept.texts.update(_texts(request.content))

    @asynccontextmanager
    async def webhook_receiver(self) -> AsyncIterator[receivers.WebhookReceiver]:
        async with self._webhook_receiver() as receiver:
            take = receiver._take

            def keep(path: str, headers: dict[str, str], body: bytes) -> bool:
                self._kept.note("webhooks", json.dumps(headers).encode() + body)
                return bool(take(path, headers, body))

            receiver._take = keep
            yield receiver

    @asynccontextmanager
    async def mail_receiver(self) -> AsyncIterator[receivers.MailReceiver]:
        async with self._mail_receiver() as receiver:
            take = receiver.handle_DATA

            async def keep(server: Any, session: Any, envelope: Any) -> str:
                self._kept.note("e-mails", _without_addressee(envelope.content))
                return str(await take(server, session, envelope))

            receiver.handle_DATA = keep
            yield receiver

    def as_new(self, person: Person, district: str | None) -> dict[str, Any]:
        said = self._as_new(person, district)
        said["contact"]["address"] = address_of(person)
        way = ("email", "letter", "sms")[person.number % 3]
        said["contact"]["preferences"] = [way]
        if district:
            self._kept.texts.add(said["contact"]["postal_code"])
        return said


def watch(kept: Kept, changed: pytest.MonkeyPatch, otlp: str) -> None:
    """Have the demo's receivers and client keep what passes, and its services tell all."""
    own = _Watch(kept, otlp)

    def as_new(person: Person, district: str | None) -> dict[str, Any]:
        return own.as_new(person, district)

    changed.setattr(Person, "as_new", as_new)
    for name in (
        "make_people",
        "running_platform",
        "client",
        "webhook_receiver",
        "mail_receiver",
    ):
        changed.setattr(demo, name, getattr(own, name))
