"""Cells of very many cases, stored as the consumers and the counting worker would leave them.

Facts by the million would take hours to hear one by one. So each month's cases are made by the
functions that hearing calls (``note_*``, ``contribution``, ``add_up``, ``add``), the cells they
come to are written by the store's own codec, and processes share the months. Each story is told
once and moved to ``TOLD_IN`` places. ``compare`` shows on a sample that every document is then
what the consumers and the worker make of the same facts.

The cases themselves are not stored: no report reads them but to ask whether one still waits.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from random import Random
from typing import Any

from services.outcomes.consumers.reports import consumer
from services.outcomes.domain import reports
from services.outcomes.domain.reports import (
    Case,
    Contribution,
    Ledger,
    add,
    add_up,
    contribution,
    empty_cell,
)
from services.outcomes.handlers import reporting
from services.outcomes.handlers.counting import count_due
from services.outcomes.projections import make_stores
from services.outcomes.store import Stores
from shared.cause import Actor, Cause
from shared.errors import Unavailable
from shared.events import Event
from shared.ids import new_id
from shared.store import Database, DataKeys, Duplicate, codec
from shared.store.documents import Document
from shared.vault import BlindIndex, LocalMasterKeys
from tests.bench import stories
from tests.bench.stories import HOME, TENANT, UNMET_IN, Where, anywhere, moved, told

TOLD_IN = 10
STORED = 200
TRIES = 5
_SERVICE = Actor("outcomes", "service", "", TENANT)
_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Filled:
    """How many cells there are, and what they take in bytes: plain, on disk, the largest."""

    documents: int
    size: int
    stored: int
    indexes: int
    largest: int


@dataclass(frozen=True)
class Counted:
    """What the counting worker needed for so many new cases, and for one more fact of each."""

    cases: int
    seconds: float
    processor: float
    """Seconds of the worker's own processor time."""
    database: float
    """Seconds of the database's processor time."""
    commands: Mapping[str, int]


@asynccontextmanager
async def outcomes(uri: str, name: str) -> AsyncIterator[tuple[Database, Stores]]:
    """The service's stores in this database."""
    database = Database.connect(uri, name)
    keys = DataKeys(
        database.collection("person_keys"), LocalMasterKeys.development(), BlindIndex("no use")
    )
    try:
        yield database, make_stores(database.collection, keys)
    finally:
        await database.close()


async def prepare(stores: Stores) -> None:
    """Indexes, and the ledger as it is when one batch was counted and none is under way."""
    for store in (stores.cells, stores.cases, stores.ledgers, stores.trees):
        await store.ensure_indexes()
    ledger = Ledger(tenant=TENANT, secret="bench", number=1, counted_at=_AT)
    await stores.ledgers.insert(TENANT, ledger, (), _because("prepare"))


async def fill(
    uri: str, name: str, months: Mapping[str, int], advance: Callable[[int], None]
) -> None:
    """Store the cells of so many cases in each month; ``advance`` is told of each month done."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        tasks = {pool.submit(_fill_month, uri, name, m, n): n for m, n in months.items()}
        waiting = iter(as_completed(tasks))
        while (done := await asyncio.to_thread(next, waiting, None)) is not None:
            done.result()
            advance(tasks[done])


def _fill_month(uri: str, name: str, month: str, count: int) -> None:
    asyncio.run(_store_month(uri, name, month, count))


async def _store_month(uri: str, name: str, month: str, count: int) -> None:
    by_subject: dict[str, list[Contribution]] = {}
    for each in contributions(month, count):
        for subject, figures in _by_subject(each.figures).items():
            own = each.model_copy(update={"figures": figures})
            by_subject.setdefault(subject, []).append(own)
    async with outcomes(uri, name) as (_, stores):
        # A cell is of one subject: subject by subject takes a tenth of the memory.
        for some in by_subject.values():
            deltas = add_up(TENANT, [(each, 1) for each in some])
            ids = list(deltas)
            for start in range(0, len(ids), STORED):
                documents = [
                    document_of(stores, id_, deltas.pop(id_)) for id_ in ids[start : start + STORED]
                ]
                await _insert(stores, documents)


async def _insert(stores: Stores, documents: Sequence[Document]) -> None:
    """Store them, again where the database did not answer in time.

    Each cell is stored by one process once: one that is there by then was stored by a try
    whose answer did not come.
    """
    for attempt in range(TRIES):
        try:
            outcomes = await stores.cells.collection.insert(documents)
        except Unavailable:
            if attempt + 1 == TRIES:
                raise
            continue
        refused = [each for each in outcomes if each and not isinstance(each, Duplicate)]
        if refused:
            raise refused[0]
        return


def document_of(stores: Stores, cell: str, rows: Mapping[str, int]) -> Document:
    """The cell with these rows as it is stored."""
    state = add(empty_cell(cell), rows, 1)
    return codec.new_document(stores.cells, cell, state, (), _because("count"))


def contributions(month: str, count: int) -> Iterator[Contribution]:
    """What so many cases opened in the month count for, and the searches that go with them."""
    for case in cases(month, count):
        counted = contribution(case)
        if counted is not None:
            yield counted


def cases(month: str, count: int) -> Iterator[Case]:
    """So many cases of a month, each story in ``TOLD_IN`` places, and the searches."""
    chance = Random(f"places {month}")
    for n in range(0, count, TOLD_IN):
        name = f"{month}-{n}"
        story = told(stories.facts(name, month, HOME), name, HOME.network_id)
        for _ in range(min(TOLD_IN, count - n)):
            yield moved(story, anywhere(chance))
    for n in range(count // UNMET_IN):
        name = f"{month}-unmet-{n}"
        blank = Case(tenant=TENANT, case_id=f"unmet-{name}", changed_at=_AT)
        yield reports.note_unmet(blank, stories.unmet(name, month))


def _by_subject(figures: Mapping[str, int]) -> Mapping[str, Mapping[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for figure, number in figures.items():
        found.setdefault(figure.partition("|")[0], {})[figure] = number
    return found


async def measured(database: Database) -> Filled:
    """What the cells take."""
    stats = await database.command({"collStats": "cells"})
    found = await database.collection("cells").aggregate(
        [
            {"$project": {"size": {"$bsonSize": "$$ROOT"}}},
            {"$group": {"_id": None, "largest": {"$max": "$size"}}},
        ]
    )
    return Filled(
        documents=stats["count"],
        size=stats["size"],
        stored=stats["storageSize"],
        indexes=stats["totalIndexSize"],
        largest=found[0]["largest"],
    )


# The sample: heard and counted, beside filled


def sample(month: str, count: int) -> Sequence[tuple[str, Where]]:
    """Names and places of so many cases."""
    chance = Random(f"sample {month}")
    return [(f"sample-{month}-{n}", anywhere(chance)) for n in range(count)]


async def hear(stores: Stores, month: str, some: Sequence[tuple[str, Where]]) -> int:
    """Every fact of these cases through the consumer's own functions; how many there were."""
    numbers = iter(range(10**9))

    async def tell(event: Event) -> None:
        await consumer.listening[event.type].handler(
            event, _because(f"{month}-{next(numbers)}"), stores
        )

    async def case(name: str, where: Where) -> None:
        for event in stories.facts(name, month, where):
            await tell(event)
        compared = stories.wellbeing(name)
        if compared:
            await reporting.note(
                stores,
                name,
                lambda case: reports.note_wellbeing(case, compared, 1),
                _because(f"{name}-wellbeing"),
            )

    await asyncio.gather(*(tell(stories.belonging(n)) for n in range(stories.PRACTICES)))
    for start in range(0, len(some), STORED):
        await asyncio.gather(*(case(*each) for each in some[start : start + STORED]))
    for n in range(len(some) // UNMET_IN):
        await tell(stories.unmet(f"{month}-unmet-{n}", month))
    return next(numbers)


async def compare(uri: str, month: str, count: int) -> int:
    """Hear and count a sample, fill it as well, and compare document by document.

    How many cells were equal. Raises AssertionError where one differs.
    """
    name = f"bench-{new_id()[-12:]}"
    some = sample(month, count)
    async with outcomes(uri, name) as (database, stores):
        try:
            await prepare(stores)
            await hear(stores, month, some)
            while await count_due(stores, datetime.now(UTC)):
                pass
            direct = [
                moved(told(stories.facts(name, month, HOME), name, HOME.network_id), where)
                for name, where in some
            ]
            await _same_cases(stores, direct)
            searched = [
                reports.note_unmet(
                    Case(tenant=TENANT, case_id=f"unmet-{name}", changed_at=_AT),
                    stories.unmet(name, month),
                )
                for name in (f"{month}-unmet-{n}" for n in range(count // UNMET_IN))
            ]
            wanted = add_up(TENANT, [(contribution(case), 1) for case in (*direct, *searched)])
            ids = await stores.cells.ids(TENANT)
            held = await stores.cells.collection.read(list(ids))
            assert not set(held) ^ set(wanted), sorted(set(held) ^ set(wanted))[:5]
            for id_, rows in wanted.items():
                assert _lasting(held[id_]) == _lasting(document_of(stores, id_, rows)), id_
            return len(wanted)
        finally:
            await database.drop()


async def _same_cases(stores: Stores, direct: Sequence[Case]) -> None:
    passing = {"changed_at", "counted", "counted_in"}
    for start in range(0, len(direct), STORED):
        some = direct[start : start + STORED]
        held = await stores.cases.get_many([case.case_id for case in some], TENANT)
        for case in some:
            kept = held[case.case_id].state
            assert kept.model_dump(exclude=passing) == case.model_dump(exclude=passing)
            assert kept.counted == contribution(case)


def _lasting(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A cell's document without how often and when it was written, and rows of nought."""
    state = dict(document["state"])
    state.pop("batch")
    state["rows"] = {row: number for row, number in state["rows"].items() if number}
    passing = {"version", "created_at", "updated_at", "created", "writes", "state"}
    return {k: v for k, v in document.items() if k not in passing} | {"state": state}


# The worker


async def count(database: Database, stores: Stores, month: str, number: int) -> Counted:
    """Hear so many new cases, then have the worker count them; what that took it."""
    await hear(stores, month, sample(month, number))
    before = await _commands(database)
    database_before, begun = await _processor(database), os.times()
    started = asyncio.get_running_loop().time()
    while await count_due(stores, datetime.now(UTC) + timedelta(days=1)):
        pass
    seconds = asyncio.get_running_loop().time() - started
    ended = os.times()
    after = await _commands(database)
    return Counted(
        cases=number,
        seconds=seconds,
        processor=ended.user + ended.system - begun.user - begun.system,
        database=await _processor(database) - database_before,
        commands={name: after[name] - before[name] for name in after},
    )


async def _commands(database: Database) -> Mapping[str, int]:
    status = await database.command({"serverStatus": 1}, database="admin")
    own: Mapping[str, int] = status["opcounters"]
    return {name: own[name] for name in ("insert", "query", "update", "command")}


async def _processor(database: Database) -> float:
    status = await database.command({"serverStatus": 1}, database="admin")
    usage = status["extra_info"]
    return float(usage["user_time_us"] + usage["system_time_us"]) / 1_000_000


def _because(name: str) -> Cause:
    return Cause(id=name, actor=_SERVICE, at=_AT, repeatable=True)
