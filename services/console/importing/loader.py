"""Takes the rows of a source to the directory and keeps count of what became of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from services.console.importing.directory import Directory, Outcome
from services.console.importing.records import BadRow, Record, Row

BATCH = 500
"""The most records the directory takes at once."""


@dataclass
class Tally:
    """What became of a source's rows.

    ``outcomes`` has a count for each path of the directory, ``notes`` the lines on which
    something was left out, ``outside`` the rows of other postcode areas than those wanted.
    """

    outcomes: dict[str, Counter[Outcome]] = field(default_factory=lambda: defaultdict(Counter))
    bad: list[BadRow] = field(default_factory=list)
    notes: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    outside: int = 0


def load(
    rows: Iterable[Row | BadRow],
    directory: Directory,
    tally: Tally,
    *,
    areas: AbstractSet[str] = frozenset(),
    at_line: Callable[[int], None] = lambda _: None,
) -> None:
    """Send the records of ``rows``, counting into ``tally`` as their results come.

    With ``areas``, only those that lie in one of these postcode areas. Raises Refused where
    the directory does not take a batch, and Unreadable where the source breaks off.
    """
    batches = _Batches(directory, tally)
    for row in rows:
        at_line(row.line)
        if isinstance(row, BadRow):
            tally.bad.append(row)
            continue
        its_areas = row.record.areas()
        if areas and its_areas is not None and areas.isdisjoint(its_areas):
            tally.outside += 1
            continue
        for note in row.notes:
            tally.notes[note].append(row.line)
        batches.add(row)
    batches.send_all()


class _Batches:
    """Rows on their way to the directory, in a batch for each kind of record."""

    def __init__(self, directory: Directory, tally: Tally) -> None:
        self._directory = directory
        self._tally = tally
        self._waiting: dict[str, list[tuple[int, Record]]] = defaultdict(list)
        self._providers: set[str] = set()

    def add(self, row: Row) -> None:
        """The row's record, and its provider the first time there is something by it."""
        if row.provider and row.provider.id not in self._providers:
            self._providers.add(row.provider.id)
            self._add(row.line, row.provider)
        self._add(row.line, row.record)

    def send_all(self) -> None:
        """Send what is waiting."""
        for path in list(self._waiting):
            self._send(path)

    def _add(self, line: int, record: Record) -> None:
        batch = self._waiting[record.path]
        batch.append((line, record))
        if len(batch) == BATCH:
            self._send(record.path)

    def _send(self, path: str) -> None:
        batch = self._waiting.pop(path)
        results = self._directory.put(path, [record for _, record in batch])
        for (line, _), result in zip(batch, results, strict=True):
            self._tally.outcomes[path][result.outcome] += 1
            if result.outcome == "invalid":
                faults = (f"{fault.pointer}: {fault.reason}" for fault in result.errors or ())
                self._tally.bad.append(BadRow(line, f"refused: {'; '.join(faults)}"))
