"""How long reports take over 100,000 and 1,000,000 cases, through the API, and how that grows.

    .venv/bin/python -m tests.bench.reports --write     # writes its part of docs/reports.md

Cases of 36 months are stored as hearing and counting would leave them (``filling``, which also
shows on a sample that the documents are the same). Then every subject is asked for by every cut
over all 36 months, as JSON and as CSV in turn, and with two cuts and of one organisation those
that read most; of a table in pages the first. Requests come one at a time; tokens, validation and
the text of the answer are in the figures, a network is not. Last the counting worker counts new
cases on top of what is there. Made-up data from fixed seeds: two runs ask the same of the same.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.outcomes.app import create_app
from services.outcomes.domain.reports import SUBJECTS
from services.outcomes.settings import Settings
from shared.devissuer import DevIssuer
from shared.ids import new_id
from shared.servers import Finder
from shared.store import Database
from shared.testing import serving
from tests.bench import filling
from tests.bench.alone import environment
from tests.bench.filling import Counted, Filled
from tests.bench.stories import TENANT

MONTHS = [f"{2023 + n // 12}-{n % 12 + 1:02}" for n in range(36)]
ASKED = 6
SAMPLE = 200
WIDE = ("referrals", "need", "wait", "attendance")
"""The subjects asked for by two cuts and of one organisation: they have the most rows."""

PAIRS = (
    ("practice", "provider"),
    ("practice", "month"),
    ("practice", "age_band"),
    ("provider", "deprivation_decile"),
    ("pcn", "month"),
    ("age_band", "ethnic_group"),
)
PAGE = Path(__file__).parents[2] / "docs" / "reports.md"
HEADING = "## How fast"

Ask = Callable[[str, str], Awaitable[int]]
"""Asks for an address in a format; how many bytes were answered."""


@dataclass
class Taken:
    """Seconds of each request of one kind, processor seconds of the service for all of them."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    """By subject."""
    processor: float = 0.0
    bytes: int = 0

    @property
    def all(self) -> list[float]:
        """Of all subjects, in order."""
        return sorted(each for some in self.seconds.values() for each in some)

    @property
    def slowest(self) -> str:
        """The subject that took longest, by its median."""
        return max(self.seconds, key=lambda subject: statistics.median(self.seconds[subject]))


@dataclass
class Sized:
    """What was found at one number of cases."""

    filled: Filled
    taken: dict[str, Taken]
    counted: Counted


def questions() -> Iterator[tuple[str, str, str]]:
    """The kind of question, its subject, its address."""
    span = {"from": MONTHS[0], "to": MONTHS[-1]}

    def address(subject: str, **asked: str) -> str:
        return f"/reports/{subject}?{urlencode(span | asked)}"

    for each, subject in SUBJECTS.items():
        yield "by nothing", each, address(each)
        for cut in subject.by:
            yield f"by {cut}", each, address(each, by=cut)
    for name in WIDE:
        for pair in PAIRS:
            yield f"by {' and '.join(pair)}", name, address(name, by=",".join(pair))
        for kind in ("team", "practice", "provider"):
            own = {kind: f"{kind}-3"}
            yield f"of one {kind}", name, address(name, by="age_band,sex", **own)


@asynccontextmanager
async def service(mongo_uri: str, name: str, folder: Path) -> AsyncIterator[Ask]:
    """Outcomes on this database, and how to ask it; Kafka is away, as it may be."""
    issuer = DevIssuer()
    os.environ |= environment(issuer, mongo_uri, name, folder)
    token = issuer.issue(subject="reporter-1", role="reporter", organisation="icb", tenant=TENANT)
    bearer = {"authorization": f"Bearer {token}"}
    async with serving(create_app(Settings.model_validate({}))) as http:

        async def ask(address: str, form: str) -> int:
            answer = await http.get(f"{address}&format={form}", headers=bearer)
            assert answer.status_code == 200, answer.text
            return len(answer.content)

        yield ask


async def measure(ask: Ask, progress: Progress) -> dict[str, Taken]:
    asked = list(questions())
    task = progress.add_task("asking", total=len(asked))
    taken: dict[str, Taken] = {}
    for kind, subject, address in asked:
        of_kind = taken.setdefault(kind, Taken())
        forms = cycle(("json", "csv"))
        await ask(address, next(forms))
        for _ in range(ASKED):
            started, processor = time.perf_counter(), time.process_time()
            of_kind.bytes = max(of_kind.bytes, await ask(address, next(forms)))
            of_kind.seconds.setdefault(subject, []).append(time.perf_counter() - started)
            of_kind.processor += time.process_time() - processor
        progress.advance(task)
    return taken


async def sized(uri: str, size: int, counting: int, folder: Path, progress: Progress) -> Sized:
    """Fill a database with so many cases, ask, and count some more."""
    name = f"bench-{new_id()[-12:]}"
    database = Database.connect(uri, name)
    try:
        await filled(uri, name, size, progress)
        return await answers(uri, name, counting, folder, progress)
    finally:
        await database.drop()
        await database.close()


async def answers(uri: str, name: str, counting: int, folder: Path, progress: Progress) -> Sized:
    """Ask of a database that is full, and count some more."""
    database = Database.connect(uri, name)
    try:
        # From a fresh connection: what is measured comes after the filling is on disk.
        await database.command({"fsync": 1}, database="admin")
        async with service(uri, name, folder) as ask:
            taken = await measure(ask, progress)
        found = await filling.measured(database)
        async with filling.outcomes(uri, name) as (_, stores):
            counted = await filling.count(database, stores, MONTHS[-1], counting)
        return Sized(found, taken, counted)
    finally:
        await database.close()


async def filled(uri: str, name: str, size: int, progress: Progress) -> None:
    task = progress.add_task(f"storing {size:,} cases", total=size)
    each, more = divmod(size, len(MONTHS))
    months = {month: each + (n < more) for n, month in enumerate(MONTHS)}
    async with filling.outcomes(uri, name) as (_, stores):
        await filling.prepare(stores)
    await filling.fill(uri, name, months, lambda n: progress.advance(task, n))


async def main(sizes: Sequence[int], counting: int, *, write: bool) -> None:
    console = Console()
    results: dict[int, Sized] = {}
    load = os.getloadavg()[0]
    with TemporaryDirectory() as folder:
        async with Finder(mongo_cache_gb=2) as finder:
            uri = (await finder.mongo()).uri
            with Progress(console=console) as progress:
                same = await filling.compare(uri, MONTHS[-1], SAMPLE)
                for size in sizes:
                    results[size] = await sized(uri, size, counting, Path(folder), progress)
    report(console, results, same, load, write=write)


def report(
    console: Console, results: Mapping[int, Sized], same: int, load: float, *, write: bool
) -> None:
    head, rows = table_of(results)
    table = Table(*head)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    kept = list(remarks(results, same, load))
    for line in kept:
        console.print(line)
    if write:
        write_page(head, rows, kept)


def table_of(results: Mapping[int, Sized]) -> tuple[list[str], list[list[str]]]:
    """A line for each kind of question."""
    head = ["all 36 months"]
    for size in results:
        head += [f"{size:,}: p50 / p95 ms", "processor ms"]
    head += ["growth", "slowest subject"]
    rows = []
    for kind in next(iter(results.values())).taken:
        row = [kind]
        of_kind = [found.taken[kind] for found in results.values()]
        for taken in of_kind:
            times = taken.all
            worst = times[min(len(times) - 1, int(0.95 * len(times)))]
            row.append(f"{1000 * statistics.median(times):.0f} / {1000 * worst:.0f}")
            row.append(f"{1000 * taken.processor / len(times):.0f}")
        growth = of_kind[-1].processor / of_kind[0].processor
        rows.append([*row, f"{growth:.1f}", of_kind[-1].slowest])
    return head, rows


def remarks(results: Mapping[int, Sized], same: int, load: float) -> Iterator[str]:
    yield (
        f"Load of the machine when it began: {load:.1f}, on {os.cpu_count()} cores. Growth is that"
        " of the service's processor time, which hardly depends on the load."
    )
    for size, found in results.items():
        kept, counted = found.filled, found.counted
        slowest = max(each.all[-1] for each in found.taken.values())
        yield (
            f"{size:,} cases: {kept.documents:,} cells of {kept.size / 1e6:,.0f} MB,"
            f" {kept.stored / 1e6:,.0f} MB on disk and {kept.indexes / 1e6:,.0f} MB of indexes;"
            f" the largest has {kept.largest / 1e3:,.0f} kB. The slowest of all answers took"
            f" {slowest:.2f} s."
        )
        yield (
            f"Counting {counted.cases:,} new cases of one month on top:"
            f" {1000 * counted.processor / counted.cases:.1f} ms of the worker's processor and"
            f" {1000 * counted.database / counted.cases:.1f} ms of MongoDB's for each,"
            f" {counted.commands['update'] / counted.cases:.1f} updates;"
            f" {counted.cases / counted.seconds:,.0f} cases a second."
        )
    yield f"{same:,} cells of a sample of {SAMPLE} cases were the same heard and counted as stored."


def write_page(head: list[str], rows: list[list[str]], kept: Sequence[str]) -> None:
    lines = [
        HEADING,
        "",
        "`python -m tests.bench.reports --write` stores made-up cases of 36 months (150 practices",
        "in 30 networks, 300 providers) as hearing and counting leave them, asks for every subject",
        "by every cut, as JSON and CSV in turn, and writes this part. Two cuts and single",
        f"organisations are of {', '.join(WIDE)}: they have the most rows.",
        "Of a table in pages the first was asked for.",
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        *(f"- {line}" for line in kept),
    ]
    text = PAGE.read_text(encoding="utf-8")
    before, _, _ = text.partition(f"{HEADING}\n")
    PAGE.write_text(before + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--cases", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--counting", type=int, default=2000, help="new cases to count (2,000)")
    parser.add_argument("--write", action="store_true", help="write the part in docs/reports.md")
    given = parser.parse_args()
    asyncio.run(main(given.cases, given.counting, write=given.write))
