"""What the audit shows at /metrics: lines, failures, and when its end was last told elsewhere."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from shared.audit.anchors import Anchoring
from shared.audit.figures import Figures
from shared.audit.journal import Journal
from shared.audit.sheets import Book
from shared.errors import Unavailable
from shared.store import Database
from tests.shared.test_audit_chain import NOON, line


class Topic:
    """Stands where the bus does, to be away or there; what is told on a real broker is asked in
    ``test_audit_anchors``."""

    def __init__(self) -> None:
        self.away = False

    async def put(self, topic: str, *, key: bytes, value: bytes) -> None:
        del topic, key, value
        if self.away:
            raise Unavailable("Kafka does not answer.")


class Gone:
    """A book that cannot be written."""

    async def last(self) -> Any:
        raise Unavailable("The database did not answer.")


async def test_lines_written_and_failures_to_write_are_counted(database: Database) -> None:
    registry = CollectorRegistry()
    journal = Journal(database.book(), "things", lambda: NOON, Figures.registered(registry))
    await journal.write([line("p1"), line("p2")])
    await journal.write([line("p3")])
    assert registry.get_sample_value("audit_lines_total") == 3
    assert registry.get_sample_value("audit_failures_total") == 0

    broken = Journal(cast("Book", Gone()), "things", lambda: NOON, journal.figures)
    with pytest.raises(Unavailable):
        await broken.write([line("p4")])
    assert registry.get_sample_value("audit_lines_total") == 3
    assert registry.get_sample_value("audit_failures_total") == 1


async def test_the_time_of_the_last_anchor_stands_still_while_lines_are_owed(
    database: Database,
) -> None:
    registry = CollectorRegistry()
    journal = Journal(database.book(), "things", lambda: NOON, Figures.registered(registry))
    topic = Topic()
    anchoring = Anchoring(journal, topic, every=60)

    def anchored() -> float:
        found = registry.get_sample_value("audit_anchored_timestamp_seconds")
        assert found is not None
        return found

    assert anchored() == 0, "nothing is known yet"
    began = time.time()
    await anchoring.tell()
    assert anchored() >= began, "no line, none owed"

    topic.away = True
    await journal.write([line("p1")])
    before = anchored()
    with pytest.raises(Unavailable):
        await anchoring.tell()
    assert anchored() == before

    topic.away = False
    await anchoring.tell()
    told = anchored()
    assert told > before
    await anchoring.tell()
    assert anchored() > told, "nothing new is owed"
