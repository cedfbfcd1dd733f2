"""From the outbox to Kafka: everything, in order, once unless something breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiokafka.errors import OutOfOrderSequenceNumber

from shared import relay as relay_module
from shared.bus import Publisher
from shared.errors import Unavailable
from shared.relay import Relay
from shared.settings import ServiceSettings
from shared.store import SLOTS, Collection, Database, Memory, Unsent
from shared.store.memory import MemoryCollection
from shared.telemetry import Telemetry
from shared.testing import eventually
from tests.shared.bus.harness import TRACEPARENT, Cases, ids, read_all, told


@pytest.fixture
async def publisher(settings: ServiceSettings) -> AsyncIterator[Publisher]:
    own = Publisher(settings)
    await own.connect()
    yield own
    await own.close()


@asynccontextmanager
async def relaying(
    collection: Collection,
    publisher: Publisher,
    settings: ServiceSettings,
    telemetry: Telemetry | None = None,
) -> AsyncIterator[Relay]:
    """A relay at work; it makes its last pass at the end of the block."""
    relay = Relay([collection], publisher, settings, telemetry or Telemetry(settings))
    running = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        relay.stop()
        await running


async def all_sent(collection: Collection) -> bool:
    return (await collection.unsent_stats()).pending == 0


async def test_an_event_travels_as_a_cloudevent_with_its_key_and_its_trace(
    settings: ServiceSettings, referrals: str, publisher: Publisher, database: Database
) -> None:
    collection = database.collection("cases")
    cases = Cases(collection)
    await cases.ensure_indexes()
    telemetry = Telemetry(settings)
    async with relaying(collection, publisher, settings, telemetry):
        saved = await cases.open("case-1")
        await eventually(lambda: all_sent(collection))
    (record,) = await read_all(settings.kafka_bootstrap, referrals)
    headers = {name: value.decode() for name, value in record.headers}
    assert len(record.headers) == len(headers)
    assert record.key == b"case-1"
    assert headers["content-type"] == "application/json"
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_type"] == "referral-created"
    assert headers["ce_source"] == "/linkway/referral"
    assert headers["ce_subject"] == "case-1"
    assert headers["ce_partitionkey"] == "case-1"
    assert headers["traceparent"][3:35] == TRACEPARENT[3:35]
    assert set(headers) == {
        "content-type",
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_time",
        "ce_subject",
        "ce_partitionkey",
        "ce_dataschema",
        "traceparent",
    }
    labels = {"type": "referral-created"}
    assert telemetry.registry.get_sample_value("events_published_total", labels) == 1
    assert saved.version == 1


async def test_the_events_of_a_document_leave_in_order_and_once(
    settings: ServiceSettings, referrals: str, publisher: Publisher, database: Database
) -> None:
    collection = database.collection("cases")
    cases = Cases(collection)
    await asyncio.gather(*(cases.open(f"case-{n}", events=n % 5 + 1) for n in range(100)))
    async with relaying(collection, publisher, settings):
        for _ in range(3):
            await asyncio.gather(*(cases.change(f"case-{n}") for n in range(0, 100, 7)))
        await eventually(lambda: all_sent(collection))
    records = await read_all(settings.kafka_bootstrap, referrals)
    assert len(set(ids(records))) == len(records) == 300 + 3 * 15
    for n in range(100):
        seqs = [seq for case_id, seq in told(records) if case_id == f"case-{n}"]
        assert seqs == list(range(1, n % 5 + 2 + (3 if n % 7 == 0 else 0)))


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


async def test_a_producer_that_lost_its_sequence_is_replaced_at_once(
    settings: ServiceSettings,
    referrals: str,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """aiokafka issue 1017: such a producer fails every record until the process ends."""
    take = Publisher.send

    async def out_of_order(self: Publisher, *args: str, **record: bytes) -> asyncio.Future[object]:
        if self.generation == 1:
            broken: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            broken.set_exception(OutOfOrderSequenceNumber())
            return broken
        return await take(self, *args, **record)  # type: ignore[arg-type]  # passed on as given

    monkeypatch.setattr(Publisher, "send", out_of_order)
    collection = Memory().collection("cases")
    await Cases(collection).open("case-1", events=2)
    async with relaying(collection, publisher, settings):
        await eventually(lambda: all_sent(collection))
    assert publisher.generation == 2
    assert told(await read_all(settings.kafka_bootstrap, referrals)) == [
        ("case-1", 1),
        ("case-1", 2),
    ]


async def test_a_write_wakes_the_relay(
    settings: ServiceSettings, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "_SHORTEST_POLL", 3600.0)
    monkeypatch.setattr(relay_module, "_LONGEST_POLL", 3600.0)
    collection = Memory().collection("cases")
    async with relaying(collection, publisher, settings):
        await asyncio.sleep(0.1)
        await Cases(collection).open("case-1")
        await eventually(lambda: all_sent(collection))


class Deaf(asyncio.Event):
    """Is never set: the write was another process's."""

    def set(self) -> None:
        """Nothing is heard."""


async def test_what_another_process_wrote_is_found_by_looking(
    settings: ServiceSettings, publisher: Publisher
) -> None:
    collection = Memory().collection("cases")
    async with relaying(collection, publisher, settings):
        await asyncio.sleep(0.1)
        hears, collection.nudge = collection.nudge, Deaf()
        await Cases(collection).open("case-1")
        await eventually(lambda: all_sent(collection))
        collection.nudge = hears


async def test_two_relays_share_the_slots_and_each_event_is_sent_once(
    settings: ServiceSettings, referrals: str, publisher: Publisher, database: Database
) -> None:
    collection = database.collection("cases")
    cases = Cases(collection)
    one, two = Telemetry(settings), Telemetry(settings)

    def published(by: Telemetry) -> float:
        labels = {"type": "referral-created"}
        return by.registry.get_sample_value("events_published_total", labels) or 0

    opened = 0

    async def both_publish() -> bool:
        nonlocal opened
        opened += 20
        await asyncio.gather(*(cases.open(f"case-{n}") for n in range(opened - 20, opened)))
        return published(one) > 0 and published(two) > 0

    async with (
        relaying(collection, publisher, settings, one),
        relaying(collection, publisher, settings, two),
    ):
        await eventually(both_publish, within=20.0)
        await eventually(lambda: all_sent(collection))
    records = await read_all(settings.kafka_bootstrap, referrals)
    assert len(records) == len(set(ids(records))) == opened
    assert published(one) + published(two) == opened


async def test_at_its_end_the_relay_sends_what_waits_and_gives_its_slots_back(
    settings: ServiceSettings, referrals: str, publisher: Publisher
) -> None:
    collection = Memory().collection("cases")
    cases = Cases(collection)
    async with relaying(collection, publisher, settings):
        await asyncio.sleep(0.1)
        for n in range(200):
            await cases.open(f"case-{n}")
    assert await all_sent(collection)
    assert len(await read_all(settings.kafka_bootstrap, referrals)) == 200
    assert await collection.lease_slots("a-later-process", timedelta(seconds=5)) == frozenset(
        range(SLOTS)
    )


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
