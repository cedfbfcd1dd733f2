"""Finding by one field's value: many who ask at once, one trip, each their own answer."""

from __future__ import annotations

import asyncio

import pytest

from shared.store import Saved
from tests.shared.store_examples import Register, Registers, because, watch


async def kept(store: Registers, *registers: Register) -> None:
    for each in registers:
        await store.insert(each.id, each, [], because())


def ids(found: list[Saved[Register]]) -> set[str]:
    return {each.id for each in found}


async def test_three_who_ask_at_once_are_one_find_and_each_gets_their_own(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept(
        registers,
        Register(id="monday", came=("ada", "ben")),
        Register(id="tuesday", came=("ben",)),
        Register(id="friday", came=("dee",)),
    )
    finds = watch(monkeypatch, registers.collection, "pick")

    ben, dee, nobody = await asyncio.gather(
        *(registers.having("icb-demo", "state.came", name, limit=5) for name in ("ben", "dee", "x"))
    )

    assert len(finds) == 1
    assert (ids(ben), ids(dee), nobody) == ({"monday", "tuesday"}, {"friday"}, [])


async def test_many_of_one_value_hide_none_of_another(registers: Registers) -> None:
    await kept(registers, Register(id="attic", came=("dee",)))
    await kept(registers, *(Register(id=f"hall-{n}", came=("ben",)) for n in range(6)))
    ben, dee = await asyncio.gather(
        *(registers.having("icb-demo", "state.came", name, limit=2) for name in ("ben", "dee"))
    )
    assert (ids(ben), ids(dee)) == ({"hall-5", "hall-4"}, {"attic"})


async def test_what_is_no_list_has_its_value(registers: Registers) -> None:
    await kept(registers, Register(id="monday", room="hall"), Register(id="friday", room="attic"))
    hall, attic = await asyncio.gather(
        *(registers.having("icb-demo", "state.room", room, limit=2) for room in ("hall", "attic"))
    )
    assert (ids(hall), ids(attic)) == ({"monday"}, {"friday"})


async def test_the_record_left_out_is_not_read(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept(
        registers, Register(id="monday", came=("ben",)), Register(id="friday", came=("ben",))
    )
    reads = watch(monkeypatch, registers.collection, "read")
    found = await registers.having("icb-demo", "state.came", "ben", limit=5, but="monday")
    assert ids(found) == {"friday"}
    assert reads == [1]


async def test_another_tenants_records_are_not_had(registers: Registers) -> None:
    await kept(registers, Register(id="monday", room="hall"))
    assert await registers.having("icb-other", "state.room", "hall", limit=5) == []
