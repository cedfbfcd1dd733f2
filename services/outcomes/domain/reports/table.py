"""From cells to the table that is shown: added up, then every number made safe."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from services.outcomes.domain.reports.asking import Question
from services.outcomes.domain.reports.cells import Cell
from services.outcomes.domain.reports.contribution import ALL, WAIT_BINS, split, unquoted
from services.outcomes.domain.reports.disclosure import LEAST, blocks_of, noise_of, publish
from services.outcomes.domain.reports.subjects import CLOSED

_LEAST_FOR_A_MEDIAN = 10

Values = tuple[str, ...]
Key = tuple[Values, str]
"""The values of the cut and the category: what tells one line from another."""

Counts = dict[Key, dict[str, int]]
"""By the values of the cut and the category: how often each measure."""


@dataclass(frozen=True)
class Line:
    """One line: the values of the cut, the category if there is one, and its figures."""

    values: Values
    category: str | None
    figures: Mapping[str, int | None]


@dataclass(frozen=True)
class Table:
    """What is shown. ``totals`` are the lines of the whole, counted by themselves."""

    lines: tuple[Line, ...]
    totals: tuple[Line, ...]


def count(question: Question, cells: Iterable[Cell]) -> Counts:
    """The cells' rows added up, for each line and, under no values, for the whole."""
    lines: Counts = {}
    for (names, practice, owner, month), rows in _merged(question, cells):
        own = {"practice": practice, "provider": owner, "month": month}
        picks = [(names.index(name) if name in names else -1, name) for name in question.by]
        of_one = question.scope.kind == "practice" and not practice
        inner = names.index("practice") if of_one else -1
        # Rows of the same values differ in category and measure alone: values are looked at once.
        known: dict[str, Values | None] = {}
        for row, number in rows.items():
            head, category, measure = row.rsplit("|", 2)
            if head in known:
                values = known[head]
            else:
                parts = split(head)
                outside = inner >= 0 and parts[inner] != question.scope.id
                values = (
                    None
                    if outside
                    else tuple(parts[n] if n >= 0 else own[name] for n, name in picks)
                )
                known[head] = values
            if values is None:
                continue
            key = (values, unquoted(category))
            figures = lines.get(key)
            if figures is None:
                figures = lines[key] = {}
            measure = unquoted(measure)
            figures[measure] = figures.get(measure, 0) + number
    whole: Counts = {}
    for (_, category), figures in lines.items():
        _add_all(whole.setdefault(((), category), {}), figures)
    return lines | whole


def _merged(
    question: Question, cells: Iterable[Cell]
) -> Iterator[tuple[tuple[tuple[str, ...], str, str, str], Mapping[str, int]]]:
    """Rows of like cells added up as they are: a row is taken apart once, not once a month.

    Not those of one organisation, which hold every dimension: hardly two of their rows are alike.
    """
    merged: dict[tuple[tuple[str, ...], str, str, str], dict[str, int]] = {}
    for cell in cells:
        month = cell.month if "month" in question.by else ""
        key = (cell.dims, cell.practice, cell.owner, month)
        if cell.space != "tenant":
            yield key, cell.rows
        elif key in merged:
            _add_all(merged[key], cell.rows)
        else:
            merged[key] = dict(cell.rows)
    yield from merged.items()


def _add_all(total: dict[str, int], more: Mapping[str, int]) -> None:
    for key, number in more.items():
        total[key] = total.get(key, 0) + number


def totals_of(question: Question, counts: Counts, secret: str) -> tuple[Line, ...]:
    """The lines of the whole that tell something, every number safe to show."""
    lines = (
        Line((), _shown(question, category), _safe(question, (), category, counts, secret))
        for values, category in sorted(counts)
        if values == ()
    )
    return tuple(line for line in lines if _tells(line))


def lines_of(
    question: Question,
    counts: Counts,
    secret: str,
    totals: Iterable[Line],
    *,
    after: Key | None = None,
    most: int | None = None,
) -> tuple[tuple[Line, ...], Key | None]:
    """The lines of a cut, every number safe to show, in order; ``most`` after that one.

    Each line is what it is whichever page it is on. With the last one where there may be more.
    """
    if not question.by:
        return (), None
    categories = {line.category or ALL for line in totals}
    wanted = set(_grid(question, categories | {ALL}))
    keys = sorted(wanted | {key for key in counts if key[0]})
    lines: list[Line] = []
    last = after
    for values, category in keys[bisect_right(keys, after) if after else 0 :]:
        if most is not None and len(lines) >= most:
            return tuple(lines), last
        last = (values, category)
        found = counts.get(last, {})
        if last not in wanted and max(found.values(), default=0) < LEAST:
            continue
        figures = _safe(question, values, category, counts, secret)
        line = Line(values, _shown(question, category), figures)
        if last in wanted or _tells(line):
            lines.append(line)
    return tuple(lines), None


def _grid(question: Question, categories: Iterable[str]) -> Iterator[tuple[Values, str]]:
    """Every line of a table all of whose values are known beforehand."""
    if question.subject.category == "kind":
        categories = set(categories) - {ALL}
    known = [question.months if name == "month" else CLOSED.get(name) for name in question.by]
    closed = [values for values in known if values is not None]
    if len(closed) == len(known):
        for *values, category in product(*closed, sorted(categories)):
            yield tuple(values), category


def _safe(
    question: Question, values: Values, category: str, counts: Counts, secret: str
) -> Mapping[str, int | None]:
    found = counts.get((values, category), {})
    conditions: dict[str, str] = dict(zip(question.by, values, strict=False))
    month = conditions.pop("month", None)
    if question.scope.kind != "tenant":
        conditions[question.scope.kind] = question.scope.id
    blocks = blocks_of((month,) if month else question.months)
    medians = question.subject.medians or {}
    figures: dict[str, int | None] = {}
    for measure in question.subject.measures:
        if measure in medians:
            counted = figures[medians[measure]]
            enough = counted is not None and counted >= _LEAST_FOR_A_MEDIAN
            figures[measure] = _median(found, medians[measure]) if enough else None
        else:
            number = found.get(measure, 0)
            figure = (question.name, category, measure)
            noise = noise_of(secret, conditions, figure, blocks) if number >= LEAST else 0
            figures[measure] = publish(number, noise)
    return figures


def _median(found: Mapping[str, int], measure: str) -> int | None:
    """The upper end of the bin that holds the median; None in the open last one."""
    bins = [found.get(f"{measure}:{n}", 0) for n in range(len(WAIT_BINS))]
    half = found.get(measure, 0) / 2
    for most, number in zip(WAIT_BINS, bins, strict=True):
        half -= number
        if half <= 0:
            return most
    return None


def _shown(question: Question, category: str) -> str | None:
    return category if question.subject.category else None


def _tells(line: Line) -> bool:
    return any(figure is not None for figure in line.figures.values())
