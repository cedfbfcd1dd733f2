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
from functools import lru_cache
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


@lru_cache(maxsize=4096)
def _part(value: str) -> str:
    return PARTS[crc32(value.encode()) % len(PARTS)]


_PAIRS_OF_CASE = tuple(table for table in TABLES if "provider" not in table)
_PAIRS_OF_PROVIDER = tuple(table for table in TABLES if "provider" in table)


def _rows_of(
    tables: Sequence[tuple[str, str]], values: Mapping[str, str]
) -> Sequence[tuple[str, str]]:
    """For each table the end of its cell's id, and the values of the row."""
    found = []
    for a, b in tables:
        dealt_by = _DEALT_BY[a, b]
        part = _part(values[dealt_by]) if dealt_by else ""
        found.append((f"{part}||{a}|{b}", f"{values[a]}|{values[b]}"))
    return found


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
    # What is the same for every figure, and for all of one provider, is put together once.
    of_case: Sequence[tuple[str, str]] = ()
    of_provider: dict[str, tuple[Sequence[tuple[str, str]], str, str]] = {}
    for (subject, provider), tails in figures.items():
        if subject == "unmet-need":
            yield f"{head}|tenant|{subject}|{month}|||district", quoted["district"], tails
            continue
        of_case = of_case or _rows_of(_PAIRS_OF_CASE, quoted)
        if provider not in of_provider:
            values = quoted | {"provider": provider}
            of_provider[provider] = (
                _rows_of(_PAIRS_OF_PROVIDER, values),
                "|".join([values[name] for name in _TEAM_ROW]),
                "|".join([values[name] for name in _PROVIDER_ROW]),
            )
        with_provider, team_row, provider_row = of_provider[provider]
        own = f"{head}|tenant|{subject}|{month}|"
        for end, row in (*of_case, *with_provider):
            yield f"{own}{end}", row, tails
        own = f"{head}|team|{subject}|{month}|{quoted['team']}|{quoted['practice']}"
        yield f"{own}|{'|'.join(_TEAM_ROW)}", team_row, tails
        own = f"{head}|provider|{subject}|{month}|{provider}|"
        yield f"{own}|{'|'.join(_PROVIDER_ROW)}", provider_row, tails


def add_up(tenant: str, counted: Iterable[tuple[Contribution | None, int]]) -> Deltas:
    """What these contributions, each times its factor, come to in the cells."""
    cells: dict[str, dict[str, dict[str, int]]] = {}
    for each, factor in counted:
        if each is None:
            continue
        for id_, values, tails in cells_of(tenant, each):
            of_values = cells.setdefault(id_, {}).setdefault(values, {})
            for tail, count in tails:
                of_values[tail] = of_values.get(tail, 0) + factor * count
    deltas: Deltas = {}
    for id_, lines in cells.items():
        rows = {
            f"{values}|{tail}": count
            for values, tails_of in lines.items()
            for tail, count in tails_of.items()
            if count
        }
        if rows:
            deltas[id_] = rows
    return deltas


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
