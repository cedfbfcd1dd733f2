"""Finding single records on a topic again: by key and id, or by the time they were published.

Nothing is written down of where an event went: that would cost a write for each of them,
for a question that is asked of one in many thousands. An id tells when its event was made
(UUIDv7), a key which partition it is on, and Kafka finds an offset by time; so a search
reads a few records for each event. It reads no more than ``MOST_RECORDS`` and says so
where that was not enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from shared.bus.broker import connection_options
from shared.bus.ending import to_its_end
from shared.bus.topics import topic_name
from shared.errors import Unavailable
from shared.settings import ServiceSettings

MOST_RECORDS = 100_000
_MOST_FOR_ONE = 20_000
_SECONDS = 15.0
"""How long Kafka may be silent before it is said not to answer."""

_SLACK = timedelta(seconds=2)
_WORTH_A_JUMP = timedelta(minutes=1)
_FETCH_MS = 100
_QUIET_MS = 300
_AT_ONCE = 500
"""So many records are in a search's hands: others get their turn in between."""


Record: TypeAlias = ConsumerRecord[bytes, bytes]
Records: TypeAlias = Sequence[Record]


@dataclass
class Found:
    """The records found; ``complete`` is False where the search was given up at its bounds."""

    records: list[Record] = field(default_factory=list)
    read: int = 0
    complete: bool = True


class TopicSearch:
    """Searches one topic; get it from ``searching``."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        self._consumer = consumer
        self._partitions = list(partitions)

    async def by_key(self, key: str, wanted: Mapping[str, datetime]) -> Found:
        """All records of ``key`` met on the way to the events ``wanted``, by id and time made.

        Reads on from the time of the first, and jumps where the next is some way off.
        """
        at, raw = partition_of(key, self._partitions), key.encode()
        found = Found()
        pending = dict(sorted(wanted.items(), key=lambda each: each[1]))
        while pending:
            read_before = found.read
            next_time = next(iter(pending.values()))
            async with aclosing(self._from(at, next_time - _SLACK)) as records:
                async for record in records:
                    found.read += 1
                    if record.key == raw:
                        found.records.append(record)
                        if pending.pop(record_id(record), None) is not None:
                            read_before = found.read
                    if not pending:
                        return found
                    if found.read >= MOST_RECORDS:
                        found.complete = False
                        return found
                    next_time = next(iter(pending.values()))
                    if next_time - published_at(record) > _WORTH_A_JUMP:
                        break
                    if found.read - read_before >= _MOST_FOR_ONE:
                        found.complete = False
                        pending.pop(next(iter(pending)))
                        break
                else:
                    return found
        return found

    async def of_key(self, key: str, since: datetime) -> Found:
        """All records of ``key`` published since, to the end; for topics with few records."""
        found, raw = Found(), key.encode()
        at = partition_of(key, self._partitions)
        async with aclosing(self._from(at, since - _SLACK)) as records:
            async for record in records:
                found.read += 1
                if record.key == raw:
                    found.records.append(record)
                if found.read >= _MOST_FOR_ONE:
                    found.complete = False
                    break
        return found

    async def between(
        self,
        since: datetime,
        until: datetime,
        wanted: Callable[[Any], bool],
    ) -> Found:
        """The records published between two times, on any partition, that are ``wanted``."""
        found = Found()
        async with aclosing(self.passing(since, until)) as batches:
            async for batch in batches:
                found.read += len(batch)
                found.records += filter(wanted, batch)
                if found.read >= MOST_RECORDS:
                    found.complete = False
                    break
        return found

    async def passing(self, since: datetime, until: datetime) -> AsyncGenerator[Records, None]:
        """All records published between two times, one partition after the other, some at once.

        Nothing of them is held here: who asks keeps what they need.
        """
        for at in self._partitions:
            async with aclosing(self._batches(at, since)) as batches:
                async for batch in batches:
                    early = list(takewhile(lambda record: published_at(record) <= until, batch))
                    if early:
                        yield early
                    if len(early) < len(batch):
                        break

    async def _from(self, at: TopicPartition, time: datetime) -> AsyncGenerator[Record, None]:
        """The partition's records from that time to the end there is now."""
        async with aclosing(self._batches(at, time)) as batches:
            async for batch in batches:
                for record in batch:
                    yield record

    async def _batches(self, at: TopicPartition, time: datetime) -> AsyncGenerator[Records, None]:
        """The same records, as they come from Kafka: some at once."""
        async with asyncio.timeout(_SECONDS):
            starts = await self._consumer.offsets_for_times({at: int(time.timestamp() * 1000)})
            if starts.get(at) is None:
                return
            self._consumer.assign([at])
            self._consumer.seek(at, starts[at].offset)
            end = (await self._consumer.end_offsets([at]))[at]
        while batch := await self._next(at, end):
            yield batch

    async def _next(self, at: TopicPartition, end: int) -> Records:
        """What comes next before ``end``; nothing there. Raises TimeoutError if nothing comes."""
        async with asyncio.timeout(_SECONDS):
            while await self._consumer.position(at) < end:
                got = await self._consumer.getmany(at, timeout_ms=_QUIET_MS, max_records=_AT_ONCE)
                batch: Records = got.get(at, ())
                if batch:
                    return batch
        return ()


@asynccontextmanager
async def searching(settings: ServiceSettings, topic: str) -> AsyncIterator[TopicSearch]:
    """A search of ``topic`` (without prefix). Raises Unavailable when Kafka does not answer."""
    name = topic_name(settings, topic)
    consumer = AIOKafkaConsumer(
        **connection_options(settings),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=_FETCH_MS,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            partitions = await _partitions(settings, name)
            await to_its_end(consumer.start())
        yield TopicSearch(consumer, partitions)
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable("Kafka does not answer.", {"cause": type(error).__name__}) from error
    finally:
        await consumer.stop()


async def _partitions(settings: ServiceSettings, name: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(**connection_options(settings))
    try:
        await to_its_end(admin.start())
        (found,) = await admin.describe_topics([name])
    finally:
        await admin.close()
    if not found["partitions"]:
        raise Unavailable(f"Kafka does not know the topic {name}.")
    return sorted(TopicPartition(name, each["partition"]) for each in found["partitions"])


def partition_of(key: str, partitions: Sequence[TopicPartition]) -> TopicPartition:
    """Which of a topic's partitions records of this key are on, as the producer chooses."""
    numbers = sorted(at.partition for at in partitions)
    chosen: int = DefaultPartitioner()(key.encode(), numbers, numbers)
    return TopicPartition(partitions[0].topic, chosen)


def record_id(record: Any) -> str:
    """The event's id, from its headers; empty where there is none."""
    return header(record, "ce_id")


def header(record: Any, name: str) -> str:
    """A header as text; empty where it is missing."""
    raw = next((value for each, value in record.headers if each == name), None)
    return raw.decode(errors="replace") if raw else ""


def published_at(record: Any) -> datetime:
    """When the producer sent the record."""
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)
