"""Looking at single records by where they lie, without joining a group."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from shared.bus.broker import connection_options
from shared.bus.dead_letters import Record
from shared.bus.ending import to_its_end
from shared.errors import NotFound, Unavailable
from shared.settings import ServiceSettings

_FETCH_MS = 100
_WAIT_MS = 3_000
_SECONDS = 10.0


class RecordReader:
    """Reads one record at a time. Use it in an ``async with`` block, from one task."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._consumer = AIOKafkaConsumer(
            **connection_options(settings),
            auto_offset_reset="none",
            enable_auto_commit=False,
            fetch_max_wait_ms=_FETCH_MS,
        )

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(_SECONDS):
                await to_its_end(self._consumer.start())
        except (KafkaError, OSError, TimeoutError) as error:
            await self._consumer.stop()
            raise Unavailable("Kafka does not answer.") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._consumer.stop()

    async def at(self, topic: str, partition: int, offset: int) -> Record:
        """The record there. Raises NotFound where it is gone, Unavailable without an answer."""
        place = TopicPartition(topic, partition)
        try:
            async with asyncio.timeout(_SECONDS):
                if place not in self._consumer.assignment():
                    self._consumer.assign([place])
                self._consumer.seek(place, offset)
                # Kafka answers an offset that is not there yet with nothing, others with an error.
                found = await self._consumer.getmany(place, timeout_ms=_WAIT_MS, max_records=1)
        except OffsetOutOfRangeError:
            raise _gone() from None
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("Kafka does not answer.") from error
        records: list[Any] = found.get(place, [])
        if not records and (self._consumer.highwater(place) or 0) > offset:
            raise Unavailable("Kafka does not answer.")
        if not records or records[0].offset != offset:
            raise _gone()
        record: Record = records[0]
        return record


def _gone() -> NotFound:
    return NotFound("The record is on its topic no more.")
