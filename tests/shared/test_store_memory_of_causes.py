"""How long a record remembers what was applied to it."""

from __future__ import annotations

import asyncio

from tests.shared.store_examples import Register, Registers, because, come, raw

MONDAY = Register(id="monday")


async def test_the_129th_cause_pushes_out_the_first(registers: Registers) -> None:
    await registers.insert("monday", MONDAY, [], because("open"))
    await registers.update("monday", come("first"), because("first"))
    for n in range(127):
        await registers.update("monday", come(f"mark {n}"), because(f"cause {n}"))

    assert (await registers.update("monday", come("first"), because("first"))).repeated

    await registers.update("monday", come("last"), because("last"))

    document = await raw(registers, "monday")
    assert len(document["seen"]) == 128
    assert not (await registers.update("monday", come("again"), because("first"))).repeated
    assert (await registers.update("monday", come("mark 1"), because("cause 1"))).repeated


async def test_causes_that_come_together_push_out_the_oldest(registers: Registers) -> None:
    await registers.insert("monday", MONDAY, [], because())
    await registers.update("monday", come("first"), because("first"))

    await asyncio.gather(
        *(registers.update("monday", come(f"{n}"), because(f"cause {n}")) for n in range(200))
    )

    document = await raw(registers, "monday")
    assert [entry["id"] for entry in document["seen"]] == [f"cause {n}" for n in range(72, 200)]


async def test_the_cause_that_created_a_record_is_remembered_for_good(
    registers: Registers,
) -> None:
    await registers.insert("monday", MONDAY, [], because("open"))
    await asyncio.gather(*(registers.update("monday", come(f"{n}"), because()) for n in range(300)))

    again = await registers.insert("monday", MONDAY, [], because("open"))

    assert (again.repeated, again.version, again.receipt) == (True, 1, {"size": 0})


async def test_a_cause_that_comes_twice_at_once_applies_once(registers: Registers) -> None:
    opened = await asyncio.gather(
        *(registers.insert("monday", MONDAY, [], because("open")) for _ in range(3))
    )
    added = await asyncio.gather(
        *(registers.update("monday", come("ada"), because("add")) for _ in range(3))
    )

    assert sorted(each.repeated for each in opened) == [False, True, True]
    assert {each.version for each in opened} == {1}
    assert [each.repeated for each in added] == [False, True, True]
    assert {each.version for each in added} == {2}
    assert (await registers.get("monday", "icb-demo")).state.came == ("ada",)
