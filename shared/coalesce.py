"""Merge concurrent calls into one: whatever arrives while a batch is under way goes as the next.

One trip to the database then serves many callers, which is what makes majority-journalled
writes affordable; ``make bench`` measures it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.errors import Unavailable

In = TypeVar("In")
Out = TypeVar("Out")

_Batch = Sequence[tuple[In, asyncio.Future[Out]]]


_COMPANY = 3
"""Callers in the last batch, from which on the next waits for company."""


class Coalescer(Generic[In, Out]):
    """``await coalescer(item)`` gives that item's own outcome of a shared batch.

    ``flush`` takes the batch and returns one outcome per item, in order: a result, or an
    exception that is raised to that item's caller alone. If ``flush`` itself raises
    Unavailable, every caller of the batch gets that error; after any other, each item goes
    alone, so that the one which spoils the batch spoils it for no one else. One batch is
    under way at a time, so that the same document is never changed by two batches of one
    process at once.

    With ``gather`` a batch waits so many seconds for company, while batches have any: fewer,
    larger trips where many callers wait, none the later for a caller who is alone.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[In]], Awaitable[Sequence[Out | BaseException]]],
        *,
        limit: int = 500,
        gather: float = 0.0,
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._gather = gather
        self._last = 0
        self._waiting: list[tuple[In, asyncio.Future[Out]]] = []
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, item: In) -> Out:
        """Join the next batch and wait for this item's outcome."""
        future: asyncio.Future[Out] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        batch: _Batch[In, Out] = ()
        try:
            while self._waiting:
                if self._gather and self._last >= _COMPANY:
                    await asyncio.sleep(self._gather)
                batch = self._waiting[: self._limit]
                del self._waiting[: self._limit]
                self._last = len(batch)
                await self._serve(batch)
        finally:
            self._running = None
            abandoned, self._waiting = [*batch, *self._waiting], []
            _fail(abandoned, asyncio.InvalidStateError("Stopped before this call was served."))

    async def _serve(self, batch: _Batch[In, Out]) -> None:
        try:
            served = list(zip(batch, await self._flush([item for item, _ in batch]), strict=True))
        except Unavailable as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 - it belongs to the caller who brought it
            if len(batch) == 1:
                _fail(batch, error)
            else:
                for each in batch:
                    await self._serve([each])
        else:
            for (_, future), outcome in served:
                if future.done():
                    continue
                if isinstance(outcome, BaseException):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)


def _fail(batch: _Batch[In, Out], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
