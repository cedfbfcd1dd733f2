"""Counting cases into cells: exactly once, whenever it is interrupted.

The order of the steps is the proof; see ``domain.reports.ledger``. Each may be repeated, by
this process or another.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.outcomes.domain.reports import (
    Batch,
    Deltas,
    Entry,
    Ledger,
    add,
    add_up,
    counted_in,
    empty_cell,
    entries_of,
)
from services.outcomes.store import Stores
from shared.cause import Actor, Cause
from shared.errors import Conflict, Contended, NotFound, PreconditionFailed
from shared.ids import new_id
from shared.store import Duplicate, Saved

_AT_A_TIME = 1000
"""Cases in a batch: many share a cell, so a large one costs less for each. Written down it
takes some kilobytes a case, of the sixteen megabytes a document may have."""
_LEASE = timedelta(seconds=30)
_REST = 2.0
"""Seconds at least: cases that change together share cells, and each cell costs a write."""
_RESTS = 9.0
"""How many times as long as it worked counting rests: it takes a tenth of the time at most,
so that a flood of facts is heard first, and counted in large batches while it lasts."""
_CELLS_ADDED_TO = 500
_CELLS_COMPARED = 200


@dataclass(frozen=True)
class Recounted:
    """What a recount found: cells there should be, and ids of those that were different."""

    cells: int
    differing: Sequence[str]
    repaired: bool


async def keep_counting(
    stores: Stores, now: Callable[[], datetime], *, between: Callable[[datetime], Awaitable[None]]
) -> None:
    """Count cases as they change, until cancelled; ``between`` is done while nothing is counted.

    It rests several times as long as it worked: whoever waits longer is counted in a larger
    batch, which costs less for each, and the facts themselves are heard meanwhile.
    """
    while True:
        began = time.monotonic()
        await count_due(stores, now())
        await between(now())
        await asyncio.sleep(max(_REST, _RESTS * (time.monotonic() - began)))


async def count_due(stores: Stores, now: datetime) -> int:
    """Count cases that wait; how many were taken."""
    claimed = await stores.cases.claim_due(now, _LEASE, _AT_A_TIME)
    by_tenant: dict[str, list[str]] = {}
    for saved in claimed:
        by_tenant.setdefault(saved.state.tenant, []).append(saved.id)
    for tenant, ids in by_tenant.items():
        await count_cases(stores, tenant, ids, now)
    return len(claimed)


async def count_cases(stores: Stores, tenant: str, ids: Sequence[str], now: datetime) -> None:
    """Bring the cells up to what these cases count for. Raises Contended where others hurry it."""
    for _ in range(10):
        ledger = await clear(stores, tenant, now)
        if _is_held(ledger.state, now):
            return  # the cases stay due
        # Only now, with no batch under way, does what the cases say they counted for hold.
        cases = await stores.cases.get_many(ids, tenant)
        entries = entries_of([saved.state for saved in cases.values()])
        if not entries:
            return
        if await _begin(stores, ledger, now, entries=entries):
            await clear(stores, tenant, now)
            return
    raise Contended("Others keep counting the same cases.")


async def clear(stores: Stores, tenant: str, now: datetime) -> Saved[Ledger]:
    """Finish the batch that is under way, if any; the ledger as it is then."""
    cause = _cause(tenant, now)
    while True:
        try:
            ledger = await stores.ledgers.get(tenant, tenant)
        except NotFound:
            fresh = Ledger(tenant=tenant, secret=secrets.token_hex(16))
            try:
                return await stores.ledgers.insert(tenant, fresh, (), cause)
            except Duplicate:
                continue
        batch = ledger.state.batch
        if batch is None:
            return ledger
        await _add(stores, batch.deltas(tenant), batch.number, cause)
        await _mark(stores, batch.number, batch.entries, cause)
        number = batch.number

        def cleared(state: Ledger, number: int = number) -> tuple[Ledger, tuple[()]]:
            if state.batch is None or state.batch.number != number:
                return state, ()
            return state.model_copy(update={"batch": None, "counted_at": now}), ()

        await stores.ledgers.update(tenant, cleared, cause, remember=False)


def _is_held(ledger: Ledger, now: datetime) -> bool:
    return ledger.held_until is not None and ledger.held_until > now


async def hold(stores: Stores, tenant: str, now: datetime, until: datetime) -> Saved[Ledger]:
    """Finish what is being counted, and let nothing more begin before ``until``."""

    def held(state: Ledger) -> tuple[Ledger, tuple[()]]:
        if state.batch is not None:
            raise Conflict("A batch is being counted.")
        return state.model_copy(update={"held_until": until}), ()

    while True:
        await clear(stores, tenant, now)
        try:
            return await stores.ledgers.update(tenant, held, _cause(tenant, now), remember=False)
        except Conflict:
            continue


async def recount(stores: Stores, tenant: str, now: datetime, *, repair: bool) -> Recounted:
    """Build the cells anew from the cases, compare, and put right what differs.

    Raises Contended where something was counted meanwhile: then try again.
    """
    ledger = await clear(stores, tenant, now)
    wanted = add_up(tenant, [(saved.state.counted, 1) async for saved in stores.cases.each(tenant)])
    corrections: Deltas = {}
    ids = sorted({*wanted, *await stores.cells.ids(tenant)})
    for start in range(0, len(ids), _CELLS_COMPARED):
        some = ids[start : start + _CELLS_COMPARED]
        held = await stores.cells.get_many(some, tenant)
        for id_ in some:
            rows = held[id_].state.rows if id_ in held else {}
            should = wanted.get(id_, {})
            wrong = {
                row: by
                for row in rows.keys() | should.keys()
                if (by := should.get(row, 0) - rows.get(row, 0))
            }
            if wrong:
                corrections[id_] = wrong
    if (await stores.ledgers.get(tenant, tenant)).version != ledger.version:
        raise Contended("Cases were counted while the cells were compared; try again.")
    differing = sorted(corrections)
    for start in range(0, len(differing) if repair else 0, _CELLS_COMPARED):
        some = differing[start : start + _CELLS_COMPARED]
        if not await _begin(
            stores, ledger, now, corrections={id_: corrections[id_] for id_ in some}
        ):
            raise Contended("Cases were counted while the cells were repaired; try again.")
        ledger = await clear(stores, tenant, now)
    return Recounted(len(wanted), differing, repaired=repair and bool(differing))


async def _begin(
    stores: Stores,
    ledger: Saved[Ledger],
    now: datetime,
    *,
    entries: Mapping[str, Entry] | None = None,
    corrections: Deltas | None = None,
) -> bool:
    """Write the next batch down; False where someone else went first."""
    if _is_held(ledger.state, now):
        return False
    number = ledger.state.number + 1
    batch = Batch(number=number, entries=entries or {}, corrections=corrections or {})
    changed = {"number": number, "batch": batch}
    try:
        await stores.ledgers.update(
            ledger.id,
            lambda state: (state.model_copy(update=changed), ()),
            _cause(ledger.state.tenant, now),
            if_match=ledger.version,
            remember=False,
        )
    except PreconditionFailed:
        return False
    return True


async def _add(stores: Stores, deltas: Deltas, number: int, cause: Cause) -> None:
    """Add a batch to each cell that has it not yet; no cell is read for that."""
    no_paths = {id_ for id_, rows in deltas.items() if any("." in row for row in rows)}
    for id_ in no_paths:
        await _add_by_reading(stores, id_, deltas[id_], number, cause)
    ids = [id_ for id_ in deltas if id_ not in no_paths]
    for start in range(0, len(ids), _CELLS_ADDED_TO):
        missing = {id_: deltas[id_] for id_ in ids[start : start + _CELLS_ADDED_TO]}
        while missing:
            gone = await stores.cells.add_batch(missing, number, cause.at)
            missing = {id_: missing[id_] for id_ in gone}
            made = [_make(stores, id_, rows, number, cause) for id_, rows in missing.items()]
            # Those that another process made meanwhile hold this batch, or one before.
            here = dict(zip(missing, await asyncio.gather(*made), strict=True))
            missing = {id_: rows for id_, rows in missing.items() if not here[id_]}


async def _add_by_reading(
    stores: Stores, id_: str, rows: Mapping[str, int], number: int, cause: Cause
) -> None:
    """The same for rows whose key is no path: written before dots were quoted."""
    while True:
        try:
            await stores.cells.update(
                id_, lambda cell: (add(cell, rows, number), ()), cause, remember=False
            )
        except NotFound:
            if await _make(stores, id_, rows, number, cause):
                return
        else:
            return


async def _make(
    stores: Stores, id_: str, rows: Mapping[str, int], number: int, cause: Cause
) -> bool:
    """Store a cell that nothing was counted in before; False where it is there by now."""
    try:
        await stores.cells.insert(id_, add(empty_cell(id_), rows, number), (), cause)
    except Duplicate:
        return False
    return True


async def _mark(stores: Stores, number: int, entries: Mapping[str, Entry], cause: Cause) -> None:
    async def one(case_id: str, entry: Entry) -> None:
        await stores.cases.update(
            case_id, lambda case: (counted_in(case, number, entry), ()), cause, remember=False
        )

    await asyncio.gather(*(one(case_id, entry) for case_id, entry in entries.items()))


def _cause(tenant: str, now: datetime) -> Cause:
    return Cause(id=new_id(), actor=Actor("outcomes", "service", "", tenant), at=now)
