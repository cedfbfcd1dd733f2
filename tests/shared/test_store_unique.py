"""Values that only one record may hold, and which index says so."""

from __future__ import annotations

import pytest

from shared.errors import Conflict, NotFound
from shared.store import Duplicate
from tests.shared.store_examples import ELSEWHERE, Register, Registers, amend, because

MONDAY = Register(id="monday")


async def test_an_id_in_use_is_a_duplicate_that_names_the_id(registers: Registers) -> None:
    await registers.insert("monday", MONDAY, [], because())

    with pytest.raises(Duplicate) as raised:
        await registers.insert("monday", MONDAY, [], because())

    assert isinstance(raised.value, Conflict)
    assert raised.value.index == "_id_"


async def test_a_unique_value_in_use_is_a_duplicate_that_names_the_index(
    registers: Registers,
) -> None:
    await registers.insert("monday", Register(id="monday", room="hall"), [], because())

    with pytest.raises(Duplicate) as raised:
        await registers.insert("friday", Register(id="friday", room="hall"), [], because())

    assert raised.value.index == "one_room"
    with pytest.raises(NotFound):
        await registers.get("friday", "icb-demo")


async def test_a_partial_index_binds_only_records_that_it_covers(registers: Registers) -> None:
    there = Register(id="there", tenant=ELSEWHERE, room="hall")
    await registers.insert("monday", Register(id="monday", room="hall"), [], because())

    await registers.insert("there", there, [], because(tenant=ELSEWHERE))
    await registers.insert("friday", Register(id="friday", room="attic"), [], because())
    await registers.insert("saturday", Register(id="saturday"), [], because())
    await registers.insert("sunday", Register(id="sunday"), [], because())

    assert await registers.count("icb-demo") == 4


async def test_a_record_out_of_a_partial_index_leaves_its_value_to_others(
    registers: Registers,
) -> None:
    for n, closed in enumerate([True, True, False]):
        state = Register(id=str(n), lead="worker-1", closed=closed)
        await registers.insert(str(n), state, [], because())

    with pytest.raises(Duplicate) as raised:
        await registers.update("0", amend(closed=False), because())

    assert raised.value.index == "one_lead"


async def test_a_unique_value_is_free_again_when_its_holder_gives_it_up(
    registers: Registers,
) -> None:
    await registers.insert("monday", Register(id="monday", room="hall"), [], because())
    await registers.update("monday", amend(room=None), because())

    await registers.insert("friday", Register(id="friday", room="hall"), [], because())

    with pytest.raises(Duplicate) as raised:
        await registers.update("monday", amend(room="hall"), because())
    assert raised.value.index == "one_room"
    assert (await registers.get("monday", "icb-demo")).version == 2
