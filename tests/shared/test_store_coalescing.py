"""Many callers, few trips to the database, and each caller's own outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from traceback import format_exception

import pytest
from pydantic import ValidationError

from shared.errors import Conflict, NotFound, PreconditionFailed, Unavailable
from shared.store import Duplicate, Memory, Saved
from shared.store.documents import Write
from tests.shared.store_examples import (
    ELSEWHERE,
    Register,
    Registers,
    amend,
    because,
    came,
    come,
    keep,
    raw,
    refuse,
    watch,
)


async def opened(store: Registers, *ids: str) -> None:
    await asyncio.gather(
        *(store.insert(record_id, Register(id=record_id), [], because()) for record_id in ids)
    )


def types(results: Sequence[object]) -> list[type]:
    return [type(result) for result in results]


async def test_fifty_updates_of_one_record_are_one_write_and_fifty_versions(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(registers, "monday")
    writes = watch(monkeypatch, registers.collection, "write")
    marks = [f"mark {n}" for n in range(50)]

    saved = await asyncio.gather(
        *(registers.update("monday", come(mark), because()) for mark in marks)
    )

    assert writes == [1]
    assert [each.version for each in saved] == list(range(2, 52))
    assert [each.receipt for each in saved] == [{"size": n} for n in range(1, 51)]
    assert [len(each.history) for each in saved] == list(range(1, 51))
    document = await raw(registers, "monday")
    assert document["state"]["came"] == marks
    assert [entry["seq"] for entry in document["outbox"]] == list(range(1, 51))


async def test_updates_of_many_records_are_one_read_and_one_write(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"record {n}" for n in range(40)]
    await opened(registers, *ids)
    reads = watch(monkeypatch, registers.collection, "read")
    writes = watch(monkeypatch, registers.collection, "write")

    await asyncio.gather(
        *(registers.update(record_id, come("ada"), because()) for record_id in ids * 2)
    )

    assert (reads, writes) == ([40], [40])
    assert {saved.version for saved in (await registers.get_many(ids, "icb-demo")).values()} == {3}


async def test_inserts_are_one_call_and_reads_of_one_record_one_read(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    inserts = watch(monkeypatch, registers.collection, "insert")
    reads = watch(monkeypatch, registers.collection, "read")

    await opened(registers, "monday", "friday")
    await asyncio.gather(*(registers.get("monday", "icb-demo") for _ in range(9)))

    assert (inserts, reads) == ([2], [1])


async def test_more_callers_than_a_batch_holds_are_all_served(registers: Registers) -> None:
    await opened(registers, "monday")

    saved = await asyncio.gather(
        *(registers.update("monday", come(str(n)), because()) for n in range(1200))
    )

    assert [each.version for each in saved] == list(range(2, 1202))


async def test_the_same_change_at_the_same_version_is_made_once(registers: Registers) -> None:
    await opened(registers, "monday")

    results = await asyncio.gather(
        *(registers.update("monday", come(mark), because(), if_match=1) for mark in "abc"),
        return_exceptions=True,
    )

    assert types(results) == [Saved, PreconditionFailed, PreconditionFailed]
    assert (await registers.get("monday", "icb-demo")).state.came == ("a",)


async def test_errors_reach_their_own_callers_alone(registers: Registers) -> None:
    await opened(registers, "monday")

    results = await asyncio.gather(
        registers.update("monday", come("ada"), because()),
        registers.update("monday", refuse, because()),
        registers.update("missing", come("bob"), because()),
        registers.update("monday", come("cyd"), because(tenant=ELSEWHERE)),
        registers.update("monday", come("dot"), because(), if_match=7),
        registers.update("monday", come("nothing to show"), because()),
        registers.update("monday", keep, because()),
        registers.update("monday", come("eve"), because()),
        return_exceptions=True,
    )

    assert types(results) == [
        Saved,
        Conflict,
        NotFound,
        NotFound,
        PreconditionFailed,
        ValueError,
        Saved,
        Saved,
    ]
    stored = await registers.get("monday", "icb-demo")
    assert (stored.version, stored.state.came) == (3, ("ada", "eve"))
    assert [line.seq for line in stored.history] == [1, 2]


async def test_a_taken_value_is_its_own_callers_error_in_inserts(registers: Registers) -> None:
    await opened(registers, "monday")

    results = await asyncio.gather(
        registers.insert("tuesday", Register(id="tuesday", room="hall"), [], because()),
        registers.insert("monday", Register(id="monday"), [], because()),
        registers.insert("friday", Register(id="friday", room="hall"), [], because()),
        registers.insert("sunday", Register(id="sunday", room="attic"), [], because()),
        return_exceptions=True,
    )

    assert types(results) == [Saved, Duplicate, Duplicate, Saved]
    assert [getattr(result, "index", None) for result in results] == [
        None,
        "_id_",
        "one_room",
        None,
    ]


async def test_a_taken_value_is_its_own_callers_error_in_updates(registers: Registers) -> None:
    await opened(registers, "monday", "friday")
    await registers.insert("tuesday", Register(id="tuesday", room="hall"), [], because())

    results = await asyncio.gather(
        registers.update("monday", come("ada"), because()),
        registers.update("monday", amend(room="hall"), because()),
        registers.update("friday", come("bob"), because()),
        registers.update("monday", come("cyd"), because()),
        return_exceptions=True,
    )

    assert types(results) == [Saved, Duplicate, Saved, Saved]
    monday = await registers.get("monday", "icb-demo")
    assert (monday.version, monday.state.came, monday.state.room) == (3, ("ada", "cyd"), None)
    assert (await registers.get("friday", "icb-demo")).state.came == ("bob",)


async def test_a_refused_write_needs_no_second_trip_for_the_others(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(registers, "monday", "friday", "sunday")
    await registers.insert("tuesday", Register(id="tuesday", room="hall"), [], because())
    writes = watch(monkeypatch, registers.collection, "write")

    results = await asyncio.gather(
        registers.update("monday", amend(room="hall"), because()),
        registers.update("friday", come("bob"), because()),
        registers.update("sunday", come("cyd"), because()),
        return_exceptions=True,
    )

    assert types(results) == [Duplicate, Saved, Saved]
    assert writes == [3]


async def test_a_database_that_does_not_answer_fails_every_caller_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registers = Registers(Memory().collection("registers"))
    await opened(registers, "monday", "friday")

    async def away(writes: Sequence[Write]) -> Sequence[bool | Duplicate]:
        raise Unavailable(f"{len(writes)} writes came to nothing.")

    with monkeypatch.context() as patch:
        patch.setattr(registers.collection, "write", away)
        results = await asyncio.gather(
            *(registers.update(id_, come("ada"), because()) for id_ in ("monday", "friday") * 2),
            registers.update("monday", refuse, because()),
            return_exceptions=True,
        )

    assert types(results) == [Unavailable] * 5
    assert (await registers.update("monday", come("ada"), because())).version == 2


async def test_a_caller_that_gives_up_disturbs_no_one(registers: Registers) -> None:
    await opened(registers, "monday")
    callers = [
        asyncio.create_task(registers.update("monday", come(mark), because())) for mark in "abc"
    ]
    await asyncio.sleep(0)

    callers[0].cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)

    assert types(results) == [asyncio.CancelledError, Saved, Saved]
    stored = await registers.get("monday", "icb-demo")
    assert [mark for mark in stored.state.came if mark != "a"] == ["b", "c"]
    assert stored.version == 1 + len(stored.state.came)


@pytest.mark.parametrize("backend", ["mongo"], indirect=True)
async def test_what_the_database_cannot_hold_is_its_own_callers_error(
    registers: Registers,
) -> None:
    await opened(registers, "monday", "friday", "full")
    bulk = "x" * 9_000_000
    await registers.update("full", lambda state: (state, came(state, bulk)), because())

    inserts = await asyncio.gather(
        registers.insert("a", Register(id="a"), [], because()),
        registers.insert("b", Register(id="b", shelves={"seeds": 2**64}), [], because()),
        registers.insert("c", Register(id="c", room=bulk + bulk), [], because()),
        return_exceptions=True,
    )
    updates = await asyncio.gather(
        registers.update("monday", come("ada"), because()),
        registers.update("friday", amend(shelves={"seeds": 2**64}), because()),
        registers.update("full", lambda state: (state, came(state, bulk)), because()),
        registers.update("friday", come("bob"), because()),
        return_exceptions=True,
    )

    assert types(inserts)[0] is Saved
    assert not any(isinstance(result, Saved | Unavailable) for result in inserts[1:])
    assert [isinstance(result, Saved) for result in updates] == [True, False, False, True]
    assert not any(isinstance(result, Unavailable) for result in updates)
    found = await registers.get_many(["monday", "friday", "full"], "icb-demo")
    assert {id_: (saved.version, saved.state.came) for id_, saved in found.items()} == {
        "monday": (2, ("ada",)),
        "friday": (2, ("bob",)),
        "full": (2, ()),
    }


@pytest.mark.parametrize("backend", ["mongo"], indirect=True)
async def test_an_error_of_the_database_never_tells_what_the_record_says(
    registers: Registers,
) -> None:
    await opened(registers, "full", "other")
    words = "the person's own words " * 400_000
    await registers.update("full", lambda state: (state, came(state, words)), because())

    results = await asyncio.gather(
        registers.update("full", lambda state: (state, came(state, words)), because()),
        registers.update("other", come("ada"), because()),
        return_exceptions=True,
    )

    error = results[0]
    assert isinstance(error, Exception)
    assert "own words" not in "".join(format_exception(error))


async def test_a_record_that_cannot_be_read_is_its_own_callers_error(
    registers: Registers,
) -> None:
    await opened(registers, "monday", "friday")
    spoilt = Write("monday", 1, "write-1", set={"state": {"tenant": "icb-demo"}})
    assert await registers.collection.write([spoilt]) == [True]

    results = await asyncio.gather(
        registers.update("monday", come("ada"), because()),
        registers.update("friday", come("bob"), because()),
        return_exceptions=True,
    )

    assert types(results) == [ValidationError, Saved]
