"""From the outbox to Kafka: everything, in order, once unless something breaks."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from shared import relay as relay_module
from shared.bus import Publisher
from shared.settings import ServiceSettings
from shared.store import SLOTS, Database, Memory
from shared.telemetry import Telemetry
from shared.testing import eventually
from tests.shared.bus.harness import TRACEPARENT, Cases, all_sent, ids, read_all, relaying, told


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


async def test_a_write_wakes_the_relay(
    settings: ServiceSettings, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "_SHORTEST_POLL", 3600.0)
    monkeypatch.setattr(relay_module, "_LONGEST_POLL_ALONE", 3600.0)
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
