"""What trust costs: authentication, limits and audit, beside the same service without each.

    .venv/bin/python -m tests.bench.trust

Processes of the referral service on one real MongoDB take turns at the same work, as in
audit.py: all of it on, and then without limits, without the gate (no token verified, no limit
counted, no scope asked), without the audit, and without gate and audit. The ratios count, never
the figures alone. What the policy demands of a record is part of the query that finds it, and is
on in all of them.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from rich.console import Console
from rich.table import Table

from shared.ids import new_id
from shared.servers import Finder
from shared.store import Database
from tests.bench.audit import Loads, Spent, measure, running

ALL = "all on"
APPS = {
    ALL: "services.referral.app",
    "without limits": "services.referral.app",
    "without the gate": "tests.bench.unguarded",
    "without the audit": "tests.bench.unaudited",
    "without gate and audit": "tests.bench.unprotected",
}
_FAR = "1000000/1000000"
_COUNTED = {"LINKWAY_RATE_PERSON": _FAR, "LINKWAY_RATE_TENANT": _FAR, "LINKWAY_RATE_REFUSED": _FAR}
_UNCOUNTED = dict.fromkeys(_COUNTED, "off")


async def main(count: int, rounds: int) -> None:
    console = Console()
    settings = {name: _UNCOUNTED if name == "without limits" else _COUNTED for name in APPS}
    with TemporaryDirectory() as folder:
        async with Finder() as finder:
            mongo = await finder.mongo()
            name = f"bench-{new_id()[-12:]}"
            database = Database.connect(mongo.uri, name)
            try:
                async with running(
                    mongo.uri,
                    name,
                    database,
                    Path(folder),
                    finder.processes,
                    apps=APPS,
                    settings=settings,
                ) as service:
                    report(console, *await measure(console, service, count, rounds))
            finally:
                await database.drop()
                await database.close()


def report(console: Console, results: Loads, used: Spent) -> None:
    """A line for each kind of work and app; the ratios are of all on to it."""
    table = Table("", "a second", "all on / this", "processor ms", "this / all on")
    for kind, loads in results.items():
        rates = {name: statistics.median(each.per_second for each in loads[name]) for name in APPS}
        spent = {name: statistics.median(used[kind][name]) for name in APPS}
        table.add_section()
        table.add_row(f"[bold]{kind.name}")
        for name in APPS:
            table.add_row(
                name,
                f"{rates[name]:,.0f}",
                f"{rates[ALL] / rates[name]:.2f}",
                f"{spent[name]:.2f}",
                f"{spent[name] / spent[ALL]:.2f}",
            )
    console.print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=3000, help="reads a turn (3000)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each kind (5)")
    arguments = parser.parse_args()
    uvloop.run(main(arguments.count, arguments.rounds))
