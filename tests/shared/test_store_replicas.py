"""Two replicas on the same records: who wins, who tries again, and that nothing is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.errors import Contended, PreconditionFailed
from shared.store import Database, Saved
from tests.shared.store_examples import Register, Registers, amend, because, come, raw, watch


async def opened(store: Registers, *ids: str) -> None:
    await asyncio.gather(
        *(store.insert(record_id, Register(id=record_id), [], because()) for record_id in ids)
    )


def once(action: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """Do it the first time only."""
    left = [action]

    async def act() -> None:
        if left:
            await left.pop()()

    return act


async def test_who_comes_second_applies_to_what_the_first_left(
    registers: Registers, rival: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(registers, "monday", "friday")
    first = once(lambda: rival.update("monday", come("rival"), because()))
    writes = watch(monkeypatch, registers.collection, "write", before=first)

    monday, friday = await asyncio.gather(
        registers.update("monday", come("ada"), because()),
        registers.update("friday", come("bob"), because()),
    )

    assert (monday.version, monday.state.came) == (3, ("rival", "ada"))
    assert [line.seq for line in monday.history] == [1, 2]
    assert friday.version == 2
    assert writes == [2, 1]
    assert (await registers.get("monday", "icb-demo")).state == monday.state


async def test_who_comes_second_sees_that_its_version_is_gone(
    registers: Registers, rival: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(registers, "monday")
    first = once(lambda: rival.update("monday", come("rival"), because()))
    watch(monkeypatch, registers.collection, "write", before=first)

    with pytest.raises(PreconditionFailed):
        await registers.update("monday", come("ada"), because(), if_match=1)


async def test_a_cause_that_reached_both_replicas_applies_once_and_drags_no_other_along(
    registers: Registers, rival: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(registers, "monday")
    same = once(lambda: rival.update("monday", come("ada"), because("add")))
    watch(monkeypatch, registers.collection, "write", before=same)

    ada, bob = await asyncio.gather(
        registers.update("monday", come("ada"), because("add")),
        registers.update("monday", come("bob"), because()),
    )

    assert (ada.repeated, ada.version, ada.receipt) == (True, 2, {"size": 1})
    assert (bob.repeated, bob.version) == (False, 3)
    stored = await registers.get("monday", "icb-demo")
    assert stored.state.came == ("ada", "bob")


@pytest.mark.parametrize("backend", ["mongo"], indirect=True)
async def test_a_record_erased_meanwhile_does_not_come_back(
    registers: Registers, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(registers, "monday")
    erase = once(
        lambda: database.command({"delete": "registers", "deletes": [{"q": {}, "limit": 0}]})
    )
    watch(monkeypatch, registers.collection, "write", before=erase)

    with pytest.raises(Exception, match="no such record"):
        await registers.update("monday", come("ada"), because())

    assert await registers.count("icb-demo") == 0


class Overtaken:
    """The driver's collection, which lets a rival act between a bulk and its read-back."""

    def __init__(self, driver: Any, action: Callable[[], Awaitable[Any]]) -> None:
        self._driver = driver
        self._action = action

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    async def bulk_write(self, *args: Any, **options: Any) -> Any:
        result = await self._driver.bulk_write(*args, **options)
        await self._action()
        return result


@pytest.mark.parametrize("backend", ["mongo"], indirect=True)
@pytest.mark.parametrize(
    "options",
    [{}, {"if_match": 1}, {"remember": False}, {"if_match": 1, "remember": False}],
    ids=["plain", "if-match", "not remembered", "if-match, not remembered"],
)
async def test_a_write_that_is_overwritten_before_it_is_read_back_counts_once(
    registers: Registers,
    rival: Registers,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
) -> None:
    await opened(registers, "monday", "friday")
    # friday makes the count short; monday is stored, then changed again before the read-back.
    first = once(lambda: rival.update("friday", come("rival"), because()))
    watch(monkeypatch, registers.collection, "write", before=first)
    collection: Any = registers.collection
    overtake = once(lambda: rival.update("monday", come("rival"), because()))
    monkeypatch.setattr(collection, "_documents", Overtaken(collection._documents, overtake))

    monday, friday = await asyncio.gather(
        registers.update("monday", come("ada"), because(), **options),
        registers.update("friday", come("bob"), because()),
    )

    assert (monday.repeated, monday.version, friday.version) == (False, 2, 3)
    stored = await registers.get("monday", "icb-demo")
    assert (stored.version, stored.state.came) == (3, ("ada", "rival"))


async def test_a_record_others_keep_changing_is_contended_and_holds_no_one_up(
    registers: Registers, rival: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(registers, "monday", "friday")
    done: list[str] = []

    async def update(record_id: str) -> Saved[Register] | Contended:
        try:
            return await registers.update(record_id, come("ada"), because())
        except Contended as error:
            return error
        finally:
            done.append(record_id)

    writes = watch(
        monkeypatch,
        registers.collection,
        "write",
        before=lambda: rival.update("monday", come("rival"), because()),
    )

    results = await asyncio.gather(update("monday"), update("friday"))

    assert [type(result) for result in results] == [Contended, Saved]
    assert done == ["friday", "monday"]
    assert writes == [2, 1, 1, 1, 1, 1]
    stored = await registers.get("monday", "icb-demo")
    assert stored.state.came == ("rival",) * 6


async def test_two_replicas_in_heavy_contention_lose_and_repeat_nothing(
    registers: Registers, rival: Registers
) -> None:
    await opened(registers, "monday", "friday")

    async def insist(store: Registers, record_id: str, mark: str) -> Saved[Register]:
        cause = because(f"cause {record_id} {mark}")
        while True:
            try:
                return await store.update(record_id, come(mark), cause)
            except Contended:
                await asyncio.sleep(0.01)

    async def caller(store: Registers, name: str) -> list[tuple[str, int]]:
        made = []
        for n in range(10):
            record_id = "monday" if n % 3 else "friday"
            saved = await insist(store, record_id, f"{name} {n}")
            made.append((record_id, saved.version))
        return made

    made = await asyncio.gather(
        *(
            caller(store, f"{name} {k}")
            for k in range(10)
            for name, store in (("one", registers), ("two", rival))
        )
    )

    versions = Counter(each for one in made for each in one)
    for record_id, changes in (("monday", 120), ("friday", 80)):
        document = await raw(registers, record_id)
        assert document["version"] == 1 + changes
        assert len(set(document["state"]["came"])) == len(document["state"]["came"]) == changes
        assert [line["seq"] for line in document["history"]] == list(range(1, changes + 1))
        assert [entry["seq"] for entry in document["outbox"]] == list(range(1, changes + 1))
        assert [versions[record_id, v] for v in range(2, changes + 2)] == [1] * changes


async def test_one_room_is_won_by_one_of_many_on_two_replicas(
    registers: Registers, rival: Registers
) -> None:
    ids = [f"record {n}" for n in range(12)]
    await opened(registers, *ids)

    results = await asyncio.gather(
        *(
            (registers, rival)[n % 2].update(record_id, amend(room="hall"), because())
            for n, record_id in enumerate(ids)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(result, Saved) for result in results) == 1
    assert await registers.count("icb-demo", {"state.room": "hall"}) == 1
