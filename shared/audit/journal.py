"""Writing the audit: what waits goes down together, chained to what is there."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.audit.lines import Entry, first_link, link
from shared.coalesce import Coalescer
from shared.errors import Unavailable

_ATTEMPTS = 30
_PAUSE = 0.002
_LONGEST_PAUSE = 0.1
_WAITING = 200
"""Requests whose lines go down together: far below a document's 16 MB."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Lines that were written together: numbers ``first`` to ``last``, one document.

    ``before`` is the hash of the line before, ``hashes`` those of the lines, in order.
    ``keys`` are what the lines are found by; ``at`` is when the sheet was written.
    """

    first: int
    at: datetime
    before: str
    lines: Sequence[str]
    hashes: Sequence[str]
    keys: Sequence[str]

    @property
    def last(self) -> int:
        """The number of the last line."""
        return self.first + len(self.lines) - 1


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: how many lines there are, and the hash of the last."""

    line: int
    hash: str


class Book(Protocol):
    """Where the sheets are kept. Only ``strike`` removes any, and a service may not call it."""

    async def ensure_indexes(self) -> None:
        """Create what is missing."""

    async def append(self, sheet: Sheet) -> bool:
        """Keep a sheet; False where one that begins with this number is there already.

        Raises Unavailable when the database does not answer: it may then be kept or not.
        """

    async def last(self) -> Sheet | None:
        """The last sheet; None where there is none."""

    async def find(
        self, where: Mapping[str, Any], below: int | None, limit: int
    ) -> Sequence[Sheet]:
        """Sheets that match, newest first, that begin with a number below ``below``."""

    def walk(self, start: int = 0) -> AsyncIterator[Sheet]:
        """All sheets in order, from the one that begins with ``start`` or later."""

    async def count(self) -> int:
        """About how many sheets there are."""


class Journal:
    """The audit of one service; what ``write`` has returned for is safe.

    Replicas share the book: whoever is second to continue the chain reads where it ends now
    and tries again. One batch of a process is under way at a time.
    """

    def __init__(self, book: Book, service: str, now: Callable[[], datetime]) -> None:
        self.book = book
        self.service = service
        self.now = now
        self._head: Head | None = None
        self._append: Coalescer[Sequence[Entry], int] = Coalescer(self._append_all, limit=_WAITING)

    async def write(self, lines: Sequence[Entry]) -> int:
        """Keep the lines, in this order; gives the number of the first.

        Raises Unavailable where that cannot be done: what they tell of must then not happen.
        """
        return await self._append(lines)

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


def sheet_of(lines: Sequence[Entry], head: Head, at: datetime) -> Sheet:
    """The lines as they follow on ``head``."""
    hashes: list[str] = []
    before = head.hash
    for number, entry in enumerate(lines, start=head.line + 1):
        before = link(before, number, entry.text)
        hashes.append(before)
    return Sheet(
        first=head.line + 1,
        at=at,
        before=head.hash,
        lines=[entry.text for entry in lines],
        hashes=hashes,
        keys=sorted(frozenset[str]().union(*(entry.keys for entry in lines))),
    )


def _numbers(batch: Sequence[Sequence[Entry]], first: int) -> Sequence[int]:
    numbers = []
    for entries in batch:
        numbers.append(first)
        first += len(entries)
    return numbers
