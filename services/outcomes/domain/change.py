"""Whether the answers got better since the baseline, and what that can and cannot show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

from services.outcomes.domain.measure import Measure
from services.outcomes.domain.words import Direction, Strict

Way = Literal["better", "worse", "same"]

_LONG_APART = timedelta(days=366)

CAVEATS: Mapping[str, str] = MappingProxyType(
    {
        "two_answers": (
            "Two answers by one person, with no comparison group: they do not show what "
            "brought a change about."
        ),
        "other_version": "The two were taken with different versions of the instrument.",
        "other_scorer": "The two were scored by different versions of the scoring rules.",
        "over_a_year_apart": "More than twelve months lie between the two.",
        "concern_changed": (
            "The person named another concern the second time: the two answers are about "
            "different things and are not compared."
        ),
        "answered_once": "Some items were answered only one of the two times.",
    }
)
"""What to bear in mind when reading a change, by code."""


class Caveat(Strict):
    """One of ``CAVEATS``."""

    code: str
    words: str


class Line(Strict):
    """An item, or the total, at both times. Before and after are on the instrument's scale."""

    name: str
    before: int | float
    after: int | float
    difference: int | float
    way: Way


class Comparison(Strict):
    """An instrument's latest answers beside its baseline; items are never added up here."""

    instrument: str
    baseline_id: str
    latest_id: str
    lines: tuple[Line, ...]
    caveats: tuple[Caveat, ...]


def changes_since_baseline(measures: Sequence[Measure]) -> tuple[Comparison, ...]:
    """For each instrument with a baseline, its first, the latest review or final after it."""
    found = []
    for instrument in dict.fromkeys(measure.instrument for measure in measures):
        own = sorted(
            (measure for measure in measures if measure.instrument == instrument),
            key=lambda measure: measure.recorded_at,
        )
        baseline = next((each for each in own if each.stage == "baseline"), None)
        later = [each for each in own if each.stage != "baseline"]
        if baseline is not None and later and later[-1].recorded_at >= baseline.recorded_at:
            found.append(compare(baseline, later[-1]))
    return tuple(found)


def compare(baseline: Measure, latest: Measure) -> Comparison:
    """Two answerings of one instrument, item by item or by their totals, as it is read."""
    moved = _changed_concerns(baseline, latest)
    names = [name for name in baseline.compared if name not in moved]
    return Comparison(
        instrument=baseline.instrument,
        baseline_id=baseline.id,
        latest_id=latest.id,
        lines=tuple(_lines(baseline, latest, names)),
        caveats=tuple(
            Caveat(code=code, words=CAVEATS[code]) for code in _caveats(baseline, latest, moved)
        ),
    )


def _lines(baseline: Measure, latest: Measure, names: Sequence[str]) -> Iterator[Line]:
    for name in names:
        before, after = baseline.value(name), latest.value(name)
        if before is not None and after is not None:
            yield Line(
                name=name,
                before=before,
                after=after,
                difference=round(after - before, 2),
                way=_way(before, after, baseline.compared[name]),
            )


def _caveats(baseline: Measure, latest: Measure, moved: frozenset[str]) -> Iterator[str]:
    yield "two_answers"
    if baseline.version != latest.version:
        yield "other_version"
    if baseline.scorer != latest.scorer:
        yield "other_scorer"
    if latest.recorded_at - baseline.recorded_at > _LONG_APART:
        yield "over_a_year_apart"
    if moved:
        yield "concern_changed"
    if baseline.answers.keys() != latest.answers.keys():
        yield "answered_once"


def _changed_concerns(baseline: Measure, latest: Measure) -> frozenset[str]:
    """Items about another concern than before; a total that holds one is about it as well."""
    changed = {
        item
        for item in baseline.concerns.keys() & latest.concerns.keys()
        if _plain(baseline.concerns[item]) != _plain(latest.concerns[item])
    }
    if changed:
        changed.add("total")
    return frozenset(changed)


def _plain(words: str) -> str:
    return " ".join(words.casefold().split())


def _way(before: float, after: float, direction: Direction) -> Way:
    if before == after:
        return "same"
    return "better" if (after > before) == (direction == "higher_is_better") else "worse"
