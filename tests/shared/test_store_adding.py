"""Numbers are added where they lie, each addition once, on the fake and on a real MongoDB."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from shared.store import Addition
from tests.shared.store_examples import NOON, TENANT, Register, Registers, because, raw


def addition(number: int, by: Mapping[str, int], *, to: str = "monday") -> Addition:
    return Addition(to, "shelves.batch", number, {f"shelves.{k}": n for k, n in by.items()}, NOON)


async def shelves(registers: Registers) -> Mapping[str, int]:
    return (await registers.get("monday", TENANT)).state.shelves


async def opened(registers: Registers, **shelves: int) -> None:
    await registers.insert("monday", Register(id="monday", shelves=shelves), (), because())


async def test_numbers_are_added_and_what_is_missing_counts_as_nought(
    registers: Registers,
) -> None:
    await opened(registers, batch=0, seeds=4)

    assert await registers.add([addition(1, {"seeds": -4, "pots": 2})]) == frozenset()

    assert await shelves(registers) == {"batch": 1, "seeds": 0, "pots": 2}


async def test_an_addition_made_before_is_not_made_again(registers: Registers) -> None:
    await opened(registers, batch=0, seeds=4)
    for number in (2, 2, 1):
        assert await registers.add([addition(number, {"seeds": 1})]) == frozenset()
    assert await shelves(registers) == {"batch": 2, "seeds": 5}


async def test_what_is_not_there_is_named_and_its_neighbours_are_added_to(
    registers: Registers,
) -> None:
    await opened(registers, batch=0)

    missing = await registers.add(
        [addition(1, {"seeds": 1}, to="tuesday"), addition(1, {"seeds": 1})]
    )

    assert missing == {"tuesday"}
    assert await shelves(registers) == {"batch": 1, "seeds": 1}


async def test_an_addition_moves_the_version_so_that_no_change_writes_over_it(
    registers: Registers,
) -> None:
    await opened(registers, batch=0, seeds=1)
    before = (await raw(registers, "monday"))["version"]

    def move(state: Register) -> tuple[Register, tuple[()]]:
        return state.model_copy(update={"room": "hall"}), ()

    await asyncio.gather(
        registers.update("monday", move, because()),
        registers.add([addition(1, {"seeds": 1})]),
    )

    found = (await registers.get("monday", TENANT)).state
    assert (found.room, found.shelves) == ("hall", {"batch": 1, "seeds": 2})
    assert (await raw(registers, "monday"))["version"] == before + 2
