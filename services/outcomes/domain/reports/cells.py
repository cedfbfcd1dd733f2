"""Roll-ups: counts of all cases by month and by what reports ask for.

A *space* says which questions a cell answers. ``tenant``: one cell for each pair of
dimensions, so that a report over everything reads one small cell a month. A pair with an
organisation among it grows with their number, so its rows are dealt out to as many cells as
there are ``PARTS``: a report of many lines is then read part by part. ``team`` (one
team's cases from one practice) and ``provider`` (what was sent to one provider): one cell
with every dimension at once, from which any two are added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal
from zlib import crc32

from services.outcomes.domain.reports.case import Contribution
from services.outcomes.domain.reports.contribution import join, split
from services.outcomes.domain.words import Strict

Space = Literal["tenant", "team", "provider"]

PAIRED = ("practice", "pcn", "provider", "age_band", "sex", "ethnic_group", "deprivation_decile")
"""The dimensions of a case that reports are cut by, in the order tables name them."""

TABLES = tuple(combinations(PAIRED, 2))

PARTS = tuple(f"part-{n:02}" for n in range(16))
"""What the rows of a table with organisations are dealt out to, by the organisation's id."""

_ORGANISATIONS = ("practice", "provider", "pcn")
_DEALT_BY = {
    table: next((name for name in _ORGANISATIONS if name in table), None) for table in TABLES
}
_TEAM_ROW = tuple(name for name in PAIRED if name != "practice")
_PROVIDER_ROW = ("team", *(name for name in PAIRED if name != "provider"))

Deltas = dict[str, dict[str, int]]
"""What to add to each cell: by cell id, then by row."""


class Cell(Strict):
    """Counts by row. A row's key is its values, the category and the measure, joined.

    ``dims`` names a row's values. ``batch`` is the number of the last batch added; batches
    come in order, so a number that is not higher was added before.
    """

    tenant: str
    space: Space
    subject: str
    month: str
    owner: str
    practice: str
    dims: tuple[str, ...]
    rows: Mapping[str, int] = {}
    batch: int = 0


def cell_id(cell: Cell) -> str:
    """The id that says all of what the cell counts."""
    owner = (cell.owner, cell.practice)
    return join(cell.tenant, cell.space, cell.subject, cell.month, *owner, *cell.dims)


def empty_cell(id_: str) -> Cell:
    """The cell of this id before anything was counted."""
    tenant, space, subject, month, owner, practice, *dims = split(id_)
    values = {"tenant": tenant, "space": space, "subject": subject, "month": month}
    return Cell.model_validate(
        {**values, "owner": owner, "practice": practice, "dims": tuple(dims)}
    )


def parts_of(table: tuple[str, ...]) -> tuple[str, ...]:
    """The cells of a month that make up a table of the tenant, by what stands as their owner."""
    dealt = len(table) == 2 and _DEALT_BY[table[0], table[1]] is not None  # noqa: PLR2004 - a pair
    return PARTS if dealt else ("",)


def _part(values: Mapping[str, str], name: str | None) -> str:
    return "" if name is None else PARTS[crc32(values[name].encode()) % len(PARTS)]


def cells_of(
    tenant: str, counted: Contribution
) -> Iterator[tuple[str, str, Sequence[tuple[str, int]]]]:
    """Each cell a contribution is counted in: its id, the row's values, and what is counted."""
    month, head = counted.month, join(tenant)
    quoted = {name: join(value) for name, value in counted.dims.items()}
    figures: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for figure, count in counted.figures.items():
        subject, provider, tail = figure.split("|", 2)
        figures.setdefault((subject, provider), []).append((tail, count))
    for (subject, provider), tails in figures.items():
        if subject == "unmet-need":
            yield f"{head}|tenant|{subject}|{month}|||district", quoted["district"], tails
            continue
        values = quoted | {"provider": provider}
        parts = {name: _part(values, name) for name in (*_ORGANISATIONS, None)}
        for (a, b), dealt_by in _DEALT_BY.items():
            cell = f"{head}|tenant|{subject}|{month}|{parts[dealt_by]}||{a}|{b}"
            yield cell, f"{values[a]}|{values[b]}", tails
        own = f"{head}|team|{subject}|{month}|{values['team']}|{values['practice']}"
        yield f"{own}|{'|'.join(_TEAM_ROW)}", "|".join([values[n] for n in _TEAM_ROW]), tails
        own = f"{head}|provider|{subject}|{month}|{provider}|"
        row = "|".join([values[n] for n in _PROVIDER_ROW])
        yield f"{own}|{'|'.join(_PROVIDER_ROW)}", row, tails


def add_up(tenant: str, counted: Iterable[tuple[Contribution | None, int]]) -> Deltas:
    """What these contributions, each times its factor, come to in the cells."""
    deltas: Deltas = {}
    for each, factor in counted:
        if each is None:
            continue
        for id_, values, tails in cells_of(tenant, each):
            rows = deltas.setdefault(id_, {})
            for tail, count in tails:
                row = f"{values}|{tail}"
                rows[row] = rows.get(row, 0) + factor * count
    return {
        id_: kept
        for id_, rows in deltas.items()
        if (kept := {row: count for row, count in rows.items() if count})
    }


def add(cell: Cell, rows: Mapping[str, int], batch: int) -> Cell:
    """The cell with a batch's counts added, unless it holds that batch already."""
    if cell.batch >= batch:
        return cell
    total = dict(cell.rows)
    for row, count in rows.items():
        total[row] = total.get(row, 0) + count
        if not total[row]:
            del total[row]
    return cell.model_copy(update={"rows": total, "batch": batch})
