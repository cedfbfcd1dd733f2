"""From the outboxes to Kafka: oldest first, in order per document, removed once acknowledged.

A crash between publishing and removing sends the same events again, with the same ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from aiokafka.errors import KafkaError, ProducerClosed

from shared.errors import Unavailable
from shared.events import ALL_EVENTS, Envelope
from shared.ids import new_id
from shared.settings import ServiceSettings
from shared.store import SLOTS, Collection, Unsent
from shared.telemetry import Telemetry

_LIMIT = 500
_BREATH = 100
# A third of the lease and the longest publishing together stay below it; the shorter it
# is, the sooner the slots of a relay that was killed are served again.
_LEASE = timedelta(seconds=10)
_RENEW_SECONDS = _LEASE.total_seconds() / 3
_PUBLISH_SECONDS = 4.0
_GATHER_SECONDS = 0.004
_SHORTEST_POLL = 0.02
_LONGEST_POLL = 0.5
_LONGEST_POLL_ALONE = 2.0
"""Where all slots are this relay's: its own process tells it of each write, and of those of
another that has just begun it hears when it next renews its lease."""
_FIRST_BACKOFF = 0.2
_LONGEST_BACKOFF = 5.0
_STATS_SECONDS = 5.0
_SILENT_SECONDS = 60.0
_FAILURES_BEFORE_REBUILD = 3

_TOPICS = {event.type: event.topic for event in ALL_EVENTS}

_Sending = tuple[str, Envelope, asyncio.Future[Any]]
"""A document's id, one of its events, and what becomes of it."""


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
        """Whether every collection had its turn within the last minute, well or not.

        What waits too long shows in ``outbox_oldest_unsent_seconds``.
        """
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
        self._tried = asyncio.get_running_loop().time()
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
        return asyncio.get_running_loop().time() - self._tried < _SILENT_SECONDS

    async def _supervised_pass(self) -> int:
        """One pass that never raises; gives how many documents it found."""
        generation = self._producer.generation
        self._tried = asyncio.get_running_loop().time()
        try:
            found = await self._pass()
        except Exception as error:  # noqa: BLE001 - the relay outlives every fault and tells each
            self._failures += 1
            known = isinstance(error, (Unavailable, KafkaError, TimeoutError))
            structlog.get_logger().warning(
                "events not published",
                collection=self.collection.name,
                error=type(error).__name__,
                failures=self._failures,
                exc_info=None if known else error,
            )
            if self._is_broken_by(error):
                await self._rebuild(generation)
            return 0
        self._failures = 0
        return found

    def _is_broken_by(self, error: Exception) -> bool:
        """Whether the producer may be past recovery: at once, or after several failures."""
        if isinstance(error, KafkaError) and not error.retriable:
            return True
        kafka_fails = isinstance(error, (KafkaError, TimeoutError))
        return kafka_fails and self._failures >= _FAILURES_BEFORE_REBUILD

    async def _rebuild(self, generation: int) -> None:
        try:
            await self._producer.rebuild(generation)
        except Unavailable:
            structlog.get_logger().info("Kafka is still away")

    async def _pass(self) -> int:
        await self._remove_sent()
        await self._renew()
        documents = await self.collection.unsent(self._slots, _LIMIT)
        try:
            await self._publish(documents)
        finally:
            await self._remove_sent()
            self._forget_finished()
        return len(documents)

    async def _publish(self, documents: Sequence[Unsent]) -> None:
        """Hand over all events, each document's in order; note those that are safe.

        What belongs to one document goes to one partition, mostly in one batch: consumers then
        have it together, where one after the other cost them a batch each. A later event does
        not overtake one that failed: an idempotent producer's batches are numbered, and Kafka
        refuses the one after a gap. Raises the first failure once all that succeeded is noted.
        """
        sending: list[_Sending] = []
        failure: Exception | None = None
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                await self._hand_over(documents, sending)
                if sending:
                    await asyncio.wait([future for _, _, future in sending])
        except (KafkaError, TimeoutError) as error:
            failure = error
        failure = self._note_safe(sending) or failure
        if failure is not None:
            raise failure

    async def _hand_over(self, documents: Sequence[Unsent], sending: list[_Sending]) -> None:
        """Give the producer all it takes; what it took is in ``sending`` when it raises, too."""
        for number, document in enumerate(documents, start=1):
            for entry in document.entries:
                future = await self._send(entry)
                sending.append((document.id, entry, future))
            if number % _BREATH == 0:
                await asyncio.sleep(0)

    def _note_safe(self, sending: Sequence[_Sending]) -> Exception | None:
        """Note of each document what is safe up to the first that is not; gives a failure."""
        failure: Exception | None = None
        held_back: set[str] = set()
        for document_id, entry, future in sending:
            if not future.done():
                # The callback looks at a failure that no later pass may come to look at.
                future.add_done_callback(_failure_of)
                self._in_flight[entry.id] = future
                held_back.add(document_id)
            elif (refusal := _failure_of(future)) is not None:
                failure = refusal
                held_back.add(document_id)
            elif document_id not in held_back:
                self._sent.setdefault(document_id, []).append(entry.id)
                self._telemetry.metrics.events_published_total.labels(entry.type).inc()
        return failure

    async def _send(self, entry: Envelope) -> asyncio.Future[Any]:
        """Hand the event over, unless the producer still has it from an earlier pass."""
        earlier = self._in_flight.pop(entry.id, None)
        if earlier is not None and (not earlier.done() or _failure_of(earlier) is None):
            return earlier
        topic = f"{self._topic_prefix}{_TOPICS[entry.type]}"
        with self._telemetry.send_span(
            topic, event_id=entry.id, key=entry.key, traceparent=entry.traceparent
        ) as traceparent:
            return await self._producer.send(
                topic,
                key=entry.key.encode(),
                value=entry.data,
                headers={**entry.headers(), "traceparent": traceparent},
            )

    async def _remove_sent(self) -> None:
        """What is safe leaves the outboxes; after a failure it is tried again, not sent again."""
        if self._sent:
            await self.collection.remove_sent(self._sent)
            self._sent = {}

    def _forget_finished(self) -> None:
        for event_id, future in list(self._in_flight.items()):
            if future.done() and _failure_of(future) is not None:
                del self._in_flight[event_id]

    async def _renew(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._renewed < _RENEW_SECONDS:
            return
        self._slots = sorted(await self.collection.lease_slots(self._owner, _LEASE))
        self._renewed = now

    async def _rest(self, found: int) -> None:
        """Wait for a write, or for a while: another process may have written."""
        if len(self._slots) == SLOTS:
            self._poll = _LONGEST_POLL_ALONE
        else:
            self._poll = _SHORTEST_POLL if found else min(_LONGEST_POLL, self._poll * 2)
        try:
            async with asyncio.timeout(self._poll):
                await self.collection.nudge.wait()
        except TimeoutError:
            return
        await asyncio.sleep(_GATHER_SECONDS)
        # Whatever was nudged until now is stored, so the pass that follows will find it.
        self.collection.nudge.clear()

    async def _back_off(self) -> None:
        pause = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2**self._failures)
        try:
            async with asyncio.timeout(pause):
                await self._stopping.wait()
        except TimeoutError:
            return


def _failure_of(future: asyncio.Future[Any]) -> Exception | None:
    """Why a finished future failed; None where the record is safe."""
    error: BaseException | None = ProducerClosed() if future.cancelled() else future.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    return error
