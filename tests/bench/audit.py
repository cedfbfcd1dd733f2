"""What the audit costs: reads and writes a second with it and without, in one run.

    .venv/bin/python -m tests.bench.audit

Two processes of the referral service on one real MongoDB, one of them without its audit
(unaudited.py), take turns at the same work: 64 connections, each with one request at a time, then
16, and then one alone. Kafka is away, as it may be. The ratio of the medians counts, never the
figures alone: for reads it must be 0.90 or more. The processor time of the service and of MongoDB
by request says the same where the machine is busy with something else. A change waits for the
journalled write that tells of it, which those that come together share.

    .venv/bin/python -m tests.bench.audit --without-daybook

has readers wait for that write too, as they do where no folder is named for a daybook.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvloop
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.referral.domain.listing import heard
from services.referral.store import Listings, listing_key
from shared.audit.chain import verify
from shared.cause import Actor, Cause
from shared.devissuer import DevIssuer
from shared.events import EventActor, ServicePublished
from shared.ids import new_id
from shared.servers import Finder, Supervisor, free_port
from shared.store import Database
from tests.bench.alone import environment
from tests.bench.load import Load, post_all
from tests.bench.reading import get_all

ROOT = Path(__file__).resolve().parent.parent.parent
TENANT, PRACTICE, TEAM, ORGANISATION = "icb-demo", "Y90001", new_id(), "team-org"
APPS = {"audited": "services.referral.app", "unaudited": "tests.bench.unaudited"}
LEAST = 0.90
PEOPLE = 500


@dataclass(frozen=True)
class Running:
    """The processes by name: where they listen, and the headers of who calls them."""

    ports: Mapping[str, int]
    headers: str
    groups: tuple[Supervisor, ...]

    def processor_seconds(self) -> float:
        """What all processes and MongoDB have used; those that rest use next to nothing."""
        return sum(sum(group.processor_seconds().values()) for group in self.groups)


@dataclass(frozen=True)
class Kind:
    """One kind of work: so many requests over so many connections."""

    name: str
    turn: Callable[[int], Awaitable[Load]]
    binding: bool = True
    """Whether it is held to ``LEAST``."""


Loads = Mapping[Kind, Mapping[str, Sequence[Load]]]
"""The loads of each kind of work, by application."""
Spent = Mapping[Kind, Mapping[str, Sequence[float]]]
"""Milliseconds of processor time by request, likewise."""


async def main(count: int, rounds: int, *, daybook: bool = True) -> None:
    console = Console()
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
                    daybook=daybook,
                ) as service:
                    results, used = await measure(console, service, count, rounds)
                report(console, results, used)
                verdict = await verify(database.book().walk(), "referral")
                console.print(f"lines written and verified: {verdict.head.line:,}")
                assert verdict.finding is None, verdict.finding
            finally:
                await database.drop()
                await database.close()


async def measure(
    console: Console, service: Running, count: int, rounds: int
) -> tuple[Loads, Spent]:
    names = list(service.ports)
    await post_all(
        service.ports[names[-1]],
        "/referrals",
        referrals(PEOPLE),
        headers=service.headers,
        connections=16,
    )
    known = await list_known(service)
    results: dict[Kind, dict[str, list[Load]]] = {
        kind: {name: [] for name in names} for kind in kinds(service, known, count)
    }
    used: dict[Kind, dict[str, list[float]]] = {
        kind: {name: [] for name in names} for kind in results
    }
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("measuring", total=(rounds + 1) * len(results) * len(names))
        for n in range(rounds + 1):
            for kind, loads in results.items():
                # Whoever goes first finds the machine as the turn before left it: take turns.
                for name in names[:: 1 if n % 2 else -1]:
                    before = service.processor_seconds()
                    load = await kind.turn(service.ports[name])
                    if n:  # the first round only warms up
                        loads[name].append(load)
                        spent = service.processor_seconds() - before
                        used[kind][name].append(1000 * spent / load.accepted)
                    progress.advance(task)
    return results, used


def kinds(service: Running, known: Sequence[tuple[str, str]], count: int) -> Sequence[Kind]:
    chance = Random(1)

    def reads(
        what: str, place: int, times: int, connections: int
    ) -> Callable[[int], Awaitable[Load]]:
        def turn(port: int) -> Awaitable[Load]:
            paths = (f"/{what}/{chance.choice(known)[place]}" for _ in range(times))
            return get_all(port, paths, headers=service.headers, connections=connections)

        return turn

    def writes(port: int) -> Awaitable[Load]:
        return post_all(
            port, "/referrals", referrals(count // 2), headers=service.headers, connections=64
        )

    return [
        Kind("GET /referrals/{id}, 64 connections", reads("referrals", 0, count, 64)),
        Kind("GET /persons/{id}, 64 connections", reads("persons", 1, count, 64)),
        Kind("POST /referrals, 64 connections", writes, binding=False),
        Kind("GET /referrals/{id}, 16 connections", reads("referrals", 0, count // 2, 16)),
        Kind("GET /referrals/{id}, one connection", reads("referrals", 0, count // 16, 1)),
    ]


def report(console: Console, results: Loads, used: Spent) -> None:
    table = Table(
        "",
        "audited/s",
        "unaudited/s",
        "ratio",
        "p50 ms",
        "without",
        "processor ms",
        "without",
        "ratio",
        "ratios of each round",
    )
    short = []
    for kind, loads in results.items():
        rates = {name: statistics.median(each.per_second for each in loads[name]) for name in APPS}
        ratio = rates["audited"] / rates["unaudited"]
        waits = [statistics.median(each.percentile(0.5) for each in loads[name]) for name in APPS]
        spent = {name: statistics.median(used[kind][name]) for name in APPS}
        pairs = zip(loads["audited"], loads["unaudited"], strict=True)
        table.add_row(
            kind.name,
            *(f"{rates[name]:,.0f}" for name in APPS),
            f"{ratio:.2f}",
            *(f"{wait:.1f}" for wait in waits),
            *(f"{spent[name]:.2f}" for name in APPS),
            f"{spent['unaudited'] / spent['audited']:.2f}",
            " ".join(f"{one.per_second / other.per_second:.2f}" for one, other in pairs),
        )
        if kind.binding and ratio < LEAST:
            short.append(f"{kind.name} ({ratio:.2f})")
    console.print(table)
    console.print(f"reads below {LEAST:.2f}: {', '.join(short) or 'none'}")


@asynccontextmanager
async def running(
    mongo_uri: str,
    name: str,
    database: Database,
    folder: Path,
    servers: Supervisor,
    *,
    apps: Mapping[str, str] = APPS,
    settings: Mapping[str, Mapping[str, str]] | None = None,
    daybook: bool = True,
) -> AsyncIterator[Running]:
    """A process of each app, ready but for Kafka, on one database that knows a team.

    ``settings`` are further ones of an app, by its name.
    """
    issuer = DevIssuer()
    ports = {each: free_port() for each in apps}
    variables = {
        **environment(issuer, mongo_uri, name, folder),
        "LINKWAY_RATE_PERSON": "off",
        "LINKWAY_RATE_TENANT": "off",
    }
    if daybook:
        variables["LINKWAY_AUDIT_DAYBOOK"] = str(folder / "daybook")
    await know_team(database)
    token = issuer.issue(subject="bench-1", role="referrer", organisation=PRACTICE, tenant=TENANT)
    async with Supervisor(folder / "logs") as processes:
        for each, module in apps.items():
            command = [sys.executable, "-m", "uvicorn", "--factory", f"{module}:create_app"]
            own = variables | dict((settings or {}).get(each, {}))
            listen = ["--host", "127.0.0.1", "--port", str(ports[each]), "--no-access-log"]
            await processes.start(each, [*command, *listen], env=own, cwd=ROOT)
        for each, port in ports.items():
            await processes.wait_ready(each, f"http://127.0.0.1:{port}/live", within=60)
        yield Running(ports, f"Authorization: Bearer {token}\r\n", (processes, servers))


async def know_team(database: Database, team: str = TEAM) -> None:
    """What the directory would have told of the team, straight into the listings."""
    fact = ServicePublished(
        tenant=TENANT,
        seq=1,
        occurred_at=datetime.now(UTC),
        actor=EventActor(role="directory_curator", organisation="icb"),
        service_id=team,
        organisation_id=ORGANISATION,
        service_role="link_worker_team",
    )
    cause = Cause(new_id(), Actor("referral", "service", "icb", TENANT), datetime.now(UTC))
    listings = Listings(database.collection("listings"))
    await listings.insert(listing_key(TENANT, team), heard(fact), [], cause)


async def list_known(service: Running) -> Sequence[tuple[str, str]]:
    """Pairs of a referral and its person."""
    name, _, token = service.headers.strip().partition(": ")
    url = f"http://127.0.0.1:{[*service.ports.values()][-1]}/referrals?limit=200"
    async with httpx.AsyncClient(trust_env=False, headers={name: token}) as http:
        answer = await http.get(url)
    return [(each["id"], each["person_id"]) for each in answer.json()["items"]]


def referrals(count: int) -> Iterator[bytes]:
    """Intakes that describe the person in full."""
    body: dict[str, Any] = {
        "kind": "intake",
        "service_id": TEAM,
        "person": {
            "given_names": "Sample",
            "family_name": "Testperson",
            "birth_date": "1957-03-14",
            "contact": {"telephone": "07700 900123", "postal_code": "ZZ1 2AB"},
        },
        "need_codes": ["loneliness"],
        "reason": "Would like company and to get out more.",
        "consent": {"given": True, "method": "verbal"},
    }
    for n in range(count):
        body["person"] = {**body["person"], "given_names": f"Sample {new_id()[-6:]}-{n}"}
        yield json.dumps(body).encode()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=3000, help="reads a turn (3000)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each kind (5)")
    parser.add_argument("--without-daybook", action="store_true", help="readers wait for MongoDB")
    arguments = parser.parse_args()
    uvloop.run(main(arguments.count, arguments.rounds, daybook=not arguments.without_daybook))
