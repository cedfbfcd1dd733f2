"""Linkway's speed beside yardsticks in one run, written to docs/performance.md.

    make bench                                  # an hour on two cores
    make bench ARGS="--only accepting latency"
    make bench ARGS="--short --no-page"         # a few minutes: to see that it works

Each part's figures are kept in ``.linkway`` as it ends; the page shows the last of each part.
Everything runs on this machine: MongoDB, Apache Kafka where it can run, all services, the load.
Ratios within one run count; the machine's own speed does not.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from pydantic import TypeAdapter
from rich.console import Console
from rich.progress import Progress

from services.console.platform import running_platform
from shared.servers import Broker, Finder
from tests.bench import consuming, england, eventless, growth, latency, page
from tests.bench.referrals import (
    EVENTLESS,
    PRACTICE,
    ROOT,
    YARDSTICKS,
    Meter,
    known,
    new,
    prepare,
    report,
    run_bare,
    run_linkway,
    take_turns,
    yardstick,
)

PARTS = ("accepting", "latency", "consuming", "growth", "england")
PAGE = ROOT / "docs" / "performance.md"
KEPT = ROOT / ".linkway" / "bench.json"
FOUND = TypeAdapter(page.Found)


@dataclass(frozen=True)
class Scale:
    """How much is done of each."""

    referrals: int
    rounds: int
    latency_seconds: float
    backlog: int
    sizes: tuple[int, ...]
    turn: int
    journeys: int


FULL = Scale(4_000, 3, 20.0, 30_000, (10_000, 1_000_000), 2_000, england.REFERRALS)
SHORT = Scale(400, 1, 5.0, 1_000, (2_000, 10_000), 400, 100)


async def main(parts: Sequence[str], scale: Scale, *, write: bool) -> None:
    """Measure the parts and tell of each as it ends."""
    console = Console()
    broker: Broker | None = "tansu" if os.environ.get("LINKWAY_TEST_BROKER") == "tansu" else None
    found = FOUND.validate_json(KEPT.read_bytes()) if write and KEPT.exists() else page.Found()

    def keep(part: str, servers: str) -> None:
        found.days[part] = f"{datetime.now(UTC).date().isoformat()}, {servers}"
        if write:
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_bytes(FOUND.dump_json(found))
            PAGE.write_text(page.write(found, cores=os.cpu_count() or 1))
            console.print(f"Written: {PAGE.relative_to(ROOT)}")

    if "latency" in parts:
        # On servers of its own: those that have just taken a load go on tidying up after it.
        async with Finder(local=broker, mongo_cache_gb=2) as finder:
            servers = await finder.servers()
            found.latency = await latency.measure(
                servers, finder.processes, scale.latency_seconds, scale.turn
            )
            console.print(page.latency_table(found.latency))
            keep("latency", servers.description)
    async with Finder(local=broker, mongo_cache_gb=2) as finder:
        servers = await finder.servers()
        console.print(servers.description)
        if "accepting" in parts:
            found.accepting = await _accepting(console, finder, scale)
            keep("accepting", servers.description)
        if "consuming" in parts:
            found.consuming = await consuming.measure(servers, scale.backlog)
            console.print(page.consuming_table(found.consuming))
            keep("consuming", servers.description)
        if "growth" in parts:
            with Progress(console=console, transient=True) as progress:
                task = progress.add_task("filling", total=None)
                found.growth = await growth.measure(
                    servers,
                    finder.processes,
                    scale.sizes,
                    scale.turn,
                    lambda count: progress.advance(task, count),
                )
            console.print(page.growth_table(found.growth))
            keep("growth", servers.description)
    if "england" in parts:
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("journeys of a day", total=scale.journeys)
            found.england = await england.measure(
                scale.journeys, lambda done: progress.update(task, completed=done)
            )
        console.print(page.england_line(found.england))
        keep("england", found.england.servers)


async def _accepting(console: Console, finder: Finder, scale: Scale) -> page.Accepting:
    servers = await finder.servers()
    with TemporaryDirectory() as folder:
        async with running_platform(
            servers, Path(folder), settings={"LINKWAY_LOG_LEVEL": "WARNING"}
        ) as platform:
            ports = {name: await yardstick(platform, module) for name, module in YARDSTICKS.items()}
            ports[EVENTLESS] = await eventless.start(platform)
            headers = platform.headers("referrer", PRACTICE)
            persons = await prepare(platform, scale.referrals * scale.rounds)
            meter = Meter(platform.processes, finder.processes)
            results = await take_turns(
                console,
                {
                    **{
                        name: partial(run_bare, port, scale.referrals, headers)
                        for name, port in ports.items()
                    },
                    "known person": lambda: run_linkway(platform, known(persons, scale.referrals)),
                    "new person": lambda: run_linkway(platform, new(scale.referrals)),
                },
                scale.rounds,
                meter,
            )
            report(console, results, meter)
            return page.Accepting(results, meter.used, meter.written, platform.processes.memory())


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts alone")
    parser.add_argument("--short", action="store_true", help="a little of everything")
    parser.add_argument("--no-page", action="store_true", help="leave docs/performance.md as it is")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    given = parse(sys.argv[1:])
    uvloop.run(main(given.only, SHORT if given.short else FULL, write=not given.no_page))
