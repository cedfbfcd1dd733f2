"""Stands between a demo and its parts, and keeps what passes."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from typing import Any

import httpx
import pytest
import uvicorn

from services.console.demo import receivers
from services.console.demo import run as demo
from services.console.demo.people import Person
from services.console.serving import serving_on
from tests.trust.kept import Kept, address_of, named

_FREE_TEXT = 12
"""Characters of a text with spaces that are too many for a code or a label."""


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
