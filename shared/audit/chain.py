"""Checking the chain: the first line that was altered, removed, added or put elsewhere is named."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from shared.audit.lines import first_link, keys_of, link
from shared.audit.sheets import Head, Sheet

ARCHIVED = "audit-archived"
"""The action of a line that says up to where older lines were archived and removed."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a chain's end was at some time, told outside of the database it is kept in."""

    service: str
    line: int
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong: with which line, and what."""

    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk found: from which line to which it went, and what is wrong, if anything."""

    first: int
    head: Head
    anchors: int
    """How many anchors were compared."""
    finding: Finding | None = None


@dataclass
class Walk:
    """The chain as far as it has been walked. ``check`` takes one sheet after the other."""

    service: str
    anchors: Sequence[Anchor] = ()
    archived: bool = False
    """Whether it is an archive, which need not account for what came before it."""
    first: int = 1
    head: Head = field(init=False)
    _wanted: dict[int, list[Anchor]] = field(init=False, default_factory=dict)
    _begun: bool = field(init=False, default=False)
    _removed: Head | None = field(init=False, default=None)
    """Where the lines that are there no longer end, which a later line must account for."""
    _accounted: bool = field(init=False, default=False)
    _compared: int = field(init=False, default=0)
    _trusted: int = field(init=False, default=0)
    """The last line that an anchor bears out."""

    def __post_init__(self) -> None:
        """Begin before the first line."""
        self.head = Head(0, first_link(self.service))
        for anchor in self.anchors:
            if anchor.service == self.service:
                self._wanted.setdefault(anchor.line, []).append(anchor)

    def check(self, sheet: Sheet) -> Finding | None:
        """What is wrong with the next sheet, if anything."""
        if not self._begun:
            self._begin(sheet)
        expected = self.head.line + 1
        if sheet.first > expected:
            return Finding(expected, _span("removed", expected, sheet.first - 1))
        if sheet.first < expected:
            return Finding(sheet.first, f"line {sheet.first} is there a second time")
        if sheet.before != self.head.hash:
            return Finding(
                self.head.line,
                f"line {self.head.line} is not the one that line {expected} was written after: "
                "it, or lines written with it, were altered or put in the place of others",
            )
        return self._lines(sheet) or self._keys(sheet)

    def end(self) -> Verdict:
        """What the whole walk comes to, once all sheets are checked."""
        finding = None
        later = sorted(line for line in self._wanted if line > self.head.line)
        if later:
            last = later[-1]
            finding = Finding(self.head.line + 1, _span("removed", self.head.line + 1, last))
        elif self._removed is not None and not (self._accounted or self.archived):
            finding = Finding(1, _span("removed", 1, self._removed.line) + ", and no archive named")
        return self.verdict(finding)

    def verdict(self, finding: Finding | None) -> Verdict:
        """The walk as far as it went."""
        return Verdict(self.first, self.head, self._compared, finding)

    def _begin(self, sheet: Sheet) -> None:
        self._begun = True
        if sheet.first > 1:
            # What came before was archived; a line further on must say so, with this hash.
            self._removed = self.head = Head(sheet.first - 1, sheet.before)
            self.first = sheet.first
            self._wanted = {n: each for n, each in self._wanted.items() if n >= sheet.first - 1}
            self._trusted = sheet.first - 1

    def _lines(self, sheet: Sheet) -> Finding | None:
        if len(sheet.lines) != len(sheet.hashes):
            return Finding(sheet.first, f"lines were removed or added after line {sheet.first - 1}")
        for offset, (text, hash_) in enumerate(zip(sheet.lines, sheet.hashes, strict=True)):
            number = sheet.first + offset
            if link(self.head.hash, number, text) != hash_:
                return Finding(number, self._how(sheet, number, hash_))
            self.head = Head(number, hash_)
            for anchor in self._wanted.get(number, ()):
                if anchor.hash != hash_:
                    told = f"{anchor.at:%Y-%m-%d %H:%M:%S}"
                    between = _span("replaced", self._trusted + 1, number)
                    return Finding(self._trusted + 1, f"{between} since they were told at {told}")
                self._trusted = number
                self._compared += 1
            self._archived(text)
        return None

    def _how(self, sheet: Sheet, number: int, hash_: str) -> str:
        for other, text in enumerate(sheet.lines, start=sheet.first):
            if other != number and link(self.head.hash, number, text) == hash_:
                return f"line {number} was put where line {other} is: lines were reordered"
        return f"line {number} was altered"

    def _keys(self, sheet: Sheet) -> Finding | None:
        """Lines must be found by what they say; else they could be hidden without a trace."""
        try:
            wanted = frozenset[str]().union(*map(keys_of, sheet.lines))
        except (ValidationError, ValueError):
            return Finding(sheet.first, f"lines {sheet.first} to {sheet.last} are not readable")
        if not wanted <= frozenset(sheet.keys):
            return Finding(sheet.first, _span("hidden from searches", sheet.first, sheet.last))
        return None

    def _archived(self, text: str) -> None:
        if self._removed is None or ARCHIVED not in text:
            return
        line = json.loads(text)
        detail = line.get("detail") or {}
        if line.get("action") == ARCHIVED and detail.get("through") == self._removed.line:
            self._accounted = detail.get("hash") == self._removed.hash


async def verify(
    sheets: AsyncIterator[Sheet],
    service: str,
    anchors: Iterable[Anchor] = (),
    *,
    told: Callable[[Sheet], None] = lambda _: None,
    archived: bool = False,
) -> Verdict:
    """Walk through all sheets; ``told`` hears of each one that is well."""
    walk = Walk(service, tuple(anchors), archived)
    async for sheet in sheets:
        finding = walk.check(sheet)
        if finding is not None:
            return walk.verdict(finding)
        told(sheet)
    return walk.end()


def archive_detail(through: Head, file_digest: str) -> Mapping[str, object]:
    """What a line says of an archive: the last line in it, its hash, the file's SHA-256."""
    return {"through": through.line, "hash": through.hash, "file_sha256": file_digest}


def _span(what: str, first: int, last: int) -> str:
    return f"line {first} was {what}" if first == last else f"lines {first} to {last} were {what}"
