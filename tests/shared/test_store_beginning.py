"""Changes that begin a record which is not there yet, on the fake and on a real MongoDB alike."""

from __future__ import annotations

import asyncio

import pytest

from shared.errors import Conflict, Erased, KeyReused, NotFound, PreconditionFailed
from shared.store import Duplicate
from tests.shared.store_examples import (
    ELSEWHERE,
    NOON,
    NOON_STORED,
    Register,
    Registers,
    amend,
    because,
    come,
    keep,
    move,
    raw,
    refuse,
    watch,
)

BLANK = Register(id="monday")


async def test_what_is_not_there_begins_with_the_blank_as_changed(registers: Registers) -> None:
    saved = await registers.update("monday", come("ada"), because("open"), blank=BLANK)

    assert (saved.version, saved.state.came, saved.receipt) == (1, ("ada",), {"size": 1})
    for each in (saved, await registers.get("monday", "icb-demo")):
        assert (each.version, each.state) == (1, Register(id="monday", came=("ada",)))
        assert each.created_at == NOON_STORED
        assert [(line.seq, line.type) for line in each.history] == [(1, "someone-came")]
    document = await raw(registers, "monday")
    assert [(entry["seq"], entry["type"]) for entry in document["outbox"]] == [(1, "someone-came")]
    assert document["outbox_since"] == document["outbox"][0]["time"]
    assert document["facets"] == {"marks": ["ada"], "size": 1}


async def test_what_is_there_is_changed_as_it_is(registers: Registers) -> None:
    await registers.insert("monday", Register(id="monday", room="hall"), [], because())

    saved = await registers.update("monday", come("ada"), because(), blank=BLANK)

    assert (saved.version, saved.state.room, saved.state.came) == (2, "hall", ("ada",))


async def test_changes_that_come_together_begin_it_in_one_write(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    inserts = watch(monkeypatch, registers.collection, "insert")
    writes = watch(monkeypatch, registers.collection, "write")

    one, two = await asyncio.gather(
        registers.update("monday", come("ada"), because("a"), blank=BLANK),
        registers.update("monday", come("bob"), because("b"), blank=BLANK),
    )

    assert (inserts, writes) == ([1], [])
    assert (one.version, one.state.came) == (1, ("ada",))
    assert (two.version, two.state.came) == (2, ("ada", "bob"))
    found = await registers.get("monday", "icb-demo")
    assert (found.version, found.state.came) == (2, ("ada", "bob"))
    assert [line.seq for line in found.history] == [1, 2]


async def test_new_and_known_records_go_side_by_side(registers: Registers) -> None:
    await registers.insert("tuesday", Register(id="tuesday"), [], because())

    await asyncio.gather(
        registers.update("tuesday", come("ada"), because()),
        registers.update("monday", come("bob"), because(), blank=BLANK),
    )

    assert (await registers.get("tuesday", "icb-demo")).state.came == ("ada",)
    assert (await registers.get("monday", "icb-demo")).state.came == ("bob",)


async def test_a_repeated_cause_gives_the_first_answer(registers: Registers) -> None:
    first = because("open", digest="d1")
    await registers.update("monday", come("ada"), first, blank=BLANK, remember=False)
    await registers.update("monday", come("bob"), because(), blank=BLANK)

    again = await registers.update("monday", come("ada"), first, blank=BLANK, remember=False)

    assert (again.repeated, again.version, again.receipt) == (True, 1, {"size": 1})
    assert (await registers.get("monday", "icb-demo")).state.came == ("ada", "bob")
    with pytest.raises(KeyReused):
        await registers.update("monday", come("ada"), because("open", digest="d2"), blank=BLANK)


async def test_a_repeat_that_comes_together_with_the_first_is_one(registers: Registers) -> None:
    one, two = await asyncio.gather(
        *(registers.update("monday", come("ada"), because("open"), blank=BLANK) for _ in range(2))
    )

    assert (one.repeated, two.repeated) == (False, True)
    assert (await registers.get("monday", "icb-demo")).state.came == ("ada",)


async def test_a_change_that_begins_nothing_does_not_find_what_comes_after_it(
    registers: Registers,
) -> None:
    early, begins, late = await asyncio.gather(
        registers.update("monday", come("ada"), because()),
        registers.update("monday", come("bob"), because(), blank=BLANK),
        registers.update("monday", come("cyd"), because()),
        return_exceptions=True,
    )

    assert isinstance(early, NotFound)
    assert not isinstance(begins, BaseException)
    assert not isinstance(late, BaseException)
    assert late.state.came == ("bob", "cyd")


async def test_nothing_is_stored_where_the_change_fails_or_changes_nothing(
    registers: Registers,
) -> None:
    with pytest.raises(Conflict):
        await registers.update("monday", refuse, because(), blank=BLANK)
    with pytest.raises(PreconditionFailed):
        await registers.update("monday", come("ada"), because(), blank=BLANK, if_match=1)
    saved = await registers.update("monday", keep, because(), blank=BLANK)

    assert saved.version == 0
    with pytest.raises(NotFound):
        await registers.get("monday", "icb-demo")


async def test_a_process_that_comes_second_changes_what_the_first_began(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Registers(registers.collection)
    went_first = False

    async def go_first() -> None:
        nonlocal went_first
        if not went_first:
            went_first = True
            await other.update("monday", come("ada"), because(), blank=BLANK)

    watch(monkeypatch, registers.collection, "insert", go_first)

    saved = await registers.update("monday", come("bob"), because(), blank=BLANK)

    assert (saved.version, saved.state.came) == (2, ("ada", "bob"))


async def test_a_value_that_is_taken_is_refused_to_the_one_who_brings_it(
    registers: Registers,
) -> None:
    await registers.insert("tuesday", Register(id="tuesday", room="hall"), [], because())

    taken, fine = await asyncio.gather(
        registers.update("monday", move("ada", "hall"), because(), blank=BLANK),
        registers.update("monday", move("bob", "attic"), because(), blank=BLANK),
        return_exceptions=True,
    )

    # Folded, the last room counts, which is free; each alone is what matters elsewhere.
    assert not isinstance(fine, BaseException)
    assert fine.state.room == "attic"
    assert not isinstance(taken, BaseException)
    with pytest.raises(Duplicate):
        await registers.update("friday", amend(room="hall"), because(), blank=Register(id="friday"))


async def test_another_tenants_record_is_no_beginning(registers: Registers) -> None:
    await registers.update("monday", come("ada"), because(), blank=BLANK)

    with pytest.raises(NotFound):
        await registers.update(
            "monday",
            come("eve"),
            because(tenant=ELSEWHERE),
            blank=Register(id="monday", tenant=ELSEWHERE),
        )


async def test_what_was_erased_does_not_begin_again(registers: Registers) -> None:
    await registers.update("monday", come("ada"), because(), blank=BLANK)
    await registers.bury(["monday"], "icb-demo", NOON)

    with pytest.raises(Erased):
        await registers.update("monday", come("ada"), because(), blank=BLANK)
