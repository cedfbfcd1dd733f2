"""A day of England: 5,100 referrals with everything that follows each, played as fast as it goes.

Source of the number: 1.3 million people referred in 2023 over some 255 working days.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from services.console.demo.settling import settle
from services.console.demo.stores import open_stores
from services.console.demo.topics import open_topics
from tests.faults.stage import staged

REFERRALS = 5_100
WORKING_DAY_HOURS = 8
_FASTEST = 100.0
"""Journeys begun a second, at most: more than two cores can follow."""
_AT_ONCE = 24
_LOOKS_EVERY = 10
"""Seconds between two looks at how much memory the services hold."""


@dataclass(frozen=True)
class Day:
    """How long it took, until nothing was under way any more."""

    journeys: int
    commands: int
    events: int
    seconds: float
    servers: str
    """What it was played on."""
    memory: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Resident bytes of each service while it was played, a look every ten seconds."""


async def measure(journeys: int, show: Callable[[int], None]) -> Day:
    """Play it as fast as journeys end, a few of them under way at once."""
    with TemporaryDirectory() as folder:
        async with staged(Path(folder), per_second=_FASTEST) as stage:
            started = time.perf_counter()
            playing = asyncio.create_task(
                stage.load.play(asyncio.Event(), at_most=journeys, at_once=_AT_ONCE)
            )
            memory: dict[str, list[int]] = defaultdict(list)
            for second in itertools.count(1):
                if playing.done():
                    break
                await asyncio.sleep(1)
                show(sum(each.ended is not None for each in stage.load.journeys))
                if second % _LOOKS_EVERY == 0:
                    for service, held in stage.platform.processes.memory().items():
                        memory[service].append(held)
            await playing
            async with (
                open_stores(stage.platform) as stores,
                open_topics(
                    stage.platform.servers.kafka_bootstrap, stage.prefix, stage.listening
                ) as topics,
            ):
                waits = await settle(stores, topics, show=lambda _: None, within=1200)
                if not waits.nothing:
                    raise RuntimeError(f"the day did not end: {waits}")
                seconds = time.perf_counter() - started
                events = await topics.written()
    servers = stage.platform.servers.description
    return Day(journeys, stage.load.ledger.acknowledged, events, seconds, servers, memory)
