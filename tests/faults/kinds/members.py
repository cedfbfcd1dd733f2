"""Members of consumer groups come and go; services are stopped as a platform stops them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from services.console.platform import SERVICES
from tests.faults.fault import Fault, Run
from tests.faults.stage import Stage, staged


async def rebalance(run: Run) -> None:
    """A second process of each consumer joins its groups and leaves again."""
    run.result.done = "a second process of a service joins its groups and leaves, {times}"
    turns = iter(range(run.times))
    async with staged(run.folder) as stage, run.loaded(stage), asyncio.TaskGroup() as joining:
        for service in SERVICES:
            joining.create_task(_join(run, stage, service, turns))


async def _join(run: Run, stage: Stage, service: str, turns: Iterator[int]) -> None:
    for _ in turns:
        name = await stage.add_replica(service)
        since = time.monotonic()
        await asyncio.sleep(run.chance.uniform(0, 1))
        await stage.remove_replica(service, name)
        await run.recovered(stage, since)
        run.step()


async def stop_gracefully(run: Run) -> None:
    """SIGTERM, wait for the end, start again: nothing in hand is to be done twice."""
    run.result.done = "SIGTERM to each service, {times}"
    async with staged(run.folder) as stage:
        async with run.loaded(stage), asyncio.TaskGroup() as stopping:
            for service in SERVICES:
                stopping.create_task(_stop(run, stage, service))
        again = run.result.repeated_records + run.result.repeated_messages
        if again:
            run.result.wrong.append(f"{again} records or messages were sent twice")


async def _stop(run: Run, stage: Stage, service: str) -> None:
    for _ in range(run.times):
        await asyncio.sleep(run.chance.uniform(0, 5))
        since = time.monotonic()
        await stage.platform.restart(service)
        await run.recovered(stage, since)
        if service == SERVICES[0]:
            run.step()


FAULTS = (
    Fault("rebalance", "Group members come and go", 100, 4, rebalance),
    Fault("graceful-stop", "A service is stopped", 100, 2, stop_gracefully),
)
