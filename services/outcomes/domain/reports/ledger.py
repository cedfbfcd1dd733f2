"""One tenant's counting, batch by numbered batch: each is written down, added, then cleared.

A batch is written into the ledger before any cell changes, and the next one only starts
once it is cleared. So whoever finds a batch there may finish it: a cell that has its number
takes it no second time, and a case that was counted in it or a later one stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import AwareDatetime

from services.outcomes.domain.reports.case import Case, Contribution
from services.outcomes.domain.reports.cells import Deltas, add_up
from services.outcomes.domain.reports.contribution import contribution
from services.outcomes.domain.words import Strict


class Entry(Strict):
    """What one case counted for before the batch, and what it counts for after."""

    before: Contribution | None
    after: Contribution | None

    def changes(self) -> Sequence[tuple[Contribution | None, int]]:
        """What to add, each times its factor: only what differs, where the groups stayed."""
        before, after = self.before, self.after
        if before is None or after is None or not before.counts_under_the_same(after):
            return ((before, -1), (after, 1))
        differing = {
            figure: by
            for figure in before.figures.keys() | after.figures.keys()
            if (by := after.figures.get(figure, 0) - before.figures.get(figure, 0))
        }
        return ((after.model_copy(update={"figures": differing}), 1),)


class Batch(Strict):
    """A step of counting: cases by id, or ``corrections`` to the cells themselves."""

    number: int
    entries: Mapping[str, Entry] = {}
    corrections: Mapping[str, Mapping[str, int]] = {}

    def deltas(self, tenant: str) -> Deltas:
        """What the batch adds to each cell."""
        if self.corrections:
            return {id_: dict(rows) for id_, rows in self.corrections.items()}
        return add_up(
            tenant, [change for entry in self.entries.values() for change in entry.changes()]
        )


class RecountOrder(Strict):
    """That the cells be compared with the cases, and, with ``repair``, put right.

    ``cells`` is how many there should be, ``differing`` how many were different.
    """

    asked_at: AwareDatetime
    repair: bool
    done_at: AwareDatetime | None = None
    cells: int | None = None
    differing: int | None = None


class Ledger(Strict):
    """Where a tenant's counting stands. ``secret`` seeds the reports' noise and is never shown."""

    tenant: str
    secret: str
    number: int = 0
    batch: Batch | None = None
    counted_at: AwareDatetime | None = None
    recount: RecountOrder | None = None
    held_until: AwareDatetime | None = None
    """Until when no batch begins, because the cells are being replaced."""


def entries_of(cases: Sequence[Case]) -> Mapping[str, Entry]:
    """Those of the cases that count for something else than was counted."""
    wanted = {case.case_id: (case.counted, contribution(case)) for case in cases}
    return {
        case_id: Entry(before=before, after=after)
        for case_id, (before, after) in wanted.items()
        if before != after
    }


def counted_in(case: Case, number: int, entry: Entry) -> Case:
    """The case as counted in this batch, unless a later one counted it since."""
    if case.counted_in >= number:
        return case
    return case.model_copy(update={"counted": entry.after, "counted_in": number})
