"""A demo of which all is kept that it writes, sends and shows, so that it can be searched."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from motor.motor_asyncio import AsyncIOMotorClient

from services.console.demo import run as demo
from services.console.platform import SERVICES, Platform
from shared.bus import DEAD_LETTERS
from shared.store.mongo import AUDIT_SUFFIX
from shared.testing import eventually
from tests.trust.kept import Kept


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
