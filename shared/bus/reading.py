"""Reading whole topics, from their beginning to the end there is now: to count, and for tests."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.bus.ending import to_its_end

_FETCH_MS = 100
_QUIET_MS = 300


class TopicReader:
    """Reads partitions without joining a group. Use it in an ``async with`` block.

    A broker's list of end offsets is only where it must get to at least: Tansu counts a
    batch of several records as one there. So it reads on until the high watermark of the
    answers is reached and the broker has had nothing more to give. ``options`` are those of
    any aiokafka client, for a Kafka that asks who is there.
    """

    def __init__(
        self, bootstrap: str, partitions: Sequence[TopicPartition], **options: Any
    ) -> None:
        self._partitions = list(partitions)
        self._consumer = AIOKafkaConsumer(
            **{**options, "bootstrap_servers": bootstrap.split(",")},
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=_FETCH_MS,
        )

    async def __aenter__(self) -> Self:
        await to_its_end(self._consumer.start())
        self._consumer.assign(self._partitions)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._consumer.stop()

    async def read_on(self) -> list[Any]:
        """The records that have come since the last call, in order within each partition."""
        ends = await self._consumer.end_offsets(self._partitions)
        found: list[Any] = []
        while True:
            batch = await self._consumer.getmany(timeout_ms=_QUIET_MS)
            for records in batch.values():
                found += records
            if not batch and all([await self._reached(at, end) for at, end in ends.items()]):
                return found

    async def position(self, partition: TopicPartition) -> int:
        """The offset after the last record read."""
        position: int = await self._consumer.position(partition)
        return position

    async def _reached(self, partition: TopicPartition, end: int) -> bool:
        highwater = self._consumer.highwater(partition) or 0
        return await self.position(partition) >= max(end, highwater)
