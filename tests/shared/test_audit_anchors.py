"""The chain's end, told on a real broker."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer

from shared.audit.anchors import Anchoring, read_anchor
from shared.audit.chain import verify
from shared.audit.journal import Journal
from shared.bus import AUDIT_ANCHORS, Bus
from shared.errors import Unavailable
from shared.settings import ServiceSettings
from shared.store import Database
from shared.telemetry import Telemetry
from shared.testing import free_port
from tests.shared.bus.harness import settings_for
from tests.shared.test_audit_chain import NOON, line, take_away


async def test_an_anchor_on_the_topic_bears_out_the_chain_and_finds_a_cut(
    database: Database, *, kafka_bootstrap: str, topic_prefix: str, kafka_is_tansu: bool
) -> None:
    settings = settings_for(kafka_bootstrap, topic_prefix, tansu=kafka_is_tansu)
    journal = Journal(database.book(), "things", lambda: NOON)
    bus = Bus(settings, Telemetry(settings))
    running = asyncio.create_task(bus.run())
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    await bus.checks()["kafka"]()
                    break
                except Unavailable:
                    await asyncio.sleep(0.1)
        anchoring = Anchoring(journal, bus, every=60)
        assert await anchoring.tell() is None  # nothing to tell of yet
        await journal.write([line("p1"), line("p2")])
        told = await anchoring.tell()
        assert told is not None
        assert told.line == 2
        assert await anchoring.tell() is None  # it has not grown
        await journal.write([line("p3")])
        await anchoring.tell()
    finally:
        running.cancel()
        await asyncio.wait({running})
    reader = AIOKafkaConsumer(
        f"{topic_prefix}{AUDIT_ANCHORS}",
        bootstrap_servers=kafka_bootstrap,
        auto_offset_reset="earliest",
    )
    await reader.start()
    try:
        records = [await asyncio.wait_for(reader.getone(), 20) for _ in range(2)]
    finally:
        await reader.stop()
    anchors = [anchor for record in records if (anchor := read_anchor(record.value))]
    assert [anchor.line for anchor in anchors] == [2, 3]
    verdict = await verify(database.book().walk(), "things", anchors)
    assert (verdict.anchors, verdict.finding) == (2, None)
    await take_away(database, 3)
    verdict = await verify(database.book().walk(), "things", anchors)
    assert verdict.finding is not None
    assert verdict.finding.what == "line 3 was removed"


async def test_while_kafka_is_away_an_anchor_is_owed(database: Database) -> None:
    settings: ServiceSettings = settings_for(f"127.0.0.1:{free_port()}", "", tansu=True)
    journal = Journal(database.book(), "things", lambda: NOON)
    await journal.write([line("p1")])
    anchoring = Anchoring(journal, Bus(settings, Telemetry(settings)), every=60)
    with pytest.raises(Unavailable):
        await anchoring.tell()
    with pytest.raises(Unavailable):
        await anchoring.tell()


def test_what_is_no_anchor_is_passed_over() -> None:
    assert read_anchor(None) is None
    assert read_anchor(b"{}") is None
