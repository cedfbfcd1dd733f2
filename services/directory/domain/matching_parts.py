"""The weights of matching, in one table, and what share of each a service earns.

The weights are a judgement, not a measurement; revisit them with what people then attend:
answering the need comes first, then being near, then being able to start; the rest decides
between services that are otherwise alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from services.directory.domain.matching import Candidate, Sought

PartCode = Literal[
    "need", "distance", "place", "freshness", "cost", "days", "language", "accessibility"
]

WEIGHTS: Mapping[PartCode, float] = {
    "need": 40,  # by the share of the needs asked for that it answers
    "distance": 20,  # all at the door, nothing at the limit
    "place": 15,  # all with a place free, half where that is not stated, nothing when full
    "freshness": 10,  # all if confirmed within 30 days, none after 365 or with a problem reported
    "cost": 5,  # all if free, half where that is not stated
    "days": 4,  # by the share of the days wanted, half where days are not stated
    "language": 3,  # all if stated, half where English is only taken for granted
    "accessibility": 3,  # by the share of the access needed that it states
}
"""The most points of each part; 100 in all. A part that was not asked for is left out:
distance without a place, days, language and accessibility unless they are wanted."""

REACH = 20_000.0
"""Metres at which distance earns nothing where no limit is given: a bus ride of an hour."""

FRESH_DAYS, STALE_DAYS = 30, 365

_HALF = 0.5


class Part(BaseModel):
    """What a service earned in one respect: ``points`` out of ``weight``."""

    model_config = ConfigDict(frozen=True)

    code: PartCode
    points: float
    weight: float


def parts_of(candidate: Candidate, sought: Sought, on: date) -> tuple[Part, ...]:
    """The parts of a candidate's score, in the table's order, to a tenth of a point."""
    shares: dict[PartCode, float | None] = {
        "need": _needs(candidate, sought),
        "distance": _nearness(candidate, sought),
        "place": _HALF if candidate.available is None else float(candidate.available > 0),
        "freshness": 0.0 if candidate.open_problems else freshness(candidate.assured_date, on),
        "cost": _cost(candidate, on),
        "days": _days(candidate, sought),
        "language": _language(candidate, sought),
        "accessibility": _access(candidate, sought),
    }
    return tuple(
        Part(code=code, points=round(weight * share, 1), weight=weight)
        for code, weight in WEIGHTS.items()
        if (share := shares[code]) is not None
    )


def freshness(assured: date | None, on: date) -> float:
    """1 for what was confirmed of late, sinking by the day to 0."""
    if assured is None:
        return 0.0
    age = (on - assured).days
    return _between(1 - (age - FRESH_DAYS) / (STALE_DAYS - FRESH_DAYS))


def _needs(candidate: Candidate, sought: Sought) -> float:
    return len(set(sought.need_codes).intersection(candidate.needs)) / len(set(sought.need_codes))


def _nearness(candidate: Candidate, sought: Sought) -> float | None:
    if not sought.placed:
        return None
    if candidate.metres is None:
        return _HALF if candidate.remote else 0.0
    return _between(1 - candidate.metres / (sought.metres or REACH))


def _cost(candidate: Candidate, on: date) -> float:
    price = candidate.price(on)
    if price is None:
        return _HALF if candidate.free is None else 0.0
    return float(price == 0)


def _days(candidate: Candidate, sought: Sought) -> float | None:
    if not sought.days:
        return None
    if not candidate.days:
        return _HALF
    return len(set(sought.days).intersection(candidate.days)) / len(set(sought.days))


def _language(candidate: Candidate, sought: Sought) -> float | None:
    if not sought.languages:
        return None
    if not candidate.languages:
        return _HALF if "en" in sought.languages else 0.0
    return float(bool(set(sought.languages).intersection(candidate.languages)))


def _access(candidate: Candidate, sought: Sought) -> float | None:
    if not sought.accessibility:
        return None
    needed = set(sought.accessibility)
    return len(needed.intersection(candidate.accessibility)) / len(needed)


def _between(share: float) -> float:
    return min(1.0, max(0.0, share))
