"""The gap map: how often each need was not met, with small numbers left out.

A small number in a small area can point to a person. Counts under five are left out; where
that leaves one gap in a line whose sum a coarser table tells, the next smallest count of the
line goes as well, so that it cannot be had by subtraction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

SMALLEST_TOLD = 5

By = Literal["need", "area", "month", "reason"]


class Gap(BaseModel):
    """One line of the map; only what was asked for is filled in, and ``count`` if told."""

    model_config = ConfigDict(frozen=True)

    need_code: str | None = None
    district: str | None = None
    month: str | None = None
    reason_code: str | None = None
    count: int | None
    suppressed: bool = False


Place = tuple[str | None, ...]
"""The values of one line, in the order of what it is counted by."""

_FIELDS: Mapping[By, str] = {
    "need": "need_code",
    "area": "district",
    "month": "month",
    "reason": "reason_code",
}


def fields(by: Sequence[By]) -> list[str]:
    """The names of a line's fields."""
    return [_FIELDS[each] for each in by]


def gap_map(by: Sequence[By], counts: Mapping[Place, int]) -> list[Gap]:
    """The lines in the order of their values, the small ones without their count."""
    hidden = _hidden(counts)
    return [
        Gap.model_validate(
            dict(zip(fields(by), place, strict=True))
            | {"count": None if place in hidden else count, "suppressed": place in hidden}
        )
        for place, count in sorted(counts.items(), key=lambda item: _order(item[0]))
    ]


def _hidden(counts: Mapping[Place, int]) -> frozenset[Place]:
    hidden = {place for place, count in counts.items() if count < SMALLEST_TOLD}
    lines = _lines(counts)
    settled = False
    while not settled:
        settled = True
        for line in lines:
            if _gives_away(line, hidden):
                told = [place for place in line if place not in hidden]
                hidden.add(min(told, key=lambda place: (counts[place], _order(place))))
                settled = False
    return frozenset(hidden)


def _lines(counts: Mapping[Place, int]) -> list[list[Place]]:
    """The places that differ in one value alone: a table without that value tells their sum."""
    lines: dict[tuple[int, Place], list[Place]] = {}
    for place in counts:
        for n in range(len(place)):
            lines.setdefault((n, (*place[:n], *place[n + 1 :])), []).append(place)
    return list(lines.values())


def _gives_away(line: Sequence[Place], hidden: set[Place]) -> bool:
    gaps = sum(place in hidden for place in line)
    return gaps == 1 and len(line) > 1


def _order(place: Place) -> tuple[str, ...]:
    return tuple(value or "" for value in place)
