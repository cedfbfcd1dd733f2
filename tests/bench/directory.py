"""How long matching and search take as the directory grows, through the API, on a real MongoDB.

    .venv/bin/python -m tests.bench.directory            # 5,000 and 50,000 services
    .venv/bin/python -m tests.bench.directory --large    # 50,000 and 500,000

All services are one tenant's and lie in one area of 60 by 60 km, so ten times as many are
ten times as dense: the hard way to grow. Requests come one at a time; tokens, validation
and the JSON of the answer are in the figures, a network is not. The database is served by
the same machine. Made-up data from a fixed seed: two runs ask the same of the same.

Times grow with whatever else the machine does. Processor time, the service's and the
database's, and the keys and documents that the database examined hardly do: growth is judged
by these. ``--write`` writes the page docs/directory-speed.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import uvloop
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.directory import domain
from services.directory.app import create_app
from services.directory.settings import Settings
from services.directory.store import Services, key
from shared.cause import Actor, Cause
from shared.devissuer import DevIssuer
from shared.errors import Unavailable
from shared.ids import new_id
from shared.servers import Finder
from shared.store import Database, codec
from shared.store.documents import Document
from shared.testing import serving
from tests.bench.alone import environment
from tests.bench.listings import listings, point
from tests.bench.searches import KINDS, Ask

TENANT = "icb-demo"
CURATOR = Actor("curator-1", "directory_curator", "org-council", TENANT)
BATCH = 1000
DIFFERENT = 50_000
LIMIT_MS = 100
PAGE = Path(__file__).parents[2] / "docs" / "directory-speed.md"


async def main(sizes: list[int], count: int, *, write: bool) -> None:
    console = Console()
    figures: dict[str, dict[int, Asked]] = {}
    load = os.getloadavg()[0]
    with TemporaryDirectory() as folder:
        async with Finder(mongo_cache_gb=2) as finder:
            mongo = await finder.mongo()
            with Progress(console=console) as progress:
                for size in sizes:
                    async with directory(mongo.uri, Path(folder), size, progress) as asking:
                        await measure(asking, size, count, figures, progress)
    report(console, figures, sizes)
    if write:
        write_page(figures, sizes, load)


@dataclass(frozen=True)
class Spent:
    """Milliseconds of processor time, and keys and documents examined, of one request or of all."""

    service: float
    database: float
    keys: float
    documents: float

    @property
    def processor(self) -> float:
        """Of the service and the database together."""
        return self.service + self.database

    @classmethod
    async def of(cls, database: Database) -> Spent:
        """Of all so far."""
        status = await database.command({"serverStatus": 1}, database="admin")
        own, examined = status["extra_info"], status["metrics"]["queryExecutor"]
        return cls(
            service=time.process_time() * 1000,
            database=(own["user_time_us"] + own["system_time_us"]) / 1000,
            keys=examined["scanned"],
            documents=examined["scannedObjects"],
        )

    def since(self, before: Spent, requests: int) -> Spent:
        """Of one of so many requests since then."""
        return Spent(
            (self.service - before.service) / requests,
            (self.database - before.database) / requests,
            (self.keys - before.keys) / requests,
            (self.documents - before.documents) / requests,
        )


@dataclass(frozen=True)
class Asked:
    """Milliseconds that each request of one kind took, in order, and what one of them cost."""

    taken: list[float]
    spent: Spent

    @property
    def p50(self) -> float:
        """The median."""
        return statistics.median(self.taken)

    @property
    def p95(self) -> float:
        """What 95 of 100 stayed below."""
        return self.taken[min(len(self.taken) - 1, int(0.95 * len(self.taken)))]


async def measure(
    asking: tuple[Callable[[Ask], Awaitable[None]], Database],
    size: int,
    count: int,
    figures: dict[str, dict[int, Asked]],
    progress: Progress,
) -> None:
    ask, database = asking
    task = progress.add_task(f"asking of {size:,}", total=count * len(KINDS))
    for kind, make in KINDS.items():
        chance = Random(kind)
        for _ in range(WARM_UP):
            await ask(make(chance))
        before, taken = await Spent.of(database), []
        for _ in range(count):
            started = time.perf_counter()
            await ask(make(chance))
            taken.append((time.perf_counter() - started) * 1000)
            progress.advance(task)
        spent = (await Spent.of(database)).since(before, count)
        figures.setdefault(kind, {})[size] = Asked(sorted(taken), spent)


@asynccontextmanager
async def directory(
    mongo_uri: str, folder: Path, size: int, progress: Progress
) -> AsyncIterator[tuple[Callable[[Ask], Awaitable[None]], Database]]:
    """A directory of so many services, and how to ask it; Kafka is away, as it may be."""
    issuer, name = DevIssuer(), f"bench-{new_id()[-12:]}"
    os.environ |= environment(issuer, mongo_uri, name, folder)
    database = Database.connect(mongo_uri, name)
    try:
        await load(database, size, progress)
        token = issuer.issue(
            subject="worker-1", role="link_worker", organisation="org-team", tenant=TENANT
        )
        async with serving(create_app(Settings.model_validate({}))) as http:

            async def ask(request: Ask) -> None:
                method, path, body = request
                answer = await http.request(
                    method, path, json=body, headers={"authorization": f"Bearer {token}"}
                )
                assert answer.status_code == 200, answer.text

            yield ask, database
    finally:
        await database.drop()
        await database.close()


async def load(database: Database, size: int, progress: Progress) -> None:
    """Store the services straight away: what is measured is finding them.

    Every one of the first ``DIFFERENT`` is made by the domain and written by the store's own
    codec; the rest are the same again under other ids and at other places. They are written in
    bulk, and the indexes built once all are there.
    """
    services = Services(database.collection("services"))
    task = progress.add_task(f"loading {size:,}", total=size)
    begun = datetime.now(UTC) - timedelta(days=1)
    chance = Random(size)
    first: list[Document] = []
    for n, listing in enumerate(listings(min(size, DIFFERENT))):
        cause = Cause(id=str(n), actor=CURATOR, at=begun + timedelta(milliseconds=n))
        service, _ = domain.publish(listing, listing.points({}), cause)
        document = codec.new_document(services, key(TENANT, listing.id), service, (), cause)
        document.pop("due_at", None)  # or reminders of half a million would be measured as well
        first.append(document)
        if len(first) % BATCH == 0 or n + 1 == min(size, DIFFERENT):
            await insert(services, first[(n // BATCH) * BATCH :])
            progress.update(task, completed=n + 1)
    for n in range(DIFFERENT, size, BATCH):
        some = range(n, min(size, n + BATCH))
        await insert(services, [again(first[m % DIFFERENT], m, begun, chance) for m in some])
        progress.update(task, completed=some[-1] + 1)
    indexing = progress.add_task(f"indexing {size:,}", total=None)
    while True:
        try:
            await services.ensure_indexes()
            break
        except Unavailable:  # an answer is awaited for some seconds only: the building goes on
            continue
    progress.update(indexing, total=1, completed=1)


async def insert(services: Services, documents: list[Document]) -> None:
    refused = [each for each in await services.collection.insert(documents) if each is not None]
    if refused:
        raise refused[0]


def again(document: Document, n: int, begun: datetime, chance: Random) -> Document:
    """The same service under another id, at another place and time."""
    where = point(chance)
    listing = document["state"]["listing"]
    own = {**listing["locations"][0], **where}
    state = {
        **document["state"],
        "listing": {**listing, "id": f"svc-{n}", "locations": [own]},
        "points": [where],
    }
    at = begun + timedelta(milliseconds=n)
    there = {"type": "MultiPoint", "coordinates": [[where["longitude"], where["latitude"]]]}
    return {
        **document,
        "_id": key(TENANT, f"svc-{n}"),
        "created_at": at.replace(microsecond=at.microsecond // 1000 * 1000),
        "state": state,
        "facets": {**document["facets"], "places": there},
    }


WARM_UP = 5


def report(console: Console, figures: Mapping[str, Mapping[int, Asked]], sizes: list[int]) -> None:
    head, rows = table_of(figures, sizes)
    table = Table(*head)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print(slow(figures))
    console.print(dearest(figures, sizes))


def table_of(
    figures: Mapping[str, Mapping[int, Asked]], sizes: list[int]
) -> tuple[list[str], list[list[str]]]:
    """A line for each kind of question."""
    head = ["one request"]
    for size in sizes:
        head += [f"{size:,}: p50 / p95 ms", "processor ms", "keys / documents"]
    head.append("growth")
    rows = []
    for kind, by_size in figures.items():
        row = [kind]
        for size in sizes:
            asked, spent = by_size[size], by_size[size].spent
            row += [
                f"{asked.p50:.1f} / {asked.p95:.1f}",
                f"{spent.service:.1f} + {spent.database:.1f}",
                f"{spent.keys:,.0f} / {spent.documents:,.0f}",
            ]
        growth = by_size[sizes[-1]].spent.processor / by_size[sizes[0]].spent.processor
        rows.append([*row, f"{growth:.2f}"])
    return head, rows


def slow(figures: Mapping[str, Mapping[int, Asked]]) -> str:
    """Which kinds are not answered in time."""
    found = [
        f"{kind} of {size:,}"
        for kind, by_size in figures.items()
        for size, asked in by_size.items()
        if asked.p95 >= LIMIT_MS
    ]
    return f"p95 of {LIMIT_MS} ms or more: {', '.join(found) or 'none'}."


def dearest(figures: Mapping[str, Mapping[int, Asked]], sizes: list[int]) -> str:
    """What the dearest kind costs at each size: a kind may grow until its bound is reached."""
    told = []
    for size in sizes:
        kind, asked = max(figures.items(), key=lambda item: item[1][size].spent.processor)
        told.append(f"{asked[size].spent.processor:.0f} ms of {size:,} ({kind})")
    return f"The dearest request takes {' and '.join(told)} of processor time."


def write_page(figures: Mapping[str, Mapping[int, Asked]], sizes: list[int], load: float) -> None:
    head, rows = table_of(figures, sizes)
    first, last = f"{sizes[0]:,}", f"{sizes[-1]:,}"
    lines = [
        "# How finding services grows",
        "",
        f"`python -m tests.bench.directory --large --write` asks the same of {first} and of",
        f"{last} made-up services, all of one tenant and in one area of 60 by 60 km: ten times as",
        "many are ten times as dense. It writes this page. Processor time is the service's and",
        "the database's; keys and documents are those the database examined; growth is that of",
        f"processor time. {os.cpu_count()} cores did all of it, asking included (load {load:.1f}",
        "when it began). MongoDB had 2 GB of cache, so that what is asked for lies in memory.",
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        slow(figures),
        "",
        dearest(figures, sizes),
        "",
        "A match reads at most three hundred candidates, and a hundred more for near misses;",
        "within 5 km that bound is reached from some 27,000 services in this area on, and below it",
        "a match costs what there is to rank. A search reads a page, and what had to be read to",
        "fill it: the rarer what is asked for beside the leading tag, the more. A word that 10,000",
        "services have or fewer leads the search by an index of its own; a commoner one is met",
        "soon on the way outward or back. Facets are counted of at most 1,000.",
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--large", action="store_true", help="50,000 and 500,000 services")
    parser.add_argument("--count", type=int, default=60, help="requests of each kind (60)")
    parser.add_argument("--write", action="store_true", help="write docs/directory-speed.md")
    parser.add_argument("--sizes", type=int, nargs="+", help="other sizes than these")
    arguments = parser.parse_args()
    asked = arguments.sizes or ([50_000, 500_000] if arguments.large else [5_000, 50_000])
    uvloop.run(main(asked, arguments.count, write=arguments.write))
