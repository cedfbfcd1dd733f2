"""Kafka killed; the primary of MongoDB steps down, and is killed."""

from __future__ import annotations

import asyncio
import time

from tests.faults.fault import Fault, Run
from tests.faults.stage import staged

_BETWEEN = (0.5, 3.0)


async def kill_kafka(run: Run) -> None:
    """The broker is killed and started again on its data."""
    run.result.done = "kill -9 of Kafka, {times}"
    async with staged(run.folder) as stage, run.loaded(stage):
        for _ in range(run.times):
            await asyncio.sleep(run.chance.uniform(*_BETWEEN))
            since = time.monotonic()
            await stage.servers.kill("kafka")
            await asyncio.sleep(run.chance.uniform(0, 3))
            await stage.servers.restart("kafka")
            await run.recovered(stage, since)
            run.step()


async def lose_primary(run: Run) -> None:
    """Of three members the primary steps down, then one is killed and comes back."""
    run.result.done = "primary of three steps down {times}, and is killed as often"
    async with staged(run.folder, members=3) as stage, run.loaded(stage):
        for _ in range(run.times):
            await asyncio.sleep(run.chance.uniform(*_BETWEEN))
            since = time.monotonic()
            await stage.mongo.step_down()
            await run.recovered(stage, since)
            since = time.monotonic()
            name = await stage.mongo.kill_primary()
            await run.recovered(stage, since)
            await stage.servers.restart(name)
            run.step()


FAULTS = (
    Fault("kill-kafka", "Kafka is killed", 20, 1, kill_kafka),
    Fault("lose-primary", "MongoDB loses its primary", 20, 1, lose_primary),
)
