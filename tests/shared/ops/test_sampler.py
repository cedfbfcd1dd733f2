"""Consumers in each of their conditions, on a real broker, as the sampler judges them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.bus import Consumer
from shared.cause import Cause
from shared.events import ReferralCreated
from shared.ops import Gauges, Sampler
from shared.ops.judging import Status
from shared.ops.pipeline import GroupState, group_state
from shared.settings import ServiceSettings
from shared.telemetry import Telemetry
from shared.testing import eventually
from tests.shared.bus.harness import (
    REJOIN,
    Applied,
    Sent,
    consuming,
    envelope,
    listening,
    produce,
)

WINDOW = 10


class Watch:
    """A sampler of the test's own pace."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.telemetry = Telemetry(settings)
        gauges = Gauges.registered(self.telemetry.registry)
        self.sampler = Sampler(settings, gauges, consumers=[listening()])
        self._group = f"{settings.topic_prefix}outcomes"

    async def look(self, times: int = 1, every: float = 0.05) -> GroupState:
        """The group after so many samples."""
        for _ in range(times):
            await self.sampler.sample()
            assert self.sampler.fault is None
            await asyncio.sleep(every)
        return group_state(self._group, self.sampler.watched[self._group])

    async def until(
        self, check: Callable[[GroupState], bool], *, every: float = 0.05
    ) -> GroupState:
        """The group once ``check`` says yes to it after a whole window."""
        found: list[GroupState] = []

        async def looked() -> bool:
            found.append(await self.look(WINDOW, every))
            return check(found[-1])

        await eventually(looked, within=REJOIN)
        return found[-1]

    def metric(self, name: str, **labels: str) -> float | None:
        own = {"group": self._group, **labels}
        return self.telemetry.registry.get_sample_value(name, own)


@pytest.fixture
async def watch(settings: ServiceSettings) -> AsyncIterator[Watch]:
    own = Watch(settings)
    yield own
    await own.sampler._offsets.close()
    own.telemetry.close()


async def send(settings: ServiceSettings, topic: str, *cases: str) -> None:
    await produce(settings.kafka_bootstrap, topic, [Sent.of(envelope(case)) for case in cases])


async def apply_all(settings: ServiceSettings, topic: str, count: int) -> None:
    """A consumer that applies so many events and leaves."""
    applied = Applied()
    await send(settings, topic, *(f"case-{n}" for n in range(count)))
    async with consuming(listening(), applied, settings):
        await eventually(lambda: len(applied.events) == count, within=REJOIN)
        await asyncio.sleep(0.3)


async def test_a_consumer_with_nothing_to_do_is_well(
    settings: ServiceSettings, referrals: str, watch: Watch
) -> None:
    await apply_all(settings, referrals, 8)

    group = await watch.look(WINDOW)

    assert (group.status, group.lag, group.oldest_unprocessed_seconds) == (Status.OK, 0, None)
    assert sum(each.committed_offset for each in group.partitions) == 8
    assert sum(each.end_offset for each in group.partitions) == 8


async def test_a_stopped_consumer_is_judged_stopped_and_the_wait_is_told_in_seconds(
    settings: ServiceSettings, referrals: str, watch: Watch
) -> None:
    await apply_all(settings, referrals, 8)
    await send(settings, referrals, "late-1", "late-1", "late-1")

    group = await watch.until(lambda group: group.status is Status.STOPPED)

    (stuck,) = [each for each in group.partitions if each.lag]
    assert (stuck.lag, stuck.status, group.members) == (3, Status.STOPPED, [])
    assert stuck.oldest_unprocessed_seconds is not None
    assert 0.3 < stuck.oldest_unprocessed_seconds < 120
    assert "no member holds the partition" in stuck.reason
    assert watch.metric("consumer_partitions", topic=referrals, status="stopped") == 1
    assert watch.metric("consumer_partitions", topic=referrals, status="ok") == 3
    lag = watch.metric("consumer_lag_records", topic=referrals, partition=str(stuck.partition))
    assert lag == 3


async def test_a_consumer_that_finishes_nothing_is_judged_stalled(
    settings: ServiceSettings, referrals: str, watch: Watch
) -> None:
    blocked = asyncio.Event()
    consumer = Consumer[Applied]("outcomes")

    @consumer.on(ReferralCreated)
    async def wait(_event: ReferralCreated, _cause: Cause, _stores: Applied) -> None:
        await blocked.wait()

    await send(settings, referrals, "case-1", "case-1")
    async with consuming(consumer, Applied(), settings):
        group = await watch.until(lambda group: group.status is Status.STALLED)
        (stuck,) = [each for each in group.partitions if each.lag]
        assert (stuck.lag, len(group.members)) == (2, 1)
        assert "though a member holds the partition" in stuck.reason
        blocked.set()


def _is_behind(group: GroupState) -> bool:
    return any(each.lag and each.reason.startswith("behind") for each in group.partitions)


async def test_a_slow_consumer_lags_and_is_well(
    settings: ServiceSettings, referrals: str, watch: Watch
) -> None:
    applied = Applied()
    async with consuming(listening(pause=0.06), applied, settings):
        enough = asyncio.Event()

        async def keep_sending() -> None:
            while not enough.is_set():
                await send(settings, referrals, *["case-1"] * 8)
                await asyncio.sleep(0.2)

        sending = asyncio.create_task(keep_sending())
        try:
            await eventually(lambda: len(applied.events) > 8, within=REJOIN)
            group = await watch.until(_is_behind, every=0.25)
        finally:
            enough.set()
            await sending
        (busy,) = [each for each in group.partitions if each.end_offset]
        assert (group.status, busy.status) == (Status.OK, Status.OK)
        assert busy.rate_out > 0


async def test_a_consumer_set_back_is_judged_rewound(
    settings: ServiceSettings, referrals: str, watch: Watch, *, kafka_is_tansu: bool
) -> None:
    if kafka_is_tansu:
        pytest.skip("Tansu takes no commit of a client that is no member of the group")
    await apply_all(settings, referrals, 8)
    before = await watch.look()
    at = max(before.partitions, key=lambda each: each.committed_offset)
    back = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap,
        group_id=f"{settings.topic_prefix}outcomes",
        enable_auto_commit=False,
    )
    await back.start()
    partition = TopicPartition(referrals, at.partition)
    back.assign([partition])

    try:
        await back.commit({partition: 0})
    finally:
        await back.stop()

    group = await watch.look()

    (rewound,) = [each for each in group.partitions if each.status is Status.REWOUND]
    assert rewound.partition == at.partition
    assert rewound.reason == f"went back from offset {at.committed_offset} to 0"
    assert group.status is Status.REWOUND


async def test_a_silent_kafka_leaves_the_last_look_and_says_so(watch: Watch) -> None:
    own = watch.sampler
    own._offsets._options["bootstrap_servers"] = ["127.0.0.1:1"]

    await own.sample()

    assert (own.fault, own.at) == ("Kafka does not answer.", None)
