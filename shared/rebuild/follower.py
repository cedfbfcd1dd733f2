"""Reading a consumer's topics from their beginning and on, beside the live consumer group."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.bus import Applier, Consumer, Copy, NoShelf, Record
from shared.bus.batch import Patience, Progress
from shared.bus.broker import connection_options
from shared.bus.ending import to_its_end
from shared.bus.topics import topic_name
from shared.errors import Unavailable
from shared.settings import ServiceSettings
from shared.telemetry import Telemetry

_FETCH_MS = 100
_WAIT_MS = 200
_MOST = 500
_PAUSE = 0.5
_LOOK_SECONDS = 0.05
_SECONDS = 20.0


class SetAside:
    """Counts what cannot be applied, by class of error; the live group keeps the letters."""

    def __init__(self) -> None:
        self.errors: dict[str, int] = {}

    async def put(
        self,
        record: Record,
        error: Exception,
        *,
        group: str,  # noqa: ARG002 - as DeadLetters has it
        attempts: int,  # noqa: ARG002 - as DeadLetters has it
    ) -> Copy:
        """Count it."""
        name = type(error).__name__
        self.errors[name] = self.errors.get(name, 0) + 1
        return Copy(record.partition, record.offset)


class Follower:
    """Applies every record of a consumer's topics, in no group, committing nothing.

    Use it in an ``async with`` block. ``errors`` counts what could not be applied;
    ``starts`` says where to begin instead of at the beginning.
    """

    def __init__(
        self,
        consumer: Consumer[Any],
        stores: Any,
        settings: ServiceSettings,
        telemetry: Telemetry,
        *,
        starts: Mapping[TopicPartition, int] | None = None,
    ) -> None:
        self._starts = starts or {}
        self._settings = settings
        self._topics = [topic_name(settings, topic) for topic in consumer.topics]
        self._aside = SetAside()
        self._applier = Applier(
            consumer,
            stores,
            self._aside,
            telemetry,
            shelf=NoShelf(),
            group=topic_name(settings, consumer.service),
            patience=Patience(),
        )
        self._partitions: Sequence[TopicPartition] = ()
        self._kafka = AIOKafkaConsumer(
            *self._topics,
            **connection_options(settings),
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=_FETCH_MS,
        )

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(_SECONDS):
                await to_its_end(self._kafka.start())
                self._partitions = await self._all_partitions()
                await self._kafka.seek_to_beginning(*self._partitions)
                for partition, offset in self._starts.items():
                    self._kafka.seek(partition, offset)
        except (KafkaError, OSError, TimeoutError) as error:
            await self._kafka.stop()
            raise Unavailable("Kafka does not answer.") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._kafka.stop()

    @property
    def errors(self) -> dict[str, int]:
        """How many records could not be applied, by class of error."""
        return dict(self._aside.errors)

    async def step(self) -> int:
        """Apply the next records, 500 at most; how many were finished.

        Raises Unavailable when Kafka does not answer. What the database did not take is
        tried again by the next step.
        """
        try:
            async with asyncio.timeout(_SECONDS):
                batch = await self._kafka.getmany(timeout_ms=_WAIT_MS, max_records=_MOST)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("Kafka does not answer.") from error
        records = [record for of_one in batch.values() for record in of_one]
        if not records:
            return 0
        progress = Progress(records)
        await self._applier.apply(records, progress)
        unfinished = progress.unfinished()
        for partition, offset in unfinished.items():
            self._kafka.seek(partition, offset)
        if unfinished:
            await asyncio.sleep(_PAUSE)
        return progress.count

    async def positions(self) -> dict[TopicPartition, int]:
        """The offset after the last record it took, by partition."""
        return {at: await self._kafka.position(at) for at in self._partitions}

    async def progress(self) -> tuple[int, int]:
        """How many records lie behind it, and how many there are by now."""
        try:
            async with asyncio.timeout(_SECONDS):
                starts = await self._kafka.beginning_offsets(self._partitions)
                ends = await self._ends()
                positions = await self.positions()
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("Kafka does not answer.") from error
        done = sum(positions[at] - starts[at] for at in self._partitions)
        total = sum(max(ends[at], positions[at]) - starts[at] for at in self._partitions)
        return done, total

    async def catch_up(self) -> None:
        """Apply all there is by now, however much comes meanwhile."""
        ends = await self._ends()
        while True:
            finished = await self.step()
            positions = await self.positions()
            if not finished or all(positions[at] >= end for at, end in ends.items()):
                return

    async def _ends(self) -> dict[TopicPartition, int]:
        try:
            async with asyncio.timeout(_SECONDS):
                found: dict[TopicPartition, int] = await self._kafka.end_offsets(self._partitions)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("Kafka does not answer.") from error
        return found

    async def _all_partitions(self) -> Sequence[TopicPartition]:
        """Every partition of the topics; without a group the client takes them all itself."""
        while {at.topic for at in self._kafka.assignment()} != set(self._topics):  # noqa: ASYNC110 - aiokafka tells nobody
            await asyncio.sleep(_LOOK_SECONDS)
        return sorted(self._kafka.assignment())
