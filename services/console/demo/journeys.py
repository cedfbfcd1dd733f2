"""All journeys of a run, so many at once: first till weeks must pass, then what comes after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from services.console.demo.api import Unexpected, Who
from services.console.demo.journey import Journey
from services.console.demo.paths import Path
from services.console.demo.people import Person
from services.console.demo.stage import Milestone, Stage
from services.console.demo.world import CURATOR

_DAYS = (4, 5, 20)
"""On by so many days, one after the other: an unanswered referral is reminded of, escalated and
expires (at 14 days), and a place on a waiting list falls due for review (at 28)."""
_LOOK = 1.5
"""Seconds for the clocks to ring in between."""

_OPERATIONS = Who("operations", "operations")


async def play_all(
    people: Sequence[Person], paths: Sequence[Path], stage: Stage, *, at_once: int
) -> Sequence[Journey]:
    """Play everyone's journey to where weeks must pass; those to whom they must, are returned."""
    practices = stage.world.practices
    journeys = [
        Journey(person, path, practices[number % len(practices)], stage)
        for number, (person, path) in enumerate(zip(people, paths, strict=True))
    ]

    async def play(journey: Journey) -> None:
        await journey.play()
        if not journey.path.comes_back:
            stage.ledger.ways[journey.path.words] += 1

    whole = await _each(journeys, play, stage, at_once=at_once)
    return [journey for journey in whole if journey.path.comes_back]


async def let_weeks_pass(stage: Stage) -> None:
    """A service closes, and the referral service's clock goes on by four weeks and a day."""
    closing = stage.world.closing["id"]
    await stage.api.post(
        "directory",
        f"/services/{closing}/close",
        CURATOR,
        {"reason_code": "funding_ended"},
        key="close",
    )
    for days in _DAYS:
        await stage.api.post(
            "referral", "/test-clock", _OPERATIONS, {"hours": days * 24}, key=f"on-by-{days}"
        )
        await asyncio.sleep(_LOOK)


async def come_back_all(journeys: Sequence[Journey], stage: Stage, *, at_once: int) -> None:
    """What goes on weeks later, for those who waited."""

    async def come_back(journey: Journey) -> None:
        await journey.come_back()
        stage.ledger.ways[journey.path.words] += 1
        stage.reached(Milestone.CAME_BACK)

    await _each(journeys, come_back, stage, at_once=at_once)


async def _each(
    journeys: Sequence[Journey],
    do: Callable[[Journey], Awaitable[None]],
    stage: Stage,
    *,
    at_once: int,
) -> Sequence[Journey]:
    """Do it for everyone, so many at once; what breaks off is noted, the others go on."""
    waiting = iter(journeys)
    whole: list[Journey] = []

    async def work() -> None:
        for journey in waiting:
            try:
                await do(journey)
                whole.append(journey)
            except Unexpected as fault:
                stage.ledger.broken.append(str(fault))

    async with asyncio.TaskGroup() as workers:
        for _ in range(at_once):
            workers.create_task(work())
    return whole
