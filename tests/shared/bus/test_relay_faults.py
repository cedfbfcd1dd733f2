"""What breaks between the outbox and Kafka: nothing is lost, and little sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import pytest
from aiokafka.errors import KafkaError, NotLeaderForPartitionError, OutOfOrderSequenceNumber

from shared import relay as relay_module
from shared.bus import Publisher
from shared.errors import Unavailable
from shared.relay import Relay
from shared.settings import ServiceSettings
from shared.store import Memory, Unsent
from shared.store.memory import MemoryCollection
from shared.telemetry import Telemetry
from shared.testing import eventually
from tests.shared.bus.harness import Cases, all_sent, ids, read_all, relaying, told


class Crashing(MemoryCollection):
    """Stops for ever when something is to be removed, as a process does that is killed."""

    def __init__(self) -> None:
        super().__init__("cases")
        self.reached = asyncio.Event()
        self.crashes = True

    async def remove_sent(self, sent: Mapping[str, Sequence[str]]) -> None:
        if self.crashes:
            self.reached.set()
            await asyncio.Event().wait()
        await super().remove_sent(sent)


async def test_a_crash_between_publishing_and_removing_sends_the_same_ids_again(
    settings: ServiceSettings, referrals: str, publisher: Publisher
) -> None:
    collection = Crashing()
    cases = Cases(collection)
    await cases.open("case-1", events=3)
    killed = Relay([collection], publisher, settings, Telemetry(settings))
    running = asyncio.create_task(killed.run())
    await collection.reached.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    collection.crashes = False
    collection._leases = MemoryCollection("cases")._leases
    async with relaying(collection, publisher, settings):
        await eventually(lambda: all_sent(collection))
    records = await read_all(settings.kafka_bootstrap, referrals)
    assert told(records) == [("case-1", 1), ("case-1", 2), ("case-1", 3)] * 2
    assert ids(records)[:3] == ids(records)[3:]


class Unsteady(MemoryCollection):
    """Fails at each kind of call a few times before it answers."""

    def __init__(self, failures: int) -> None:
        super().__init__("cases")
        self.left = {"unsent": failures, "remove_sent": failures, "lease_slots": failures}

    def _fail(self, call: str) -> None:
        if self.left[call]:
            self.left[call] -= 1
            raise Unavailable("The database did not answer.")

    async def unsent(self, slots: Sequence[int], limit: int) -> Sequence[Unsent]:
        self._fail("unsent")
        return await super().unsent(slots, limit)

    async def remove_sent(self, sent: Mapping[str, Sequence[str]]) -> None:
        self._fail("remove_sent")
        await super().remove_sent(sent)

    async def lease_slots(self, owner: str, ttl: timedelta) -> frozenset[int]:
        self._fail("lease_slots")
        return await super().lease_slots(owner, ttl)


async def test_a_database_that_fails_at_times_loses_nothing_and_doubles_nothing(
    settings: ServiceSettings,
    referrals: str,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay_module, "_LONGEST_BACKOFF", 0.1)
    collection = Unsteady(failures=3)
    cases = Cases(collection)
    for n in range(20):
        await cases.open(f"case-{n}")
    generation = publisher.generation
    async with relaying(collection, publisher, settings) as relay:
        await eventually(lambda: all_sent(collection))
        assert relay.healthy
    records = await read_all(settings.kafka_bootstrap, referrals)
    assert len(records) == len(set(ids(records))) == 20
    assert publisher.generation == generation


async def test_an_unknown_error_does_not_end_the_relay(
    settings: ServiceSettings,
    referrals: str,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay_module, "_LONGEST_BACKOFF", 0.1)
    collection = MemoryCollection("cases")
    find = collection.unsent
    calls = 0

    async def stumble(slots: Sequence[int], limit: int) -> Sequence[Unsent]:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise ZeroDivisionError
        return await find(slots, limit)

    monkeypatch.setattr(collection, "unsent", stumble)
    await Cases(collection).open("case-1")
    async with relaying(collection, publisher, settings):
        await eventually(lambda: all_sent(collection))
    assert told(await read_all(settings.kafka_bootstrap, referrals)) == [("case-1", 1)]


async def test_a_producer_that_was_closed_is_replaced(
    settings: ServiceSettings, referrals: str, publisher: Publisher
) -> None:
    collection = Memory().collection("cases")
    cases = Cases(collection)
    async with relaying(collection, publisher, settings):
        await cases.open("case-1")
        await eventually(lambda: all_sent(collection))
        assert publisher._broker is not None
        await publisher._broker.stop()
        await cases.open("case-2")
        await eventually(lambda: all_sent(collection))
    records = await read_all(settings.kafka_bootstrap, referrals)
    assert sorted(told(records)) == [("case-1", 1), ("case-2", 1)]
    assert publisher.generation == 2


def make_sending_fail(
    monkeypatch: pytest.MonkeyPatch, failure: Callable[[Publisher], KafkaError | None]
) -> None:
    """Records are refused as ``failure`` says, and go to Kafka where it says nothing."""
    take = Publisher.send

    async def send(self: Publisher, *args: str, **record: bytes) -> asyncio.Future[object]:
        error = failure(self)
        if error is None:
            return await take(self, *args, **record)  # type: ignore[arg-type]  # passed on as given
        refused: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        refused.set_exception(error)
        return refused

    monkeypatch.setattr(Publisher, "send", send)


async def test_a_producer_that_lost_its_sequence_is_replaced_at_once(
    settings: ServiceSettings,
    referrals: str,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """aiokafka issue 1017: such a producer fails every record until the process ends."""
    make_sending_fail(
        monkeypatch, lambda by: OutOfOrderSequenceNumber() if by.generation == 1 else None
    )
    collection = Memory().collection("cases")
    await Cases(collection).open("case-1", events=2)
    async with relaying(collection, publisher, settings):
        await eventually(lambda: all_sent(collection))
    assert publisher.generation == 2
    assert told(await read_all(settings.kafka_bootstrap, referrals)) == [
        ("case-1", 1),
        ("case-1", 2),
    ]


async def test_events_of_one_document_are_handed_over_together(
    settings: ServiceSettings,
    referrals: str,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A consumer has them in one batch then, not in a batch each."""
    take = Publisher.send
    acknowledged: list[int] = []
    handed_over: list[asyncio.Future[object]] = []

    async def watched(self: Publisher, *args: str, **record: bytes) -> asyncio.Future[object]:
        acknowledged.append(sum(each.done() for each in handed_over))
        future = await take(self, *args, **record)  # type: ignore[arg-type]  # passed on as given
        handed_over.append(future)
        return future

    monkeypatch.setattr(Publisher, "send", watched)
    collection = Memory().collection("cases")
    await Cases(collection).open("case-1", events=3)
    async with relaying(collection, publisher, settings):
        await eventually(lambda: all_sent(collection))
    assert acknowledged == [0, 0, 0]
    assert [seq for _, seq in told(await read_all(settings.kafka_bootstrap, referrals))] == [
        1,
        2,
        3,
    ]


async def test_an_event_behind_one_that_failed_is_not_taken_as_sent(
    settings: ServiceSettings,
    referrals: str,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It went out all the same: then it goes again, behind the first, under the same id."""
    monkeypatch.setattr(relay_module, "_FIRST_BACKOFF", 0.01)
    failures = [NotLeaderForPartitionError()]
    make_sending_fail(monkeypatch, lambda _: failures.pop() if failures else None)
    collection = Memory().collection("cases")
    await Cases(collection).open("case-1", events=2)
    async with relaying(collection, publisher, settings):
        await eventually(lambda: all_sent(collection))
    records = await read_all(settings.kafka_bootstrap, referrals)
    assert [seq for _, seq in told(records)] == [2, 1, 2]
    assert ids(records)[0] == ids(records)[2]


async def test_what_waits_is_counted_and_the_oldest_has_its_age(
    settings: ServiceSettings, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "_STATS_SECONDS", 0.05)
    monkeypatch.setattr(relay_module, "_LONGEST_BACKOFF", 0.05)
    collection = Unsteady(failures=0)
    collection.left["unsent"] = 10**6
    cases = Cases(collection)
    telemetry = Telemetry(settings)

    def shown(name: str) -> float:
        return telemetry.registry.get_sample_value(name) or 0.0

    await cases.open("case-1")
    await cases.open("case-2")
    async with relaying(collection, publisher, settings, telemetry):
        await eventually(lambda: shown("outbox_pending") == 2)
        await eventually(lambda: shown("outbox_oldest_unsent_seconds") > 0.2)
        collection.left["unsent"] = 0
        await eventually(lambda: shown("outbox_pending") == 0)
        await eventually(lambda: shown("outbox_oldest_unsent_seconds") == 0)
