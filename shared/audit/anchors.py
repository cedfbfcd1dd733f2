"""Telling the chain's end outside of its database, so that a tail cut off is found too."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pydantic import TypeAdapter, ValidationError

from shared.audit.chain import Anchor
from shared.audit.journal import Journal
from shared.audit.sheets import Head
from shared.bus.broker import connection_options
from shared.bus.ending import to_its_end
from shared.bus.reading import TopicReader
from shared.bus.topics import AUDIT_ANCHORS, topic_name
from shared.errors import Unavailable
from shared.kafkasettings import KafkaSettings

_ANCHOR = TypeAdapter(Anchor)


class Teller(Protocol):
    """What can put a record on a topic: ``shared.bus.Bus``."""

    async def put(self, topic: str, *, key: bytes, value: bytes) -> None:
        """The record is safe when this returns. Raises Unavailable."""


class Anchoring:
    """Publishes and logs where the chain ends whenever it has grown, every ``every`` seconds."""

    def __init__(self, journal: Journal, teller: Teller, *, every: float) -> None:
        self._journal = journal
        self._teller = teller
        self._every = every
        self._told: Head | None = None

    async def run(self) -> None:
        """Go on until cancelled. While Kafka is away the log alone is told."""
        while True:
            try:
                await self.tell()
            except Unavailable as error:
                structlog.get_logger().warning("audit not anchored", reason=error.detail)
            await asyncio.sleep(self._every)

    async def tell(self) -> Head | None:
        """Tell where the chain ends, if it has grown; what was told. Raises Unavailable."""
        head = await self._journal.head()
        if head == self._told or not head.line:
            self._all_told()
            return None
        anchor = {
            "service": self._journal.service,
            "line": head.line,
            "hash": head.hash,
            "at": datetime.now(UTC).isoformat(),
        }
        structlog.get_logger().info("audit anchored", line=head.line, hash=head.hash)
        await self._teller.put(
            AUDIT_ANCHORS,
            key=self._journal.service.encode(),
            value=json.dumps(anchor).encode(),
        )
        self._told = head
        self._all_told()
        return head

    def _all_told(self) -> None:
        if self._journal.figures is not None:
            self._journal.figures.audit_anchored_timestamp_seconds.set_to_current_time()


async def read_anchors(settings: KafkaSettings) -> list[Anchor]:
    """All anchors there are. Raises Unavailable when Kafka does not answer or has no such topic."""
    topic, options = topic_name(settings, AUDIT_ANCHORS), connection_options(settings)
    admin = AIOKafkaAdminClient(**options)
    try:
        await to_its_end(admin.start())
        (found,) = await admin.describe_topics([topic])
        partitions = [TopicPartition(topic, each["partition"]) for each in found["partitions"]]
        if not partitions:
            raise Unavailable(f"There is no topic {topic}.")
        async with TopicReader(settings.kafka_bootstrap, partitions, **options) as reader:
            records = await reader.read_on()
    except (KafkaError, OSError) as error:
        raise Unavailable("Kafka does not answer.") from error
    finally:
        await admin.close()
    return [anchor for record in records if (anchor := read_anchor(record.value)) is not None]


def read_anchor(value: bytes | None) -> Anchor | None:
    """An anchor from its record; None for what is none."""
    try:
        return _ANCHOR.validate_json(value or b"")
    except ValidationError:
        return None
