"""Counting is exactly once, whichever step the process dies at."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from services.outcomes.domain.reports import Batch
from services.outcomes.handlers import counting
from services.outcomes.handlers.counting import recount
from services.outcomes.store import Stores
from shared.errors import Unavailable
from shared.events import Event, ReferralAccepted
from tests.outcomes.examples import TENANT, heard, intake, referral_fact
from tests.outcomes.reporting import NOW, counted, profiled, tell


class Dying:
    """A collection whose ``n``-th write of all is the last, done or not."""

    def __init__(self, collection: Any, writes: Iterator[int], n: int, *, done: bool) -> None:
        self._collection = collection
        self._writes = writes
        self._n = n
        self._done = done

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._collection, name)
        return self._guarded(found) if name in {"insert", "write", "add", "claim_due"} else found

    def _guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        async def guarded(*args: Any) -> Any:
            if next(self._writes) < self._n:
                return await call(*args)
            if self._done:
                await call(*args)
            raise Unavailable("The process died.")

        return guarded


def named(event: Event, tenant: str, n: int) -> Event:
    """The same fact of another case, in a tenant of the test's own."""
    own = {"tenant": tenant, "case_id": f"{tenant}-{n}", "referral_id": f"{tenant}-{n}"}
    return event.model_copy(update=own)


async def cells(stores: Stores, tenant: str) -> Mapping[str, Mapping[str, int]]:
    held = await stores.cells.get_many(await stores.cells.ids(tenant), tenant)
    return {
        id_.removeprefix(tenant): {row: count for row, count in saved.state.rows.items() if count}
        for id_, saved in held.items()
    }


async def die_at(stores: Stores, n: int, *, done: bool) -> bool:
    """Count until the ``n``-th write; whether it came to that."""
    kept: tuple[Any, ...] = (stores.cases, stores.cells, stores.ledgers)
    whole = [store.collection for store in kept]
    writes = itertools.count()
    for store in kept:
        store.collection = Dying(store.collection, writes, n, done=done)
    try:
        await counted(stores)
    except Unavailable:
        return True
    else:
        return False
    finally:
        for store, collection in zip(kept, whole, strict=True):
            store.collection = collection


async def some_cases(stores: Stores, tenant: str) -> None:
    for n in range(3):
        await tell(stores, named(intake(), tenant, n), named(profiled(), tenant, n))


@pytest.mark.parametrize("done", [False, True], ids=["before the write", "after the write"])
async def test_killed_between_any_two_steps_it_still_counts_each_case_once(
    stores: Stores, *, done: bool
) -> None:
    await some_cases(stores, "whole")
    await counted(stores)
    first = await cells(stores, "whole")
    await tell(stores, named(referral_fact(ReferralAccepted, 5), "whole", 1))
    await counted(stores)
    second = await cells(stores, "whole")
    assert first != second
    assert sum(rows.get("unknown|65-74|all|made", 0) for rows in first.values()) == 3

    deaths = 0
    for n in itertools.count():
        tenant = f"tenant-{n}"
        await some_cases(stores, tenant)
        died = await die_at(stores, n, done=done)
        await counted(stores)
        assert await cells(stores, tenant) == first
        await tell(stores, named(referral_fact(ReferralAccepted, 5), tenant, 1))
        died = await die_at(stores, n, done=done) or died
        await counted(stores)
        assert await cells(stores, tenant) == second
        deaths += died
        if not died:
            break
    assert deaths >= 6


async def test_a_process_that_comes_late_adds_no_batch_twice(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Batch] = []
    add = counting._add

    async def noted(stores: Stores, deltas: Any, number: int, cause: Any) -> None:
        state = (await stores.ledgers.get(TENANT, TENANT)).state
        seen.extend([state.batch] if state.batch else [])
        await add(stores, deltas, number, cause)

    monkeypatch.setattr(counting, "_add", noted)
    await tell(stores, intake(), profiled())
    await counted(stores)
    await tell(stores, referral_fact(ReferralAccepted, 5))
    await counted(stores)
    before = await cells(stores, TENANT)
    cause = heard("late")
    for batch in (*seen, *reversed(seen)):
        await add(stores, batch.deltas(TENANT), batch.number, cause)
        await counting._mark(stores, batch.number, batch.entries, cause)
    assert len(seen) == 2
    assert await cells(stores, TENANT) == before
    assert not (await recount(stores, TENANT, NOW, repair=False)).differing


async def test_a_case_counted_already_is_not_due(stores: Stores) -> None:
    await tell(stores, intake())
    assert await stores.cases.uncounted(TENANT) == 1
    await counted(stores)
    assert await stores.cases.uncounted(TENANT) == 0
    await tell(stores, intake())
    assert await stores.cases.uncounted(TENANT) == 0


async def test_rows_from_before_dots_were_quoted_are_added_to_as_well(stores: Stores) -> None:
    id_ = f"{TENANT}|tenant|wellbeing-change|2026-03|||sex|age_band"
    row = "female|65-74|ons4.anxiety|better"
    for number, by in ((1, 3), (2, -1), (2, -1)):
        await counting._add(stores, {id_: {row: by}}, number, heard(f"count {number}"))
    assert (await stores.cells.get(id_, TENANT)).state.rows == {row: 2}


async def test_a_recount_finds_and_repairs_a_cell_that_is_wrong(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "_CELLS_ADDED_TO", 7)  # so that there are several rounds
    monkeypatch.setattr(counting, "_CELLS_COMPARED", 5)
    await some_cases(stores, TENANT)
    await counted(stores)
    right = await cells(stores, TENANT)
    assert not (await recount(stores, TENANT, NOW, repair=True)).differing
    id_ = min(await stores.cells.ids(TENANT))
    wrong = {"rows": {"bad|65-74|all|made": 7}}
    await stores.cells.update(
        id_, lambda cell: (cell.model_copy(update=wrong), ()), heard("bug"), remember=False
    )
    assert (await recount(stores, TENANT, NOW, repair=False)).differing == [id_]
    assert await cells(stores, TENANT) != right
    assert (await recount(stores, TENANT, NOW, repair=True)).repaired
    assert await cells(stores, TENANT) == right
