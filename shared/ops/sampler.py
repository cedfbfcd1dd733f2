"""Looks at a service's pipeline every few seconds and remembers a window of it."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from aiokafka import TopicPartition

from shared.bus.bus import Bus
from shared.bus.consumer import Consumer
from shared.bus.offsets import GroupOffsets, Member, Standing
from shared.bus.topics import topic_name
from shared.clock import Clock
from shared.errors import Unavailable
from shared.ops.gauges import Gauges
from shared.ops.judging import WINDOW, Sample, Status, Verdict, judge
from shared.ops.waiting import CountWaiting
from shared.settings import ServiceSettings
from shared.store import Database, DueStats, Store

_RARELY = 10
"""Samples between two looks at what changes slowly or costs more."""

_MOST_ORGANISATIONS = 50
OVERDUE_AFTER = timedelta(minutes=1)
"""A worker looks every few seconds; what is due longer than this is waiting for one."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One group: its members and, for each partition, the window of samples and the verdict."""

    members: Sequence[Member]
    windows: Mapping[TopicPartition, Sequence[Sample]]
    verdicts: Mapping[TopicPartition, Verdict]


class Sampler:
    """``run`` samples until it is cancelled; ``watched`` and ``at`` are what was seen last."""

    def __init__(
        self,
        settings: ServiceSettings,
        gauges: Gauges,
        *,
        consumers: Iterable[Consumer[Any]] = (),
        stores: Mapping[str, Store[Any]] | None = None,
        bus: Bus | None = None,
        database: Database | None = None,
        clock: Clock | None = None,
        count_waiting: CountWaiting | None = None,
    ) -> None:
        self._every = settings.ops_sample_seconds
        self._offsets = GroupOffsets(
            settings,
            {
                topic_name(settings, consumer.service): [
                    topic_name(settings, topic) for topic in consumer.topics
                ]
                for consumer in consumers
                if consumer.topics
            },
        )
        self._gauges = gauges
        self._stores = stores or {}
        self._bus = bus
        self._database = database
        self._clock = clock or Clock()
        self._count_waiting = count_waiting
        self._windows: dict[tuple[str, TopicPartition], deque[Sample]] = {}
        self._looking = asyncio.Lock()
        self.watched: Mapping[str, Watched] = {}
        self.at: datetime | None = None
        self.fault: str | None = None

    async def run(self) -> None:
        """Sample for as long as the service runs."""
        n = 0
        try:
            while True:
                await self.sample()
                await self._look_about(rarely=n % _RARELY == 0)
                n += 1
                await asyncio.sleep(self._every)
        finally:
            await self._offsets.close()

    async def sample(self) -> None:
        """Look at the groups once. Where Kafka is silent the last look stays, with its time."""
        try:
            found = await self.look(self._to_peek())
        except Unavailable as error:
            self.fault = error.detail
            structlog.get_logger().debug("pipeline not sampled", reason=error.detail)
            return
        self.at, self.fault = datetime.now(UTC), None
        self._gauges.pipeline_sampled_timestamp_seconds.set(self.at.timestamp())
        self.watched = {group: self._judge(group, seen) for group, seen in found.items()}
        for group, watched in self.watched.items():
            self._show(group, watched)

    async def look(
        self, peek: Mapping[str, Sequence[TopicPartition]] | None = None
    ) -> Mapping[str, Standing]:
        """The groups as they stand now, outside the window. Raises Unavailable without Kafka."""
        async with self._looking:
            return await self._offsets.look(peek)

    def _to_peek(self) -> Mapping[str, Sequence[TopicPartition]]:
        """Where records waited at the last look: what passes at once is not worth a fetch."""
        peek: dict[str, list[TopicPartition]] = {}
        for (group, at), window in self._windows.items():
            if window and window[-1].place.lag:
                peek.setdefault(group, []).append(at)
        return peek

    def _judge(self, group: str, seen: Standing) -> Watched:
        now = datetime.now(UTC)
        windows, verdicts = {}, {}
        for at, place in seen.places.items():
            window = self._windows.setdefault((group, at), deque(maxlen=WINDOW))
            window.append(Sample(now, place))
            windows[at] = tuple(window)
            verdicts[at] = judge(windows[at], is_held=_is_held(at, seen.members))
        return Watched(seen.members, windows, verdicts)

    def _show(self, group: str, watched: Watched) -> None:
        gauges = self._gauges
        oldest: dict[str, float] = {}
        statuses: Counter[tuple[str, Status]] = Counter()
        for at, window in watched.windows.items():
            place, labels = window[-1].place, (group, at.topic, str(at.partition))
            gauges.consumer_lag_records.labels(*labels).set(place.lag)
            gauges.consumer_committed_offset.labels(*labels).set(place.committed)
            gauges.topic_end_offset.labels(at.topic, str(at.partition)).set(place.end)
            age = waiting_seconds(window[-1])
            oldest[at.topic] = max(oldest.get(at.topic, 0.0), age or 0.0)
            statuses[at.topic, watched.verdicts[at].status] += 1
        for topic, age in oldest.items():
            gauges.consumer_oldest_unprocessed_seconds.labels(group, topic).set(age)
            for status in Status:
                gauges.consumer_partitions.labels(group, topic, status).set(statuses[topic, status])
        gauges.consumer_members.labels(group).set(len(watched.members))

    async def _look_about(self, *, rarely: bool) -> None:
        """The rest of the pipeline, for the metrics alone: answers are asked for afresh."""
        if self._bus is not None and "relay" in self._bus.checks():
            self._gauges.relay_up.set(await _passes(self._bus))
        if not rarely:
            return
        try:
            for name, stats in (await self.overdue()).items():
                self._gauges.work_overdue.labels(name).set(stats.overdue)
                self._gauges.work_overdue_oldest_seconds.labels(name).set(
                    self.seconds_since(stats.oldest)
                )
            await self._show_messages()
            await self._show_disk()
        except Unavailable as error:
            structlog.get_logger().debug("pipeline not counted", reason=error.detail)

    async def overdue(self) -> Mapping[str, DueStats]:
        """What should have been worked on by now, for each store whose records fall due."""
        before = self._clock.now() - OVERDUE_AFTER
        return {
            name: await store.collection.due_stats(before)
            for name, store in self._stores.items()
            if store.falls_due
        }

    def seconds_since(self, time: datetime | None) -> float:
        """How long ago by the service's own clock; 0 for no time at all."""
        return 0.0 if time is None else max(0.0, (self._clock.now() - time).total_seconds())

    async def _show_messages(self) -> None:
        if self._count_waiting is None:
            return
        found = await self._count_waiting(None)
        self._gauges.messages_waiting.set(sum(each.waiting for each in found))
        self._gauges.messages_failing.clear()
        failing = sorted(found, key=lambda each: each.failing, reverse=True)
        for each in failing[:_MOST_ORGANISATIONS]:
            if each.failing:
                self._gauges.messages_failing.labels(each.organisation_id).set(each.failing)

    async def _show_disk(self) -> None:
        if self._database is None:
            return
        stats = await self._database.command({"dbStats": 1})
        if stats.get("fsTotalSize"):
            used = stats["fsUsedSize"] / stats["fsTotalSize"]
            self._gauges.mongo_disk_free_ratio.set(1 - used)


def waiting_seconds(sample: Sample) -> float | None:
    """Age of the oldest record not applied; None where none waits, or it is not known yet."""
    since = sample.place.waiting_since
    if not sample.place.lag or since is None:
        return None
    return max(0.0, (sample.at - since).total_seconds())


def _is_held(at: TopicPartition, members: Sequence[Member]) -> bool | None:
    if any(member.partitions is None for member in members):
        return None
    return any(at in (member.partitions or ()) for member in members)


async def _passes(bus: Bus) -> float:
    try:
        await bus.checks()["relay"]()
    except Unavailable:
        return 0.0
    return 1.0
