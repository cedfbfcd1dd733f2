"""The relay's side: what waits to be sent, and removing it while records go on changing."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from shared.store import SLOTS, UnsentStats
from tests.shared.store_examples import (
    NOON,
    NOON_STORED,
    TRACE,
    Register,
    Registers,
    amend,
    because,
    came,
    come,
    later,
    raw,
    watch,
)

ALL = range(SLOTS)


async def open_with(store: Registers, record_id: str, *marks: str, minutes: int = 0) -> None:
    at = later(minutes=minutes)
    await store.insert(record_id, Register(id=record_id), [], because(at=at))
    await store.update(record_id, come(*marks, at=at), because(at=at, traceparent=TRACE))


async def waiting(store: Registers) -> dict[str, list[str]]:
    """The ids of the events to send, by record."""
    found = await store.collection.unsent(ALL, 100)
    return {unsent.id: [entry.id for entry in unsent.entries] for unsent in found}


async def test_unsent_events_come_oldest_record_first_and_in_order(registers: Registers) -> None:
    await open_with(registers, "late", "ada", minutes=2)
    await open_with(registers, "early", "bob", "cyd")
    await open_with(registers, "middle", "dot", minutes=1)
    await registers.insert("silent", Register(id="silent"), [], because())

    found = await registers.collection.unsent(ALL, 100)

    assert [unsent.id for unsent in found] == ["early", "middle", "late"]
    first, second = found[0].entries
    assert (first.type, first.source, first.subject) == (
        "someone-came",
        "/linkway/registers",
        "early",
    )
    assert (first.key, first.time, first.traceparent) == ("key-early", NOON_STORED, TRACE)
    assert json.loads(first.data) == {
        "tenant": "icb-demo",
        "seq": 1,
        "occurred_at": "2026-03-02T12:00:00.123456Z",
        "actor": {"role": "link_worker", "organisation": "Y90001"},
        "register_id": "early",
        "mark": "bob",
    }
    assert (json.loads(second.data)["seq"], json.loads(second.data)["mark"]) == (2, "cyd")
    assert [unsent.id for unsent in await registers.collection.unsent(ALL, 2)] == [
        "early",
        "middle",
    ]


async def test_a_relay_sees_the_slots_it_holds_and_no_others(registers: Registers) -> None:
    ids = [f"record {n}" for n in range(40)]
    for record_id in ids:
        await open_with(registers, record_id, "ada")

    by_slot = [await registers.collection.unsent([slot], 100) for slot in ALL]

    assert sorted(unsent.id for found in by_slot for unsent in found) == sorted(ids)
    assert sum(bool(found) for found in by_slot) > 8
    assert await registers.collection.unsent([], 100) == []


async def test_removing_leaves_version_and_other_records_alone(registers: Registers) -> None:
    await open_with(registers, "monday", "ada", "bob")
    await open_with(registers, "friday", "cyd")
    ids = await waiting(registers)

    await registers.collection.remove_sent({"monday": ids["monday"]})

    monday = await raw(registers, "monday")
    assert (monday["outbox"], monday["version"], monday["seq"]) == ([], 2, 2)
    assert "outbox_since" not in monday
    assert len(monday["history"]) == 2
    assert await waiting(registers) == {"friday": ids["friday"]}


async def test_an_event_that_came_meanwhile_stays_and_its_time_counts(
    registers: Registers,
) -> None:
    await open_with(registers, "monday", "ada")
    before = await waiting(registers)
    await registers.update("monday", come("bob", at=later(minutes=7)), because())
    await registers.update("monday", come("cyd", at=later(minutes=9)), because())

    await registers.collection.remove_sent(before)

    (left,) = await registers.collection.unsent(ALL, 10)
    assert [json.loads(entry.data)["mark"] for entry in left.entries] == ["bob", "cyd"]
    document = await raw(registers, "monday")
    assert document["outbox_since"] == NOON_STORED + timedelta(minutes=7)
    assert document["version"] == 4


async def test_a_later_event_does_not_make_the_record_younger(registers: Registers) -> None:
    await open_with(registers, "monday", "ada")

    await registers.update("monday", come("bob", at=later(hours=1)), because(at=later(hours=1)))

    assert (await raw(registers, "monday"))["outbox_since"] == NOON_STORED


async def test_removing_twice_or_from_a_missing_record_does_nothing(
    registers: Registers,
) -> None:
    await open_with(registers, "monday", "ada")
    sent = await waiting(registers)
    await registers.collection.remove_sent(sent)
    await registers.update("monday", come("bob"), because())
    left = await waiting(registers)

    await registers.collection.remove_sent({**sent, "erased": ["event"]})
    await registers.collection.remove_sent({})

    assert await waiting(registers) == left


async def test_an_update_goes_through_although_the_relay_removed_meanwhile(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_with(registers, "monday", "ada")
    sent = await waiting(registers)
    writes = watch(
        monkeypatch,
        registers.collection,
        "write",
        before=lambda: registers.collection.remove_sent(sent),
    )

    saved = await registers.update("monday", come("bob"), because())

    assert (writes, saved.version) == ([1], 3)
    (left,) = await registers.collection.unsent(ALL, 10)
    assert [json.loads(entry.data)["seq"] for entry in left.entries] == [2]


async def test_the_backlog_is_counted_with_the_age_of_its_oldest(registers: Registers) -> None:
    assert await registers.collection.unsent_stats() == UnsentStats(0, None)

    await open_with(registers, "late", "ada", "bob", minutes=5)
    await open_with(registers, "early", "cyd", minutes=2)

    expected = UnsentStats(2, NOON_STORED + timedelta(minutes=2))
    assert await registers.collection.unsent_stats() == expected


async def test_the_relay_is_woken_by_events_alone(registers: Registers) -> None:
    nudge = registers.collection.nudge
    await registers.insert("monday", Register(id="monday"), [], because(at=NOON))
    await registers.update("monday", amend(room="hall"), because())
    assert not nudge.is_set()

    await registers.update("monday", come("ada"), because())
    assert nudge.is_set()

    nudge.clear()
    friday = Register(id="friday")
    await registers.insert("friday", friday, came(friday, "bob"), because())
    assert nudge.is_set()
