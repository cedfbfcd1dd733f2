"""What a store promises of inserts and updates, on the fake and on a real MongoDB alike."""

from __future__ import annotations

import pytest

from shared.errors import Conflict, KeyReused, NotFound, PreconditionFailed
from shared.store import Duplicate, HistoryEntry
from tests.shared.store_examples import (
    ELSEWHERE,
    NOON_STORED,
    TRACE,
    Register,
    Registers,
    amend,
    because,
    came,
    come,
    keep,
    later,
    raw,
    refuse,
)

MONDAY = Register(id="monday")


async def test_an_inserted_record_is_what_is_read_afterwards(registers: Registers) -> None:
    state = Register(id="monday", room="hall", came=("ada",), shelves={"seeds": 4})

    saved = await registers.insert("monday", state, came(state, "ada"), because("open"))

    line = HistoryEntry(1, "someone-came", NOON_STORED, "link_worker", "Y90001", "Someone came")
    for each in (saved, await registers.get("monday", "icb-demo")):
        assert (each.id, each.version, each.state) == ("monday", 1, state)
        assert each.created_at == NOON_STORED
        assert each.history == (line,)
        assert not each.repeated
    assert saved.receipt == {"size": 1}


async def test_a_document_keeps_state_unsent_events_causes_and_history_together(
    registers: Registers,
) -> None:
    cause = because("open", digest="d1", traceparent=TRACE)
    await registers.insert("monday", MONDAY, came(MONDAY, "ada"), cause)

    document = await raw(registers, "monday")

    (entry,) = document["outbox"]
    assert {key: entry[key] for key in ("type", "seq", "source", "subject", "key")} == {
        "type": "someone-came",
        "seq": 1,
        "source": "/linkway/registers",
        "subject": "monday",
        "key": "key-monday",
    }
    assert (entry["time"], entry["traceparent"]) == (NOON_STORED, TRACE)
    assert '"seq":1' in entry["data"]
    assert document["created"] == {
        "id": "open",
        "digest": "d1",
        "at": NOON_STORED,
        "version": 1,
        "receipt": {"size": 0},
    }
    assert (document["seen"], document["version"], document["seq"]) == ([], 1, 1)
    assert document["facets"] == {"marks": [], "size": 0}
    assert 0 <= document["slot"] < 16
    assert document["outbox_since"] == NOON_STORED


async def test_a_record_without_events_has_nothing_to_send(registers: Registers) -> None:
    await registers.insert("monday", MONDAY, [], because())

    assert "outbox_since" not in await raw(registers, "monday")


async def test_a_repeated_insert_gives_the_first_answer_and_changes_nothing(
    registers: Registers,
) -> None:
    await registers.insert("monday", MONDAY, came(MONDAY, "ada"), because("open"))
    await registers.update("monday", come("bob"), because())
    before = await raw(registers, "monday")

    again = await registers.insert("monday", MONDAY, came(MONDAY, "ada"), because("open"))

    assert (again.repeated, again.version, again.receipt) == (True, 1, {"size": 0})
    assert again.state.came == ("bob",)
    assert await raw(registers, "monday") == before


async def test_a_key_that_comes_with_other_content_is_refused(registers: Registers) -> None:
    await registers.insert("monday", MONDAY, [], because("open", digest="d1"))
    await registers.update("monday", come("ada"), because("add", digest="d2"))

    with pytest.raises(KeyReused) as raised:
        await registers.insert("monday", MONDAY, [], because("open", digest="d9"))
    assert raised.value.errors[0].pointer == "/headers/Idempotency-Key"
    with pytest.raises(KeyReused):
        await registers.update("monday", come("ada"), because("add", digest="d9"))
    with pytest.raises(KeyReused):
        await registers.update("monday", come("ada"), because("open", digest="d2"))

    assert (await registers.get("monday", "icb-demo")).version == 2


async def test_another_tenants_record_is_neither_seen_nor_changed(registers: Registers) -> None:
    await registers.insert("monday", MONDAY, [], because("open"))

    with pytest.raises(NotFound):
        await registers.get("monday", ELSEWHERE)
    with pytest.raises(NotFound):
        await registers.update("monday", come("eve"), because(tenant=ELSEWHERE))
    with pytest.raises(Duplicate):
        await registers.insert("monday", MONDAY, [], because("open", tenant=ELSEWHERE))
    assert await registers.get_many(["monday"], ELSEWHERE) == {}
    assert (await registers.get("monday", "icb-demo")).version == 1


async def test_a_missing_record_is_not_found_and_not_made(registers: Registers) -> None:
    with pytest.raises(NotFound):
        await registers.get("monday", "icb-demo")
    with pytest.raises(NotFound):
        await registers.update("monday", come("ada"), because())

    assert await registers.count("icb-demo") == 0


async def test_an_update_adds_to_version_history_and_unsent_events(registers: Registers) -> None:
    await registers.insert("monday", MONDAY, came(MONDAY, "ada"), because())

    first = await registers.update("monday", come("bob", "cyd"), because(at=later(hours=1)))
    second = await registers.update("monday", come("dot"), because(at=later(hours=2)))

    assert (first.version, first.state.came, first.receipt) == (2, ("bob", "cyd"), {"size": 2})
    assert (second.version, second.state.came) == (3, ("bob", "cyd", "dot"))
    read = await registers.get("monday", "icb-demo")
    assert (read.version, read.state) == (3, second.state)
    assert [line.seq for line in read.history] == [1, 2, 3, 4]
    assert read.history == second.history
    assert first.history == second.history[:3]
    document = await raw(registers, "monday")
    assert [entry["seq"] for entry in document["outbox"]] == [1, 2, 3, 4]
    assert len({entry["id"] for entry in document["outbox"]}) == 4
    assert document["created_at"] == NOON_STORED
    assert document["facets"] == {"marks": ["bob", "cyd", "dot"], "size": 3}


async def test_a_repeated_cause_gives_the_first_answer_and_changes_nothing(
    registers: Registers,
) -> None:
    await registers.insert("monday", MONDAY, [], because())
    await registers.update("monday", come("ada"), because("add"))
    await registers.update("monday", come("bob"), because())
    before = await raw(registers, "monday")

    again = await registers.update("monday", come("ada"), because("add"))

    assert (again.repeated, again.version, again.receipt) == (True, 2, {"size": 1})
    assert again.state.came == ("ada", "bob")
    assert await raw(registers, "monday") == before


async def test_if_match_lets_only_the_version_read_be_changed(registers: Registers) -> None:
    await registers.insert("monday", MONDAY, [], because())
    first = await registers.update("monday", come("ada"), because("add"), if_match=1)

    with pytest.raises(PreconditionFailed) as raised:
        await registers.update("monday", come("bob"), because(), if_match=1)

    assert raised.value.context == {"current_version": 2}
    assert first.version == 2
    again = await registers.update("monday", come("ada"), because("add"), if_match=1)
    assert (again.repeated, again.version) == (True, 2)
    assert (await registers.get("monday", "icb-demo")).state.came == ("ada",)


async def test_a_refused_change_reaches_its_caller_and_writes_nothing(
    registers: Registers,
) -> None:
    await registers.insert("monday", MONDAY, [], because())
    before = await raw(registers, "monday")

    with pytest.raises(Conflict) as raised:
        await registers.update("monday", refuse, because())

    assert raised.value.context == {"id": "monday"}
    assert await raw(registers, "monday") == before


async def test_a_change_whose_receipt_fails_leaves_nothing_behind(registers: Registers) -> None:
    await registers.insert("monday", MONDAY, [], because())
    before = await raw(registers, "monday")

    with pytest.raises(ValueError, match="no receipt"):
        await registers.update("monday", come("nothing to show"), because())

    assert await raw(registers, "monday") == before


async def test_a_change_of_nothing_writes_nothing_and_answers_with_the_present(
    registers: Registers,
) -> None:
    await registers.insert("monday", MONDAY, [], because())
    await registers.update("monday", come("ada"), because())
    before = await raw(registers, "monday")

    saved = await registers.update("monday", keep, because())

    assert (saved.version, saved.repeated, saved.receipt) == (2, False, {"size": 1})
    assert await raw(registers, "monday") == before


async def test_a_change_of_state_needs_no_event_and_an_event_no_change_of_state(
    registers: Registers,
) -> None:
    await registers.insert("monday", MONDAY, [], because())

    silent = await registers.update("monday", amend(room="hall"), because())
    told = await registers.update("monday", lambda state: (state, came(state, "ada")), because())

    assert (silent.version, silent.history) == (2, ())
    assert (told.version, told.state.came, len(told.history)) == (3, (), 1)


async def test_what_is_removed_from_the_state_is_really_gone(registers: Registers) -> None:
    state = Register(id="monday", room="hall", shelves={"seeds": 4, "pots": 1})
    await registers.insert("monday", state, [], because())

    await registers.update("monday", amend(shelves={"pots": 1}, room=None), because())

    document = await raw(registers, "monday")
    assert document["state"]["shelves"] == {"pots": 1}
    assert "room" not in document["facets"]


async def test_an_unremembered_cause_applies_each_time(registers: Registers) -> None:
    await registers.insert("monday", MONDAY, [], because())

    for _ in range(2):
        await registers.update("monday", come("ada"), because("add"), remember=False)

    document = await raw(registers, "monday")
    assert (document["seen"], document["version"]) == ([], 3)
    assert document["state"]["came"] == ["ada", "ada"]


async def test_a_timeline_keeps_its_latest_thousand_lines(registers: Registers) -> None:
    await registers.insert("monday", MONDAY, [], because())

    await registers.update("monday", come(*map(str, range(1005))), because())

    read = await registers.get("monday", "icb-demo")
    assert [line.seq for line in read.history] == list(range(6, 1006))


async def test_a_store_that_names_no_source_states_no_facts(registers: Registers) -> None:
    class Silent(Registers):
        source = ""

    silent = Silent(registers.collection)
    await silent.insert("monday", MONDAY, [], because())

    with pytest.raises(ValueError, match="names no source"):
        await silent.update("monday", come("ada"), because())
    assert (await silent.update("monday", amend(room="hall"), because())).version == 2
