"""All journeys of a run, so many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.console.demo.api import Unexpected
from services.console.demo.journey import Journey
from services.console.demo.paths import Path
from services.console.demo.people import Person
from services.console.demo.stage import Stage


async def play_all(
    people: Sequence[Person], paths: Sequence[Path], stage: Stage, *, at_once: int
) -> None:
    """Play everyone's journey, so many at once; what breaks off is noted, the others go on."""
    practices = stage.world.practices
    waiting = iter(
        [
            Journey(person, path, practices[number % len(practices)], stage)
            for number, (person, path) in enumerate(zip(people, paths, strict=True))
        ]
    )

    async def work() -> None:
        for journey in waiting:
            try:
                await journey.play()
            except Unexpected as fault:
                stage.ledger.broken.append(str(fault))

    async with asyncio.TaskGroup() as workers:
        for _ in range(at_once):
            workers.create_task(work())
