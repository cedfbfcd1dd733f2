"""What a fault is, and how one is run: load, fault after fault, drain, compare."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.faults.checker import check
from tests.faults.result import Result
from tests.faults.stage import Stage

RECOVERED_WITHIN = 120.0


def _anywhere() -> str | None:
    return None


@dataclass(frozen=True)
class Fault:
    """One row of the table. ``cannot_run`` says why not on this machine, if so."""

    name: str
    title: str
    full: int
    short: int
    run: Callable[[Run], Awaitable[None]]
    cannot_run: Callable[[], str | None] = _anywhere


@dataclass
class Run:
    """One fault being run ``times`` times; ``progressed`` hears of each."""

    folder: Path
    times: int
    seed: int
    result: Result
    progressed: Callable[[], None]

    def step(self) -> None:
        """It has been done once more."""
        self.result.counts["times"] += 1
        self.progressed()

    @cached_property
    def chance(self) -> random.Random:
        """All choices come from here, so that the seed repeats them."""
        return random.Random(self.seed)

    @asynccontextmanager
    async def loaded(self, stage: Stage) -> AsyncIterator[None]:
        """Journeys go on while the block runs; afterwards all is drained and compared."""
        self.result.servers = stage.platform.servers.description
        stop = asyncio.Event()
        # A load that breaks off ends the block: nothing would be proved without it.
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(stage.load.play(stop))
            yield
            stop.set()
            async with asyncio.timeout(RECOVERED_WITHIN * 2):
                await playing
        await self.compare(stage)

    async def compare(self, stage: Stage) -> None:
        """Wait until nothing is under way, and take what the checker finds."""
        waits = await stage.settled()
        if not waits.nothing:
            self.result.wrong.append(f"not settled in time: {waits}")
        self.result.take(await check(stage))
        self.result.acknowledged += stage.load.ledger.acknowledged
        self.result.retried += stage.load.ledger.retried

    async def recovered(self, stage: Stage, since: float) -> None:
        """Wait until a whole journey begun after ``since`` has ended; note how long it took."""
        deadline = since + RECOVERED_WITHIN
        while True:
            ends = [
                journey.ended
                for journey in stage.load.journeys
                if journey.began > since and journey.ended is not None
            ]
            if ends:
                self.result.recoveries.append(min(ends) - since)
                return
            if time.monotonic() > deadline:
                self.result.wrong.append(f"no journey ended within {RECOVERED_WITHIN:.0f} seconds")
                return
            await asyncio.sleep(0.05)
