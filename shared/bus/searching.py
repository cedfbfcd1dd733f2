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
from typing import Any

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
_SLACK = timedelta(seconds=2)
_WORTH_A_JUMP = timedelta(minutes=1)
_FETCH_MS = 100
_QUIET_MS = 300


@dataclass
class Found:
    """The records found; ``complete`` is False where the search was given up at its bounds."""

    records: list[ConsumerRecord[bytes, bytes]] = field(default_factory=list)
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
        *,
        most: int = MOST_RECORDS,
    ) -> Found:
        """The records published between two times, on any partition, that are ``wanted``."""
        found = Found()
        for at in self._partitions:
            async with aclosing(self._from(at, since)) as records:
                async for record in records:
                    if published_at(record) > until:
                        break
                    found.read += 1
                    if wanted(record):
                        found.records.append(record)
                    if found.read >= most:
                        return Found(found.records, found.read, complete=False)
        return found

    async def _from(
        self, at: TopicPartition, time: datetime
    ) -> AsyncGenerator[ConsumerRecord[bytes, bytes], None]:
        """The partition's records from that time to the end there is now."""
        starts = await self._consumer.offsets_for_times({at: int(time.timestamp() * 1000)})
        if starts.get(at) is None:
            return
        self._consumer.assign([at])
        self._consumer.seek(at, starts[at].offset)
        end = (await self._consumer.end_offsets([at]))[at]
        while True:
            batch = (await self._consumer.getmany(at, timeout_ms=_QUIET_MS)).get(at, ())
            for record in batch:
                yield record
            reached = max(end, self._consumer.highwater(at) or 0)
            if not batch and await self._consumer.position(at) >= reached:
                return


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
