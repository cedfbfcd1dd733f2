"""Ending tasks for certain: the Kafka client now and then swallows a cancellation it is given.

Seen at the moment a connection is made; the task then goes on as if nothing had been said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

_ASK_AGAIN_SECONDS = 1.0
_LONGEST_SECONDS = 3.0


def heed_cancellation() -> None:
    """Raise CancelledError where this task was cancelled and a callee kept that to itself."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await what must not be left half done, to its end even where this task is told to stop.

    A client given up half started holds connections that nobody can close any more. Waits for
    three seconds at most.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        ended, _ = await asyncio.wait({task}, timeout=_LONGEST_SECONDS)
        for each in ended:
            each.exception()
        raise


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel the tasks, again if need be, until each has ended; their errors are theirs."""
    ending = set(tasks)
    while ending:
        for task in ending:
            task.cancel()
        done, ending = await asyncio.wait(ending, timeout=_ASK_AGAIN_SECONDS)
        for task in done:
            if not task.cancelled():
                task.exception()
