"""Finding lines: by the person they are about, by the user, by time; newest first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.audit.lines import AuditLine, about_key, read_line, user_key
from shared.audit.sheets import Book, Sheet

_SHEETS = 50
_LATE = timedelta(minutes=5)
"""A line may be this much older than the sheet it waited for."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which lines of a tenant are wanted; what is None does not matter.

    ``about`` is the id of a person, or of a case or another record. ``since`` and ``until``
    are both included.
    """

    tenant: str
    about: str | None = None
    subject: str | None = None
    organisation: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def where(self) -> dict[str, Any]:
        """The filter that finds every sheet with such a line, and some without."""
        keys = []
        if self.about is not None:
            keys.append(about_key(self.tenant, self.about))
        if self.subject is not None:
            keys.append(user_key(self.tenant, self.subject))
        asked: dict[str, Any] = {"keys": {"$all": keys}} if keys else {}
        if self.since is not None:
            asked["at"] = {"$gte": self.since}
        if self.until is not None:
            asked.setdefault("at", {})["$lte"] = self.until + _LATE
        return asked

    def matches(self, line: AuditLine) -> bool:
        """Whether it is one of the lines wanted."""
        return (
            line.tenant == self.tenant
            and (self.subject is None or line.subject == self.subject)
            and (self.organisation is None or line.organisation == self.organisation)
            and (self.since is None or line.at >= self.since)
            and (self.until is None or line.at <= self.until)
            and (
                self.about is None
                or any(self.about in (each.id, *each.about) for each in line.records)
            )
        )


async def lines(
    book: Book, question: Question, below: int | None = None
) -> AsyncIterator[AuditLine]:
    """The lines asked for, newest first; with ``below`` only those with lower numbers."""
    start = below
    while True:
        sheets = await book.find(question.where(), start, _SHEETS)
        for sheet in sheets:
            for line in _lines(sheet, question, below):
                yield line
        if len(sheets) < _SHEETS:
            return
        start = sheets[-1].first


async def page(
    book: Book, question: Question, *, below: int | None, limit: int
) -> tuple[list[AuditLine], int | None]:
    """So many of the lines, and the number below which to go on; None at the end."""
    found: list[AuditLine] = []
    async for line in lines(book, question, below):
        if len(found) == limit:
            return found, found[-1].number
        found.append(line)
    return found, None


def _lines(sheet: Sheet, question: Question, below: int | None) -> list[AuditLine]:
    # Reading a line costs far more than looking whether it can be meant at all.
    words = [word for word in (question.about, question.subject) if word is not None]
    return [
        line
        for number, text in reversed(list(enumerate(sheet.lines, start=sheet.first)))
        if (below is None or number < below) and all(word in text for word in words)
        if question.matches(line := read_line(number, text))
    ]
