"""From the outboxes to Kafka: oldest first, in order per document, removed once acknowledged.

A crash between publishing and removing sends the same events again, with the same ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from aiokafka.errors import KafkaError

from shared.errors import Unavailable
from shared.events import ALL_EVENTS, Envelope
from shared.ids import new_id
from shared.settings import ServiceSettings
from shared.store import Collection, Unsent
from shared.telemetry import Telemetry

_LIMIT = 500
_LEASE = timedelta(seconds=30)
_RENEW_SECONDS = _LEASE.total_seconds() / 3
_PUBLISH_SECONDS = 8.0
_GATHER_SECONDS = 0.004
_SHORTEST_POLL = 0.02
_LONGEST_POLL = 0.5
_FIRST_BACKOFF = 0.2
_LONGEST_BACKOFF = 5.0
_STATS_SECONDS = 5.0
_SILENT_SECONDS = 60.0
_FAILURES_BEFORE_REBUILD = 3

_TOPICS = {event.type: event.topic for event in ALL_EVENTS}


class Producer(Protocol):
    """What the relay needs to publish: see ``shared.bus.Publisher``."""

    generation: int

    async def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Mapping[str, str]
    ) -> asyncio.Future[Any]:
        """Hand over a record; the future is done once it is safe."""

    async def rebuild(self, generation: int) -> None:
        """Replace a broken producer; its unfinished futures fail."""


class Relay:
    """Publishes what the documents of some collections have to tell.

    Several relays may share a collection: each leases a part of the documents. The lease
    outlives any single wait of a pass, so a slow Kafka alone does not make two relays
    send the same.
    """

    def __init__(
        self,
        collections: Sequence[Collection],
        producer: Producer,
        settings: ServiceSettings,
        telemetry: Telemetry,
    ) -> None:
        owner = f"{settings.service}-{new_id()}"
        self._outlets = [
            _Outlet(collection, producer, settings.topic_prefix, telemetry, owner)
            for collection in collections
        ]
        self._metrics = telemetry.metrics

    async def run(self) -> None:
        """Publish until ``stop``, then make one last pass and give the leases back."""
        stats = asyncio.create_task(self._keep_stats())
        try:
            async with asyncio.TaskGroup() as outlets:
                for outlet in self._outlets:
                    outlets.create_task(outlet.run())
        finally:
            stats.cancel()
            await asyncio.gather(stats, return_exceptions=True)

    def stop(self) -> None:
        """Let ``run`` come to its end."""
        for outlet in self._outlets:
            outlet.stop()

    @property
    def healthy(self) -> bool:
        """Whether every collection was served within the last minute."""
        return all(outlet.healthy for outlet in self._outlets)

    async def _keep_stats(self) -> None:
        while True:
            try:
                stats = [await outlet.collection.unsent_stats() for outlet in self._outlets]
            except Unavailable:
                structlog.get_logger().debug("outbox not counted")
            else:
                self._metrics.outbox_pending.set(sum(each.pending for each in stats))
                oldest = min((each.oldest for each in stats if each.oldest), default=None)
                age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
                self._metrics.outbox_oldest_unsent_seconds.set(max(0.0, age))
            await asyncio.sleep(_STATS_SECONDS)


class _Outlet:
    """One collection's way to Kafka."""

    def __init__(
        self,
        collection: Collection,
        producer: Producer,
        topic_prefix: str,
        telemetry: Telemetry,
        owner: str,
    ) -> None:
        self.collection = collection
        self._producer = producer
        self._topic_prefix = topic_prefix
        self._telemetry = telemetry
        self._owner = owner
        self._slots: Sequence[int] = ()
        self._renewed = float("-inf")
        self._served: float | None = None
        self._in_flight: dict[str, asyncio.Future[Any]] = {}
        self._sent: dict[str, list[str]] = {}
        self._failures = 0
        self._poll = _SHORTEST_POLL
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        while not self._stopping.is_set():
            found = await self._supervised_pass()
            if self._failures:
                await self._back_off()
            elif found < _LIMIT:
                await self._rest(found)
        await self._supervised_pass()
        try:
            await self.collection.release_slots(self._owner)
        except Unavailable:
            structlog.get_logger().info("leases left to expire", collection=self.collection.name)

    def stop(self) -> None:
        self._stopping.set()
        self.collection.nudge.set()

    @property
    def healthy(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._served is not None and now - self._served < _SILENT_SECONDS

    async def _supervised_pass(self) -> int:
        """One pass that never raises; gives how many documents it found."""
        generation = self._producer.generation
        try:
            found = await self._pass()
        except Exception as error:  # noqa: BLE001 - the relay outlives every fault; all are told
            self._failures += 1
            known = isinstance(error, (Unavailable, KafkaError, TimeoutError))
            structlog.get_logger().warning(
                "events not published",
                collection=self.collection.name,
                error=type(error).__name__,
                failures=self._failures,
                exc_info=None if known else error,
            )
            if isinstance(error, Unavailable) or self._failures >= _FAILURES_BEFORE_REBUILD:
                await self._rebuild(generation)
            return 0
        self._failures = 0
        self._served = asyncio.get_running_loop().time()
        return found
