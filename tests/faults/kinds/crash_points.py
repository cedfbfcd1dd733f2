"""A service ends itself between two steps: each point in each service that passes it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from shared.testing import eventually
from tests.faults.crashing import POINTS
from tests.faults.fault import Fault, Run
from tests.faults.stage import ROOT, Stage, staged

_HIT_WITHIN = 120.0
_NOT_PASSED_BY = {
    "directory": {"before-delivery", "after-delivery", "before-insert", "after-insert"},
    "outcomes": {"before-delivery", "after-delivery"},
    "referral": {"before-delivery", "after-delivery"},
    "notifications": set[str](),
}
"""The directory inserts nothing while journeys are played, and only notifications delivers."""


async def crash(run: Run) -> None:
    """Point after point in all services side by side, round after round.

    Asked for one round, it hits each point once, in a service chosen by chance.
    """
    run.result.done = (
        f"{len(POINTS)} points between two steps, {{crashes}} crashes, each point "
        "{times} at least"
    )
    async with staged(run.folder) as stage, run.loaded(stage):
        for _ in range(run.times):
            async with asyncio.TaskGroup() as crashing:
                for service, points in _round(run).items():
                    crashing.create_task(_crash_at_each(run, stage, service, points))
            run.step()


def _round(run: Run) -> Mapping[str, Sequence[str]]:
    points: dict[str, list[str]] = {service: [] for service in _NOT_PASSED_BY}
    for point in POINTS:
        passing = [name for name, never in _NOT_PASSED_BY.items() if point not in never]
        for service in passing if run.times > 1 else [run.chance.choice(passing)]:
            points[service].append(point)
    return points


async def _crash_at_each(run: Run, stage: Stage, service: str, points: Sequence[str]) -> None:
    for point in points:
        await _crash(run, stage, service, point)


async def _crash(run: Run, stage: Stage, service: str, point: str) -> None:
    """Restart the service so that it ends at the point, wait until it has, start it as it was."""
    processes = stage.platform.processes
    child = stage.child(service)
    mark = run.folder / f"{service}-{point}"
    mark.unlink(missing_ok=True)
    usual, env = child.command, dict(child.env)
    await processes.stop(service)
    port = usual[usual.index("--port") + 1]
    after = run.chance.randint(1, 5)
    await processes.start(
        service,
        [sys.executable, "-m", "tests.faults.crashing", service, port],
        env={**env, "CRASH_POINT": point, "CRASH_AFTER": str(after), "CRASH_MARK": str(mark)},
        cwd=ROOT,
    )
    with suppress(AssertionError):  # what is wrong is said below
        await eventually(lambda: not processes.running(service), within=_HIT_WITHIN)
    if mark.exists():
        run.result.counts["crashes"] += 1
    else:
        run.result.wrong.append(f"{service} did not pass {point} in {_HIT_WITHIN:.0f} seconds")
    since = time.monotonic()
    await processes.stop(service)
    await processes.start(service, usual, env=env, cwd=ROOT)
    await stage.platform.wait_ready(service)
    await run.recovered(stage, since)


FAULTS = (Fault("crash-points", "A service ends between two steps", 2, 1, crash),)
