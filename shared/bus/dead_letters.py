"""Records that can never be applied are set aside whole, with the reason."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog
from aiokafka.errors import KafkaError

from shared.bus.broker import Publisher
from shared.bus.topics import DEAD_LETTERS, topic_name
from shared.errors import Invalid, LinkwayError, Unavailable
from shared.settings import ServiceSettings
from shared.telemetry import Telemetry

_PUBLISH_SECONDS = 10.0
_LONGEST_REASON = 1_000
_EXACT = "dl_headers"

Headers = Sequence[tuple[str, bytes | None]]


class Record(Protocol):
    """What is used of an aiokafka ConsumerRecord."""

    @property
    def topic(self) -> str:
        """With the installation's prefix."""

    @property
    def partition(self) -> int:
        """Number of the partition."""

    @property
    def offset(self) -> int:
        """Place in the partition."""

    @property
    def key(self) -> bytes | None:
        """As sent."""

    @property
    def value(self) -> bytes | None:
        """As sent."""

    @property
    def headers(self) -> Headers:
        """As sent; a name may come twice, a value may be any bytes."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Where a dead letter lies on ``dead-letters``."""

    partition: int
    offset: int


class SetsAside(Protocol):
    """Takes records that can never be applied."""

    async def put(self, record: Record, error: Exception, *, group: str, attempts: int) -> Copy:
        """Set ``record`` aside. Raises Unavailable when that cannot be done just now."""


class DeadLetters:
    """Publishes to ``dead-letters``: same key, same bytes, same headers, and ``dl_*`` headers.

    ``dl_topic``, ``dl_partition``, ``dl_offset`` and ``dl_group`` say where the record
    failed, ``dl_error`` the class, ``dl_reason`` why (never a value that was sent),
    ``dl_attempts`` how often it was tried and ``dl_at`` when it was given up.
    ``original_headers`` gives the headers back exactly.
    """

    def __init__(
        self, publisher: Publisher, settings: ServiceSettings, telemetry: Telemetry
    ) -> None:
        self._publisher = publisher
        self._topic = topic_name(settings, DEAD_LETTERS)
        self._dead = telemetry.metrics.dead_letters_total

    async def put(self, record: Record, error: Exception, *, group: str, attempts: int) -> Copy:
        """Set ``record`` aside. Raises Unavailable when Kafka did not take it in time."""
        kind = type(error).__name__
        headers = {
            **_plain(record.headers),
            "dl_topic": record.topic,
            "dl_partition": str(record.partition),
            "dl_offset": str(record.offset),
            "dl_group": group,
            "dl_error": kind,
            "dl_reason": reason_of(error)[:_LONGEST_REASON],
            "dl_attempts": str(attempts),
            "dl_at": datetime.now(UTC).isoformat(),
        }
        if not _is_plain(record.headers):
            headers[_EXACT] = _exact(record.headers)
        generation = self._publisher.generation
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                sending = await self._publisher.send(
                    self._topic, key=record.key, value=record.value, headers=headers
                )
                sent = await sending
        except (KafkaError, TimeoutError) as failure:
            await self._publisher.rebuild(generation)
            raise Unavailable("The dead letter could not be published.") from failure
        self._dead.labels(kind).inc()
        structlog.get_logger().warning(
            "dead letter",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            group=group,
            error=kind,
            reason=headers["dl_reason"],
            attempts=attempts,
        )
        return Copy(sent.partition, sent.offset)


def original_headers(dead_letter: Headers) -> list[tuple[str, bytes | None]]:
    """The headers of the record as it was first sent, from those of its dead letter."""
    for name, value in dead_letter:
        if name == _EXACT and value:
            return [
                (original, None if text is None else b64decode(text))
                for original, text in json.loads(value)
            ]
    return [(name, value) for name, value in dead_letter if not name.startswith("dl_")]


def reason_of(error: Exception) -> str:
    """Why, in words that hold no value that was sent.

    Linkway's own errors never do. Of any other error only its class and the line of code
    are told, since its message may quote what it stumbled over.
    """
    if isinstance(error, Invalid) and error.errors:
        fields = "; ".join(f"{field.pointer} {field.reason}" for field in error.errors)
        return f"{error.detail} {fields}"
    if isinstance(error, LinkwayError):
        return error.detail
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = ""
    if frame is not None:
        where = f" at {frame.tb_frame.f_globals.get('__name__', '?')}:{frame.tb_lineno}"
    return f"{type(error).__name__}{where}"


def _plain(headers: Headers) -> dict[str, str]:
    return {name: value.decode() for name, value in headers if value and _is_text(value)}


def _is_plain(headers: Headers) -> bool:
    """Whether text headers alone can carry these, in this order.

    FastStream sends each name once, as text, and begins with ``content-type``.
    """
    names = [name for name, _ in headers]
    return (
        names[:1] == ["content-type"]
        and len(set(names)) == len(names)
        and not any(name.startswith("dl_") for name in names)
        and all(value and _is_text(value) for _, value in headers)
    )


def _exact(headers: Headers) -> str:
    return json.dumps(
        [[name, None if value is None else b64encode(value).decode()] for name, value in headers]
    )


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
