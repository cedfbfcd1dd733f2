"""Accepted referrals a second with every consumer running, against three yardsticks, in one run.

64 connections, each posting one referral at a time to `POST /referrals`, with tokens,
validation, the domain, the outbox, and the consumers of all four services behind it. The
yardsticks are FastAPI with one journalled insert and nothing else (bare.py), with an insert and
a publication after it (usual.py), with an outbox by transaction (transactional.py), and the
referral service itself where it tells nobody anything (eventless.py). They take turns, so that
a machine that is busy for a while is so for all; the ratio of the medians counts, never the
figures alone.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.console.demo.figures import read_listening
from services.console.platform import Platform, client
from shared.bus.offsets import GroupOffsets
from shared.ids import new_id
from shared.servers import Supervisor, free_port
from tests.bench import transactional, usual
from tests.bench.load import Load, post_all
from tests.shared.bus.harness import settings_for

ROOT = Path(__file__).resolve().parent.parent.parent
CONNECTIONS = 64
YARDSTICKS = {
    "bare insert": "bare",
    "insert, then publish": "usual",
    "outbox by transaction": "transactional",
}
EVENTLESS = "Linkway without events"
TOPICS = (usual.TOPIC, transactional.TOPIC)
_SOON = timedelta(minutes=2)
TEAM, OTHER_TEAM, ORGANISATION, PRACTICE = new_id(), new_id(), "team-org", "Y90001"


Figures = dict[str, float]


class Meter:
    """Processor seconds (``used``) and bytes written to disk (``written``) by kind of turn and
    process, everything that a turn set off included."""

    def __init__(self, *groups: Supervisor) -> None:
        self._groups = groups
        self.used: dict[str, Figures] = {}
        self.written: dict[str, Figures] = {}
        self._last = self._read()

    def note(self, turn: str) -> None:
        now = self._read()
        for kept, figures, last in zip((self.used, self.written), now, self._last, strict=True):
            sums = kept.setdefault(turn, {})
            for name, value in figures.items():
                sums[name] = sums.get(name, 0.0) + value - last.get(name, 0.0)
        self._last = now

    def _read(self) -> tuple[Figures, Figures]:
        seconds: Figures = {}
        written: Figures = {}
        for group in self._groups:
            for name, value in group.processor_seconds().items():
                seconds[name] = value
                written[name] = psutil.Process(group.pid(name)).io_counters().write_bytes
        return seconds, written


async def take_turns(
    console: Console,
    turns: Mapping[str, Callable[[], Awaitable[Load]]],
    rounds: int,
    meter: Meter,
) -> dict[str, list[Load]]:
    results: dict[str, list[Load]] = {name: [] for name in turns}
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("measuring", total=rounds * len(turns))
        for _ in range(rounds):
            for name, turn in turns.items():
                results[name].append(await turn())
                meter.note(name)
                progress.advance(task)
    return results


def report(console: Console, results: dict[str, list[Load]], meter: Meter) -> None:
    table = Table("", "accepted/s (each turn)", "median", "p50 ms", "p99 ms")
    medians = {}
    for name, loads in results.items():
        rates = [load.per_second for load in loads]
        medians[name] = statistics.median(rates)
        table.add_row(
            name,
            " ".join(f"{rate:,.0f}" for rate in rates),
            f"{medians[name]:,.0f}",
            f"{statistics.median(load.percentile(0.5) for load in loads):.1f}",
            f"{statistics.median(load.percentile(0.99) for load in loads):.1f}",
        )
    console.print(table)
    console.print(processor_table(results, meter))
    for name in ("known person", "new person"):
        ratios = ", ".join(
            f"{medians[name] / medians[other]:.2f} of {other}" for other in (*YARDSTICKS, EVENTLESS)
        )
        console.print(f"ratio {name}: {ratios}")


def processor_table(results: Mapping[str, list[Load]], meter: Meter) -> Table:
    table = Table("processor ms per referral", *results)
    counts = {name: sum(load.accepted for load in loads) for name, loads in results.items()}
    processes = sorted({process for used in meter.used.values() for process in used})
    for process in processes:
        cells = [1000 * meter.used[name].get(process, 0.0) / counts[name] for name in results]
        table.add_row(process, *(f"{cell:.2f}" for cell in cells))
    sums = [1000 * sum(meter.used[name].values()) / counts[name] for name in results]
    table.add_row("", *(f"{each:.2f}" for each in sums))
    return table


async def yardstick(platform: Platform, module: str) -> int:
    """Start one of the services to compare with; gives its port."""
    port = free_port()
    await make_topics(platform, TOPICS)
    await platform.processes.start(
        module,
        [
            *(sys.executable, "-m", "uvicorn", "--factory", f"tests.bench.{module}:create_app"),
            *("--host", "127.0.0.1", "--port", str(port), "--no-access-log"),
        ],
        env={
            "BARE_MONGO_URI": platform.servers.mongo_uri,
            "BARE_KAFKA": platform.servers.kafka_bootstrap,
        },
        cwd=ROOT,
    )
    await platform.processes.wait_ready(module, f"http://127.0.0.1:{port}/docs")
    return port


async def make_topics(platform: Platform, names: Sequence[str]) -> None:
    """Topics with as many partitions as the product's, where they are not there yet."""
    admin = AIOKafkaAdminClient(bootstrap_servers=platform.servers.kafka_bootstrap)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        await admin.create_topics(
            [
                NewTopic(name, num_partitions=12, replication_factor=1)
                for name in names
                if name not in there
            ]
        )
    finally:
        await admin.close()


async def prepare(platform: Platform, count: int) -> Iterator[str]:
    """A team to refer to, and as many persons as the known-person turns take."""
    async with client() as http:
        answer = await http.put(
            f"{platform.urls['directory']}/services",
            headers=platform.headers("directory_curator", "icb"),
            json=[
                {
                    "id": team,
                    "name": "Link workers",
                    "description": "A team of link workers.",
                    "status": "active",
                    "organization": {"id": ORGANISATION, "name": "Link workers"},
                    "service_role": "link_worker_team",
                }
                for team in (TEAM, OTHER_TEAM)
            ],
        )
        answer.raise_for_status()
        for team in (TEAM, OTHER_TEAM):
            await heard_of(http, platform, team)
    await run_linkway(platform, new(count))
    async with platform.database("referral") as database:
        found = await database.collection("persons").find({"tenant": "icb-demo"}, count, None)
    return iter([document["_id"] for document in found])


async def heard_of(http: httpx.AsyncClient, platform: Platform, team: str) -> None:
    """Wait until the referral service has consumed that the team exists."""
    for _ in range(100):
        answer = await http.post(
            f"{platform.urls['referral']}/referrals",
            headers=platform.headers("referrer", PRACTICE),
            content=next(new(1, team)),
        )
        if answer.status_code == 201:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the referral service did not hear of the team: {answer.text}")


async def drained(platform: Platform) -> None:
    """Wait until every event has left the outbox."""
    async with platform.database("referral") as database:
        for _ in range(600):
            if (await database.collection("referrals").unsent_stats()).pending == 0:
                return
            await asyncio.sleep(0.1)
    raise AssertionError("events were still unsent a minute after the load")


async def run_bare(port: int, count: int, headers: Mapping[str, str]) -> Load:
    said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return await post_all(port, "/referrals", new(count), headers=said, connections=CONNECTIONS)


async def worked_off(platform: Platform) -> None:
    """Wait until every event is applied, so that no turn pays for the one before."""
    await drained(platform)
    prefix = platform.topic_prefix
    async with client() as http:
        listening = await read_listening(platform, http)
    reads = {
        f"{prefix}{name}": [f"{prefix}{t}" for t in topics] for name, topics in listening.items()
    }
    servers = platform.servers
    settings = settings_for(servers.kafka_bootstrap, prefix, tansu=not servers.kafka_idempotent)
    offsets = GroupOffsets(settings, reads)
    try:
        for _ in range(1200):
            standings = await offsets.look()
            if not any(at.lag for each in standings.values() for at in each.places.values()):
                return
            await asyncio.sleep(0.25)
    finally:
        await offsets.close()
    raise AssertionError("events were still not applied five minutes after the load")


async def told(platform: Platform) -> None:
    """Wait until every message is sent or given up, so that no turn pays for the one before.

    A message in hand is due again within a minute; one put off to a safe hour is not waited for.
    """
    async with platform.database("notifications") as database:
        kinds = [database.collection(name) for name in ("deliveries", "person_messages")]
        for _ in range(1200):
            soon = {"due_at": {"$lte": datetime.now(UTC) + _SOON}}
            if not any([await kind.count(soon) for kind in kinds]):
                return
            await asyncio.sleep(0.25)
    raise AssertionError("messages were still unsent five minutes after the load")


async def run_linkway(
    platform: Platform, bodies: Iterator[bytes], *, to_the_end: bool = True
) -> Load:
    """Post the referrals, and wait until all that they lead to is done."""
    started = time.perf_counter()
    token = platform.token("referrer", PRACTICE)
    port = int(platform.urls["referral"].rsplit(":", 1)[1])
    load = await post_all(
        port,
        "/referrals",
        bodies,
        headers=f"Authorization: Bearer {token}\r\n",
        connections=CONNECTIONS,
    )
    if not to_the_end:
        await drained(platform)
        return load
    await worked_off(platform)
    applied = time.perf_counter() - started
    await told(platform)
    return replace(load, whole_seconds=applied, told_seconds=time.perf_counter() - started)


def new(count: int, team: str = TEAM) -> Iterator[bytes]:
    """Referrals that describe the person in full, each another one."""
    for _ in range(count):
        yield json.dumps(
            {
                "kind": "intake",
                "service_id": team,
                "person": {
                    "given_names": "Sample",
                    "family_name": f"Testperson {new_id()[-12:]}",
                    "birth_date": "1957-03-14",
                    "contact": {
                        "telephone": "07700 900123",
                        "postal_code": "ZZ1 2AB",
                        # Else messages wait for the morning, and a bench by night flatters.
                        "safety": {"sms": {"safe_from": "00:00", "safe_to": "23:59"}},
                    },
                },
                "need_codes": ["loneliness"],
                "reason": "Would like company and to get out more.",
                "consent": {"given": True, "method": "verbal"},
            }
        ).encode()


def known(persons: Iterator[str], count: int) -> Iterator[bytes]:
    """Referrals of persons known already, each to a team they have no open referral to."""
    for body in new(count, OTHER_TEAM):
        person = json.loads(body)
        del person["person"]
        yield json.dumps(person | {"person_id": next(persons)}).encode()
