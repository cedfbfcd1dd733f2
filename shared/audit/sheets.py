"""Sheets: lines that were written together, and where they are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.audit.lines import Entry, link


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
