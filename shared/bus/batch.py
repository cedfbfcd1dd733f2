"""Applying a batch of records: keys side by side, each key in order, every record on its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Generic

import structlog
from aiokafka import TopicPartition
from prometheus_client import Counter

from shared.bus.consumer import Consumer, Listening, StoresT
from shared.bus.dead_letters import Record, SetsAside
from shared.bus.shelf import Shelf, Turn
from shared.cause import Actor, Cause
from shared.errors import Contended, Erased, LinkwayError, NotFound, Unavailable
from shared.events import ALL_EVENTS, Envelope, Event, parse_data, parse_envelope
from shared.store import Saved
from shared.telemetry import Telemetry, Work, working_on

_KNOWN_TYPES = {event.type.encode(): event.type for event in ALL_EVENTS}
_UNKNOWN = "unknown"
"""The type of what no event here is called."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a consumer tries, in seconds.

    A transient fault is tried again for ``transient`` inside the batch; then the
    partition goes back to the record and rests, from ``first_rest`` doubling to
    ``longest_rest``, while others go on. An unknown error, which is a bug, is tried
    ``bug_attempts`` times. ``attempt`` bounds one call of a handler. The sum stays far
    below the 300 after which Kafka takes the partitions away.
    """

    transient: float = 5.0
    first_pause: float = 0.05
    longest_pause: float = 2.0
    first_rest: float = 0.5
    longest_rest: float = 30.0
    attempt: float = 30.0
    bug_attempts: int = 3


class Progress:
    """Which records of a batch are finished, and so what may be committed."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._offsets: dict[TopicPartition, list[int]] = {}
        self._finished: dict[TopicPartition, set[int]] = {}
        self.count = 0
        """How many records are finished."""
        for record in records:
            self._offsets.setdefault(_partition(record), []).append(record.offset)
            self._finished.setdefault(_partition(record), set())

    def finish(self, record: Record) -> None:
        """The record was applied, passed over or set aside."""
        self._finished[_partition(record)].add(record.offset)
        self.count += 1

    def unfinished(self) -> dict[TopicPartition, int]:
        """The first unfinished offset of each partition that has one."""
        found = {}
        for partition, offsets in self._offsets.items():
            finished = self._finished[partition]
            first = next((offset for offset in offsets if offset not in finished), None)
            if first is not None:
                found[partition] = first
        return found

    def commits(self) -> dict[TopicPartition, int]:
        """The offset to go on from, for each partition that came forward."""
        unfinished = self.unfinished()
        commits = {}
        for partition, offsets in self._offsets.items():
            next_offset = unfinished.get(partition, offsets[-1] + 1)
            if next_offset > offsets[0]:
                commits[partition] = next_offset
        return commits


class _Fault(Enum):
    TRANSIENT = auto()
    PERMANENT = auto()
    BUG = auto()


class Applier(Generic[StoresT]):
    """Applies records through a consumer's handlers; ``stopping`` ends all waiting."""

    def __init__(
        self,
        consumer: Consumer[StoresT],
        stores: StoresT,
        dead_letters: SetsAside,
        telemetry: Telemetry,
        *,
        shelf: Shelf,
        group: str,
        patience: Patience,
    ) -> None:
        self._listening: Mapping[str, Listening[StoresT]] = consumer.listening
        self._stores = stores
        self._dead_letters = dead_letters
        self._shelf = shelf
        self._telemetry = telemetry
        self._group = group
        self._patience = patience
        self._subject = consumer.service
        self._in_any_order = consumer.in_any_order
        self._log = structlog.get_logger().bind()
        self._counts: dict[tuple[str, str], Counter] = {}
        self.stopping = asyncio.Event()

    async def apply(self, records: Sequence[Record], progress: Progress) -> None:
        """Work through the batch, marking in ``progress`` what is finished.

        A record that cannot be finished now holds back those behind it with the same key, but
        where any order will do.
        Never raises for a record's sake.
        """
        # Bound once for all records of the batch: that costs more than a line not written.
        self._log = structlog.get_logger().bind()
        try:
            await self._shelf.ready(self._group)
        except Unavailable as error:
            self._leave(records[0], error, attempts=0)
            return
        lanes: dict[tuple[TopicPartition, bytes | int | None], list[Record]] = {}
        for record in records:
            type_ = event_type_of(record)
            if type_ != _UNKNOWN and type_ not in self._listening:
                # Of a kind that nobody here hears: it need not be read.
                progress.finish(record)
                self._count(type_, "ignored")
            else:
                lane = record.offset if self._in_any_order else record.key
                lanes.setdefault((_partition(record), lane), []).append(record)
        outcomes = await asyncio.gather(
            *(self._run(lane, progress) for lane in lanes.values()), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                structlog.get_logger().error("a batch went wrong", exc_info=outcome)

    async def _run(self, lane: Sequence[Record], progress: Progress) -> None:
        for record in lane:
            if not await self._finish(record):
                return
            progress.finish(record)

    async def _finish(self, record: Record) -> bool:
        """Whether the record is done with, one way or another."""
        started = asyncio.get_running_loop().time()
        attempts = 0
        while True:
            attempts += 1
            try:
                result = await self._in_turn(record)
            except Exception as error:  # noqa: BLE001 - each is judged, none passes unseen
                fault = _judge(error)
                if fault is _Fault.BUG and attempts == 1:
                    structlog.get_logger().error("handler failed", exc_info=error)
                waited = asyncio.get_running_loop().time() - started
                if fault is _Fault.PERMANENT:
                    return await self._set_aside(record, error, attempts)
                # At shutdown a failure may only be the shutdown's: the next process decides.
                if self.stopping.is_set():
                    return self._leave(record, error, attempts)
                if fault is _Fault.BUG and attempts >= self._patience.bug_attempts:
                    return await self._set_aside(record, error, attempts)
                if fault is _Fault.TRANSIENT and waited >= self._patience.transient:
                    return self._leave(record, error, attempts)
                await self._pause(attempts)
            else:
                self._count(event_type_of(record), result)
                return True

    async def _in_turn(self, record: Record) -> str:
        """Apply the record, or let it wait where its lane says so: ``waiting``."""
        turn = await self._shelf.turn(record, self._group)
        if turn is Turn.GO:
            return await self.once(record)
        if turn is Turn.TRY:
            try:
                result = await self.once(record)
            except NotFound:
                structlog.get_logger().debug("event misses what those before it miss")
            else:
                self._shelf.moved(record, self._group)
                return result
        await self._shelf.wait(record, self._group)
        return "waiting"

    def read(self, record: Record) -> tuple[Envelope, Event, Listening[StoresT]] | None:
        """What the record says and who hears it; None where nobody here listens to its kind.

        Raises Invalid where it cannot be read.
        """
        envelope = parse_envelope(record.headers, record.key, record.value)
        listening = self._listening.get(envelope.type)
        if listening is None:
            return None
        return envelope, parse_data(envelope, listening.event), listening

    async def once(self, record: Record) -> str:
        """Apply one record; raises what it met.

        ``applied``, ``repeated``, ``ignored``, or ``erased`` where what it is about was.
        """
        read = self.read(record)
        if read is None:
            return "ignored"
        envelope, event, listening = read
        with self._telemetry.process_span(
            record.topic,
            event_id=envelope.id,
            key=envelope.key,
            group=self._group,
            partition=record.partition,
            offset=record.offset,
            traceparent=envelope.traceparent,
        ) as traceparent:
            cause = Cause(
                id=envelope.id,
                actor=Actor(
                    subject=self._subject,
                    role="service",
                    organisation=event.actor.organisation,
                    tenant=event.tenant,
                ),
                at=datetime.now(UTC),
                traceparent=traceparent,
                repeatable=True,
            )
            with working_on(Work(traceparent, event_id=envelope.id)):
                async with asyncio.timeout(self._patience.attempt):
                    try:
                        saved = await listening.handler(event, cause, self._stores)
                    except Erased:
                        # What it would change was erased, and stays so: replayed or late.
                        return "erased"
                self._log.debug("event applied", type=envelope.type)
        return "repeated" if isinstance(saved, Saved) and saved.repeated else "applied"

    async def _set_aside(self, record: Record, error: Exception, attempts: int) -> bool:
        try:
            copy = await self._dead_letters.put(record, error, group=self._group, attempts=attempts)
            await self._shelf.keep(record, error, group=self._group, attempts=attempts, copy=copy)
        except Unavailable as failure:
            return self._leave(record, failure, attempts)
        self._count(event_type_of(record), "dead")
        return True

    def _count(self, event_type: str, result: str) -> None:
        metrics = self._telemetry.metrics
        count = self._counts.get((event_type, result))
        if count is None:
            count = metrics.events_consumed_total.labels(self._subject, event_type, result)
            self._counts[event_type, result] = count
        count.inc()
        if result == "repeated":
            metrics.duplicate_effects_suppressed_total.inc()

    def _leave(self, record: Record, error: Exception, attempts: int) -> bool:
        structlog.get_logger().warning(
            "event left for later",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            error=type(error).__name__,
            attempts=attempts,
        )
        return False

    async def _pause(self, attempts: int) -> None:
        pause = min(self._patience.longest_pause, self._patience.first_pause * 2**attempts)
        try:
            async with asyncio.timeout(pause * random.uniform(0.5, 1.0)):  # noqa: S311 - spreads load, guards nothing
                await self.stopping.wait()
        except TimeoutError:
            return


def is_passing(error: Exception) -> bool:
    """Whether the same record may well be applied later, without any repair."""
    return _judge(error) is _Fault.TRANSIENT


def _judge(error: Exception) -> _Fault:
    if isinstance(error, (Unavailable, Contended, TimeoutError, ConnectionError)):
        return _Fault.TRANSIENT
    return _Fault.PERMANENT if isinstance(error, LinkwayError) else _Fault.BUG


def _partition(record: Record) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def event_type_of(record: Record) -> str:
    """The event's type, if it is one there is: a metric's label must not hold what was sent."""
    sent = next((value for name, value in record.headers if name == "ce_type"), None)
    return _KNOWN_TYPES.get(sent or b"", _UNKNOWN)
