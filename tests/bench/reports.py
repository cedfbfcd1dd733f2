"""How long a report takes over 100,000 and 1,000,000 cases, and how that grows.

    PYTHONPATH=. .venv/bin/python -m tests.bench.reports --cases 100000 1000000

Made-up cases go through the same `add_up` that counts real ones; the cells are then stored
in bulk, as counting would have left them. Each report is asked for through its handler and
turned into the JSON that is answered: 36 months, one and two dimensions, each scope, the first
page. ``turned`` is the slowest of all pages of the widest tables.

``--counting 5000`` also has so many cases counted by the worker's own steps, as a demand that
waits: cases a second, into a tenant that holds the cells of that size already.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import get_args

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.outcomes.api.reports import ReportView
from services.outcomes.domain.reports import (
    Case,
    Contribution,
    Ledger,
    Place,
    Question,
    add,
    add_up,
    ask,
    empty_cell,
)
from services.outcomes.domain.reports.case import Opening, Profile, Referred
from services.outcomes.domain.reports.cells import Deltas
from services.outcomes.handlers.counting import count_due
from services.outcomes.handlers.reporting import report
from services.outcomes.store import (
    Aliases,
    Cases,
    Cells,
    Erasures,
    Instruments,
    Ledgers,
    Plans,
    Stores,
    Trees,
)
from shared.cause import Actor, Cause
from shared.events import AdministrativeGender, AgeBand, EthnicGroup
from shared.ids import new_id
from shared.servers import Finder
from shared.store import Database, DataKeys
from shared.vault import BlindIndex, LocalMasterKeys

TENANT = "bench"
REPORTER = Actor("bench", "reporter", "icb", TENANT)
MONTHS = [f"{2023 + n // 12}-{n % 12 + 1:02}" for n in range(36)]
PRACTICES, NETWORKS, PROVIDERS = 150, 30, 300
NEEDS = [f"need_{n}" for n in range(30)]
STORED = 500
ASKED = 5


def contributions(count: int, seed: int) -> Iterator[Contribution]:
    """Cases spread evenly over practices and months, each sent on to one provider."""
    chance = random.Random(seed)
    for n in range(count):
        practice = chance.randrange(PRACTICES)
        network = practice % NETWORKS
        team, provider = f"team-{network}", f"provider-{chance.randrange(PROVIDERS)}"
        standing = chance.choice(("accepted", "completed", "in_support", "declined"))
        figures = {
            f"source|{team}|all|cases": 1,
            f"source|{team}|practice|cases": 1,
            f"need|{team}|all|cases": 1,
            f"need|{team}|{chance.choice(NEEDS)}|cases": 1,
            f"referrals|{team}|all|made": 1,
            f"referrals|{team}|all|intake": 1,
            f"referrals|{team}|all|accepted": 1,
            f"referrals|{provider}|all|made": 1,
            f"referrals|{provider}|all|onward": 1,
            f"referrals|{provider}|all|{standing}": 1,
            f"wait|{team}|intake|accepted": 1,
            f"wait|{team}|intake|accepted%3A{chance.randrange(12)}": 1,
        }
        yield Contribution(
            month=MONTHS[n * len(MONTHS) // count],
            dims={
                "team": team,
                "practice": f"practice-{practice}",
                "pcn": f"pcn-{network}",
                "age_band": chance.choice(get_args(AgeBand)),
                "sex": chance.choice(get_args(AdministrativeGender)),
                "ethnic_group": chance.choice(get_args(EthnicGroup)),
                "deprivation_decile": str(chance.randint(1, 10)),
            },
            figures=figures,
        )


async def load(stores: Stores, count: int, progress: Progress) -> int:
    """Count the cases and store their cells a month at a time; how many cells there are."""
    cause = Cause(id=new_id(), actor=REPORTER, at=datetime.now(UTC))
    ledger = Ledger(tenant=TENANT, secret="bench", number=1, counted_at=cause.at)
    await stores.ledgers.insert(TENANT, ledger, (), cause)
    task = progress.add_task(f"{count:,} cases", total=count)
    month, stored = MONTHS[0], 0
    pending: list[tuple[Contribution, int]] = []
    for each in contributions(count, seed=count):
        if each.month != month:
            stored += await store_cells(stores, add_up(TENANT, pending), cause)
            month, pending = each.month, []
        pending.append((each, 1))
        progress.advance(task)
    return stored + await store_cells(stores, add_up(TENANT, pending), cause)


async def store_cells(stores: Stores, deltas: Deltas, cause: Cause) -> int:
    ids = list(deltas)
    for start in range(0, len(ids), STORED):
        await asyncio.gather(
            *(
                stores.cells.insert(id_, add(empty_cell(id_), deltas[id_], 1), (), cause)
                for id_ in ids[start : start + STORED]
            )
        )
    return len(ids)


def questions() -> Iterator[tuple[str, Question]]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    span = (MONTHS[0], MONTHS[-1])
    whole: Sequence[tuple[str, tuple[str, ...]]] = (
        ("referrals", ()),
        ("referrals", ("month",)),
        ("referrals", ("practice",)),
        ("referrals", ("practice", "provider")),
        ("referrals", ("practice", "age_band")),
        ("need", ("deprivation_decile",)),
        ("need", ("practice", "month")),
        ("wait", ("provider", "age_band")),
        ("source", ("age_band", "ethnic_group")),
    )
    for name, by in whole:
        yield (
            f"{name} by {', '.join(by) or 'nothing'}",
            ask(REPORTER, name, by, span=span, wanted={}, now=now),
        )
    for kind in ("team", "practice", "provider"):
        asked = ask(
            REPORTER,
            "referrals",
            ("age_band", "sex"),
            span=span,
            wanted={kind: f"{kind}-3"},
            now=now,
        )
        yield f"referrals by age_band, sex of one {kind}", asked


async def measure(stores: Stores, progress: Progress) -> dict[str, list[float]]:
    asked = list(questions())
    task = progress.add_task("asking", total=len(asked) * ASKED)
    times: dict[str, list[float]] = {}
    for name, question in asked:
        for _ in range(ASKED):
            started = time.perf_counter()
            page = await report(stores, REPORTER, question, begin=Place(), most=2000)
            ReportView.of(page).model_dump_json()
            times.setdefault(name, []).append(time.perf_counter() - started)
            progress.advance(task)
    return times


async def turn(stores: Stores, progress: Progress) -> tuple[int, float]:
    """All pages of the two widest tables: how many, and how long the slowest took."""
    wide = [
        each for name, each in questions() if name.endswith(("practice, provider", "ce, month"))
    ]
    task = progress.add_task("turning", total=None)
    pages, slowest = 0, 0.0
    for question in wide:
        place: Place | None = Place()
        while place is not None:
            started = time.perf_counter()
            page = await report(stores, REPORTER, question, begin=place, most=2000)
            ReportView.of(page).model_dump_json()
            slowest = max(slowest, time.perf_counter() - started)
            pages, place = pages + 1, page.next
            progress.advance(task)
    return pages, slowest


def cases(count: int) -> Iterator[Case]:
    """Cases as facts leave them, of one month: an intake that was accepted, sent on to one."""
    chance = random.Random(count)
    at = datetime(2025, 12, 2, 9, tzinfo=UTC)
    for n in range(count):
        practice = chance.randrange(PRACTICES)
        team, provider = f"team-{practice % NETWORKS}", f"provider-{chance.randrange(PROVIDERS)}"
        id_ = f"counted-{count}-{n}"
        opening = Opening(
            at=at,
            source_organisation_id=f"practice-{practice}",
            team_organisation_id=team,
            source_code="practice",
            need_codes=(chance.choice(NEEDS),),
        )
        profile = Profile(
            seq=2,
            age_band=chance.choice(get_args(AgeBand)),
            sex=chance.choice(get_args(AdministrativeGender)),
            ethnic_group=chance.choice(get_args(EthnicGroup)),
            deprivation_decile=chance.randint(1, 10),
        )
        said = {"status": "accepted", "seq": 3, "made_at": at, "accepted_at": at}
        referrals = {
            id_: Referred(kind="intake", provider_organisation_id=team, **said),
            f"{id_}-on": Referred(kind="onward", provider_organisation_id=provider, **said),
        }
        yield Case(
            tenant=TENANT,
            case_id=id_,
            changed_at=at,
            opening=opening,
            profile=profile,
            referrals=referrals,
        )


async def count_all(stores: Stores, number: int, progress: Progress) -> float:
    """Cases a second that the worker's own steps count, without its rests."""
    now = datetime.now(UTC)
    cause = Cause(id=new_id(), actor=REPORTER, at=now)
    waiting = list(cases(number))
    for start in range(0, number, STORED):
        await asyncio.gather(
            *(
                stores.cases.insert(each.case_id, each, (), cause)
                for each in waiting[start : start + STORED]
            )
        )
    task = progress.add_task("counting", total=number)
    started = time.perf_counter()
    while taken := await count_due(stores, now):
        progress.advance(task, taken)
    return number / (time.perf_counter() - started)


async def main(sizes: Sequence[int], counting: int) -> None:
    console = Console()
    results: dict[int, dict[str, list[float]]] = {}
    async with Finder() as finder:
        uri = (await finder.mongo()).uri
        for size in sizes:
            database = Database.connect(uri, f"bench-{new_id()[-12:]}")
            keys = DataKeys(
                database.collection("person_keys"),
                LocalMasterKeys.development(),
                BlindIndex("of no use here"),
            )
            stores = Stores(
                plans=Plans(database.collection("plans"), keys),
                aliases=Aliases(database.collection("aliases")),
                instruments=Instruments(database.collection("instruments")),
                cases=Cases(database.collection("cases")),
                trees=Trees(database.collection("trees")),
                cells=Cells(database.collection("cells")),
                ledgers=Ledgers(database.collection("ledgers")),
                erasures=Erasures(database.collection("erasures")),
                person_keys=keys,
            )
            try:
                await stores.cells.ensure_indexes()
                await stores.cases.ensure_indexes()
                with Progress(console=console, transient=True) as progress:
                    started = time.perf_counter()
                    cells = await load(stores, size, progress)
                    console.print(
                        f"{size:,} cases in {cells:,} cells,"
                        f" loaded in {time.perf_counter() - started:.0f} s"
                    )
                    results[size] = await measure(stores, progress)
                    pages, slowest = await turn(stores, progress)
                    console.print(f"turned {pages} pages, the slowest in {1000 * slowest:.0f} ms")
                    if counting:
                        rate = await count_all(stores, counting, progress)
                        console.print(f"counted {counting:,} more cases: {rate:,.0f} a second")
            finally:
                await database.drop()
                await database.close()
    show(console, results)


def show(console: Console, results: dict[int, dict[str, list[float]]]) -> None:
    table = Table("36 months, ms", *(f"{size:,}: median / worst" for size in results), "growth")
    sizes = list(results)
    for name in results[sizes[0]]:
        cells = []
        for size in sizes:
            times = sorted(results[size][name])
            cells.append(f"{1000 * statistics.median(times):.0f} / {1000 * times[-1]:.0f}")
        medians = [statistics.median(results[size][name]) for size in sizes]
        table.add_row(name, *cells, f"{medians[-1] / medians[0]:.1f}x")
    console.print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--counting", type=int, default=0, help="cases to be counted as well")
    given = parser.parse_args()
    asyncio.run(main(given.cases, given.counting))
