"""A bus from start to end, with Kafka away, stopped, frozen and killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.bus import Bus, Consumer, ensure_topics
from shared.bus import bus as bus_module
from shared.bus import subscription as subscription_module
from shared.cause import Cause
from shared.errors import Unavailable
from shared.events import ReferralCreated
from shared.servers import Supervisor, free_port, kafka_answers
from shared.servers.apache import local_apache
from shared.servers.tansu import local_tansu
from shared.settings import ServiceSettings
from shared.store import Collection, Memory
from shared.telemetry import Telemetry, configure_logging
from shared.testing import eventually
from tests.shared.bus.harness import (
    REJOIN,
    Applied,
    Cases,
    Sent,
    committed,
    consuming,
    envelope,
    handle,
    ids,
    listening,
    produce,
    read_all,
    running,
    settings_for,
    told,
)


@dataclass
class OwnBroker:
    """A broker of this test's own, to be stopped, frozen and killed."""

    name: str
    processes: Supervisor
    settings: ServiceSettings

    async def restart(self) -> None:
        await self.processes.restart(self.name)
        await eventually(lambda: kafka_answers(self.settings.kafka_bootstrap), within=60.0)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.processes.pid(self.name), number)


@pytest.fixture
async def tansu(tmp_path: Path) -> AsyncIterator[OwnBroker]:
    async with Supervisor(tmp_path) as processes:
        kafka = await local_tansu(processes)
        settings = settings_for(kafka.bootstrap, "", tansu=True)
        configure_logging(settings)
        yield OwnBroker("tansu", processes, settings)


@pytest.fixture
async def apache(tmp_path: Path, *, kafka_is_tansu: bool) -> AsyncIterator[OwnBroker]:
    if kafka_is_tansu:
        pytest.skip("Tansu forgets its records when it is killed")
    async with Supervisor(tmp_path) as processes:
        kafka = await local_apache(processes, tmp_path, kept=True)
        settings = settings_for(kafka.bootstrap, "", tansu=False)
        configure_logging(settings)
        yield OwnBroker("kafka", processes, settings)


@pytest.fixture(params=["tansu", "apache"])
def broker(request: pytest.FixtureRequest) -> OwnBroker:
    """Each kind in turn: the idempotent producer of the one behaves unlike the other's."""
    own: OwnBroker = request.getfixturevalue(request.param)
    return own


async def well(bus: Bus, name: str) -> bool:
    try:
        await bus.checks()[name]()
    except Unavailable:
        return False
    return True


async def test_events_wait_for_a_kafka_that_is_away_and_leave_when_it_comes(
    tansu: OwnBroker,
) -> None:
    await tansu.processes.stop("tansu")
    collection = Memory().collection("cases")
    cases, applied = Cases(collection), Applied()
    async with consuming(listening(), applied, tansu.settings, collections=[collection]) as bus:
        await cases.open("case-1")
        await asyncio.sleep(1.0)
        assert (await collection.unsent_stats()).pending == 1
        assert not await well(bus, "kafka")
        assert not await well(bus, "consumer")
        assert await well(bus, "relay")
        await tansu.restart()
        await eventually(lambda: applied.events == [("case-1", 1)], within=30.0)
        assert await well(bus, "kafka")
        assert await well(bus, "consumer")
        assert await well(bus, "relay")
    assert not await well(bus, "relay")


async def test_a_bus_that_never_reached_kafka_stops_at_once() -> None:
    settings = settings_for(f"127.0.0.1:{free_port()}", "", tansu=True)
    bus = Bus(settings, Telemetry(settings))
    bus.relay([Memory().collection("cases")])
    started = asyncio.get_running_loop().time()
    async with running(bus):
        await asyncio.sleep(0.3)
    assert asyncio.get_running_loop().time() - started < 2.0


async def test_a_bus_stops_within_its_grace_though_kafka_went_away_with_events_in_hand(
    broker: OwnBroker,
) -> None:
    collection = Memory().collection("cases")
    cases, applied = Cases(collection), Applied()
    loop = asyncio.get_running_loop()
    async with consuming(listening(), applied, broker.settings, collections=[collection]):
        await cases.open("case-1")
        await eventually(lambda: applied.events == [("case-1", 1)], within=30.0)
        await broker.processes.kill(broker.name)
        await cases.open("case-2")
        await asyncio.sleep(1.0)
        stopping = loop.time()
    assert loop.time() - stopping < broker.settings.graceful_seconds + 2.0
    assert (await collection.unsent_stats()).pending == 1


async def test_a_bus_can_be_run_again_after_it_ended(settings: ServiceSettings) -> None:
    collection = Memory().collection("cases")
    cases, applied = Cases(collection), Applied()
    bus = Bus(settings, Telemetry(settings))
    bus.relay([collection])
    bus.consume(listening(), applied)
    async with running(bus):
        await cases.open("case-1")
        await eventually(lambda: applied.events == [("case-1", 1)], within=30.0)
    async with running(bus):
        await cases.open("case-2")
        await eventually(lambda: applied.events == [("case-1", 1), ("case-2", 1)], within=30.0)


async def test_a_broker_that_freezes_gets_each_event_once_when_it_wakes(
    broker: OwnBroker,
) -> None:
    collection = Memory().collection("cases")
    cases = Cases(collection)
    await ensure_topics(broker.settings)
    bus = Bus(broker.settings, Telemetry(broker.settings))
    bus.relay([collection])
    async with running(bus):
        await cases.open("case-0")
        await eventually(lambda: _all_sent(collection))
        broker.signal(signal.SIGSTOP)
        for n in range(1, 50):
            await cases.open(f"case-{n}", events=2)
        # Longer than a pass waits, so that several passes meet the same unfinished events.
        await asyncio.sleep(10.0)
        broker.signal(signal.SIGCONT)
        await eventually(lambda: _all_sent(collection), within=30.0)
    records = await read_all(broker.settings.kafka_bootstrap, "referral-events")
    assert len(records) == len(set(ids(records))) == 99
    for n in range(1, 50):
        assert [seq for case_id, seq in told(records) if case_id == f"case-{n}"] == [1, 2]


async def test_a_broker_killed_and_restarted_loses_nothing_on_the_way(apache: OwnBroker) -> None:
    collection = Memory().collection("cases")
    cases, applied = Cases(collection), Applied()
    async with consuming(listening(), applied, apache.settings, collections=[collection]) as bus:
        for n in range(300):
            await cases.open(f"case-{n}", events=2)
            if n == 100:
                await eventually(lambda: len(applied.events) > 50, within=30.0)
                await apache.processes.kill("kafka")
            if n == 200:
                await apache.restart()
            await asyncio.sleep(0.005)
        everything = {(f"case-{n}", seq) for n in range(300) for seq in (1, 2)}
        await eventually(lambda: set(applied.events) == everything, within=60.0)
        await eventually(lambda: _all_sent(collection), within=30.0)
        assert await well(bus, "consumer")
    records = await read_all(apache.settings.kafka_bootstrap, "referral-events")
    assert set(told(records)) == everything
    for n in range(300):
        first_seen = list(dict.fromkeys(seq for case, seq in told(records) if case == f"case-{n}"))
        assert first_seen == [1, 2]
    offsets = await committed(apache.settings, "outcomes", "referral-events")
    assert sum(offsets.values()) == len(records)


async def test_a_consumer_whose_task_died_is_replaced(
    settings: ServiceSettings, referrals: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_module, "_WATCH_SECONDS", 0.1)
    applied = Applied()
    async with consuming(listening(), applied, settings) as bus:
        await eventually(lambda: well(bus, "consumer"))
        await produce(settings.kafka_bootstrap, referrals, [Sent.of(envelope("case-1"))])
        await eventually(lambda: applied.events == [("case-1", 1)], within=REJOIN)
        first = bus._subscriptions[0]
        assert first is not None
        for task in first._subscriber.tasks:
            task.cancel()
        await produce(settings.kafka_bootstrap, referrals, [Sent.of(envelope("case-2"))])
        await eventually(lambda: ("case-2", 1) in applied.events, within=REJOIN)
        assert bus._subscriptions[0] is not first
        assert await well(bus, "consumer")


async def test_a_consumer_that_gets_nowhere_is_not_well_and_recovers(
    settings: ServiceSettings, referrals: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_module, "_WATCH_SECONDS", 0.1)
    monkeypatch.setattr(subscription_module, "_STALL_SECONDS", 2.0)
    applied = Applied()
    consumer = Consumer[Applied]("outcomes")
    database_away = True

    @consumer.on(ReferralCreated)
    async def write(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        if database_away:
            raise Unavailable("The database did not answer.")
        handle(event, cause, stores)

    await produce(settings.kafka_bootstrap, referrals, [Sent.of(envelope("case-1"))])
    async with consuming(consumer, applied, settings) as bus:

        async def unwell() -> bool:
            return not await well(bus, "consumer")

        await eventually(lambda: well(bus, "consumer"))
        await eventually(unwell, within=REJOIN)
        database_away = False
        await eventually(lambda: applied.events == [("case-1", 1)], within=REJOIN)
        await eventually(lambda: well(bus, "consumer"))


async def _all_sent(collection: Collection) -> bool:
    return (await collection.unsent_stats()).pending == 0


async def test_a_consumer_that_cannot_be_stopped_keeps_nothing_else_from_ending(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = subscription_module.Subscription.stop

    async def failing(self: subscription_module.Subscription[Applied], grace: float) -> None:
        await really(self, grace)
        raise RuntimeError("the connection is closed")

    monkeypatch.setattr(subscription_module.Subscription, "stop", failing)
    collection = Memory().collection("cases")
    async with consuming(listening(), Applied(), settings, collections=[collection]) as bus:
        await eventually(lambda: well(bus, "consumer"), within=REJOIN)
        await Cases(collection).open("case-1")
    assert (await collection.unsent_stats()).pending == 0
    assert not await well(bus, "relay")
