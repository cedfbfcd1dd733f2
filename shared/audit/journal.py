"""Writing the audit: what waits goes down together, chained to what is there."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from shared.audit.daybook import Daybook
from shared.audit.figures import Figures
from shared.audit.lines import Entry, first_link
from shared.audit.sheets import Book, Head, sheet_of
from shared.coalesce import Coalescer
from shared.errors import Unavailable

_ATTEMPTS = 30
_PAUSE = 0.002
_LONGEST_PAUSE = 0.1
_GATHER = 0.005
"""Seconds that lines wait for others, where many are written: a sheet costs most, not a line."""
_WAITING = 200
"""Requests whose lines go down together: far below a document's 16 MB."""


class Journal:
    """The audit of one service; what ``write`` has returned for is safe.

    With a ``folder`` for its daybook, ``note`` need not wait for the book (``daybook``).
    Replicas share the book: whoever is second to continue the chain reads where it ends now
    and tries again. One batch of a process is under way at a time.
    """

    def __init__(
        self,
        book: Book,
        service: str,
        now: Callable[[], datetime],
        figures: Figures | None = None,
        folder: Path | None = None,
    ) -> None:
        self.book = book
        self.figures = figures
        self.service = service
        self.now = now
        self.daybook = None if folder is None else Daybook(folder, service, self.write)
        self._head: Head | None = None
        self._append: Coalescer[Sequence[Entry], int] = Coalescer(
            self._append_all, limit=_WAITING, gather=_GATHER
        )

    async def write(self, lines: Sequence[Entry]) -> int:
        """Keep the lines, in this order; gives the number of the first.

        Raises Unavailable where that cannot be done: what they tell of must then not happen.
        """
        try:
            number = await self._append(lines)
        except Exception:
            if self.figures is not None:
                self.figures.audit_failures_total.inc()
            raise
        if self.figures is not None:
            self.figures.audit_lines_total.inc(len(lines))
        return number

    async def note(self, lines: Sequence[Entry]) -> None:
        """Keep the lines of a reading, before it is shown. Raises Unavailable as ``write`` does."""
        if self.daybook is None or not self.daybook.note(lines):
            await self.write(lines)

    async def head(self) -> Head:
        """Where the chain ends now."""
        last = await self.book.last()
        if last is None:
            return Head(0, first_link(self.service))
        return Head(last.last, last.hashes[-1])

    async def _append_all(self, batch: Sequence[Sequence[Entry]]) -> Sequence[int]:
        lines = [entry for entries in batch for entry in entries]
        for attempt in range(_ATTEMPTS):
            if attempt:
                # Another replica was first: step aside for a moment, out of step with it.
                pause = min(_LONGEST_PAUSE, _PAUSE * 2**attempt)
                await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - no secret
            head, self._head = self._head or await self.head(), None
            sheet = sheet_of(lines, head, self.now())
            if await self.book.append(sheet):
                self._head = Head(sheet.last, sheet.hashes[-1])
                return _numbers(batch, sheet.first)
        raise Unavailable("The audit could not be written: too many write it at once.")


def _numbers(batch: Sequence[Sequence[Entry]], first: int) -> Sequence[int]:
    numbers = []
    for entries in batch:
        numbers.append(first)
        first += len(entries)
    return numbers
