"""Work that goes on beside the requests, for as long as a service runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import structlog

Worker = Callable[[], Awaitable[None]]
"""Work that goes on for as long as the service runs; it ends when it is cancelled."""

_REST = 1.0


@asynccontextmanager
async def running(name: str, work: Worker, patience: float) -> AsyncIterator[None]:
    """Keep ``work`` going while the block runs, then let it end in its own way.

    It is told again after ``patience`` seconds, in case a library kept the first word to
    itself: a stop must not hang.
    """
    task = asyncio.create_task(_supervised(name, work), name=name)
    try:
        yield
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=patience)


async def _supervised(name: str, work: Worker) -> None:
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it was, the work goes on
            structlog.get_logger().error("worker failed", worker=name, exc_info=error)
        await asyncio.sleep(_REST)


def named(workers: Sequence[Worker]) -> list[tuple[str, Worker]]:
    """Each under a name for logs."""
    return [(f"worker-{n}", worker) for n, worker in enumerate(workers, start=1)]
