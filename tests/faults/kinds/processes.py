"""Services killed at random moments, and paused for longer than leases and sessions last."""

from __future__ import annotations

import asyncio
import signal
import time

from services.console.platform import SERVICES
from tests.faults.fault import Fault, Run
from tests.faults.stage import Stage, staged

_PAUSE = 30.0
"""Seconds: longer than a relay's lease (10) and a consumer's session (10)."""


async def kill_services(run: Run) -> None:
    """Each service, again and again, while the others are killed as well."""
    run.result.done = "kill -9 of each service, {times}"
    async with staged(run.folder) as stage, run.loaded(stage), asyncio.TaskGroup() as killing:
        for service in SERVICES:
            killing.create_task(_kill(run, stage, service))


async def _kill(run: Run, stage: Stage, service: str) -> None:
    for _ in range(run.times):
        await asyncio.sleep(run.chance.uniform(0, 5))
        since = time.monotonic()
        await stage.platform.processes.kill(service)
        await stage.platform.restart(service)
        await run.recovered(stage, since)
        if service == SERVICES[0]:
            run.step()


async def pause_services(run: Run) -> None:
    """SIGSTOP with a second process of the service running, which takes over; then SIGCONT."""
    run.result.done = f"SIGSTOP of each service for {_PAUSE:.0f} s, {{times}}"
    async with staged(run.folder) as stage:
        for service in SERVICES:
            await stage.add_replica(service)
        async with run.loaded(stage):
            for _ in range(run.times):
                for service in SERVICES:
                    child = stage.child(service)
                    since = time.monotonic()
                    child.signal(signal.SIGSTOP)
                    await run.recovered(stage, since)
                    await asyncio.sleep(max(0.0, since + _PAUSE - time.monotonic()))
                    child.signal(signal.SIGCONT)
                    await asyncio.sleep(2.0)
                run.step()


FAULTS = (
    Fault("kill-services", "A service is killed", 100, 2, kill_services),
    Fault("pause-services", "A service is paused", 3, 1, pause_services),
)
