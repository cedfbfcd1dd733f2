"""Ranking services for a person: what is asked, what is known of each service, who comes first.

Pure: a candidate in, a judgement out. A *requirement* (distance, age, language, access,
cost, days, a free place) shuts a service out; one that fails a single requirement is a near
miss, shown apart with its reason. Where a service does not say, it stays in, with a lower
score and a word that one must ask; only access and language must be stated, as finding a
locked door is worse than not going.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.directory.domain.access import AccessCode
from services.directory.domain.matching_parts import Part, parts_of
from services.directory.domain.parts import CostOption
from services.directory.domain.sessions import Weekday
from services.directory.domain.unmet import UnmetReason

Barrier = Literal["distance", "age", "language", "accessibility", "cost", "days", "place"]


class Sought(BaseModel):
    """What a person needs; what is None or empty is no requirement.

    ``metres`` bounds the distance from where they are, which ``placed`` says is known.
    ``languages``: any of them will do. ``accessibility``: all of them are needed.
    ``maximum_cost`` is in pounds, nought for what is free.
    """

    model_config = ConfigDict(frozen=True)

    need_codes: tuple[str, ...]
    placed: bool = False
    metres: float | None = None
    age: int | None = None
    languages: tuple[str, ...] = ()
    accessibility: tuple[AccessCode, ...] = ()
    maximum_cost: float | None = None
    days: tuple[Weekday, ...] = ()
    free_place: bool = False


class Candidate(BaseModel):
    """What ranking needs to know of a service.

    ``metres`` is None where it has no place on the map, ``available`` where it states no
    capacity; ``remote`` services can be used from anywhere.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    needs: tuple[str, ...]
    metres: float | None = None
    remote: bool = False
    minimum_age: int | None = None
    maximum_age: int | None = None
    languages: tuple[str, ...] = ()
    accessibility: tuple[str, ...] = ()
    free: bool | None = None
    cost_options: tuple[CostOption, ...] = ()
    days: tuple[str, ...] = ()
    available: int | None = None
    waiting: int = 0
    assured_date: date | None = None
    open_problems: int = 0

    def price(self, on: date) -> float | None:
        """The least it costs on a day, in pounds; nought where it is free, None if not stated."""
        if self.free:
            return 0.0
        amounts = [
            cost.amount
            for cost in self.cost_options
            if cost.amount is not None
            and (cost.valid_from is None or cost.valid_from <= on)
            and (cost.valid_to is None or cost.valid_to >= on)
        ]
        return min(amounts, default=None)


class Barred(BaseModel):
    """A requirement that a service fails; ``missing`` is the access it does not state."""

    model_config = ConfigDict(frozen=True)

    code: Barrier
    missing: AccessCode | None = None


class Judged(BaseModel):
    """A candidate with its score, which its parts sum to, and what bars it."""

    model_config = ConfigDict(frozen=True)

    candidate: Candidate
    parts: tuple[Part, ...]
    barred: tuple[Barred, ...] = ()

    @property
    def score(self) -> float:
        """The sum of the parts, out of 100 where everything was asked for."""
        return round(sum(part.points for part in self.parts), 1)

    @property
    def order(self) -> tuple[float, float, str]:
        """Sorts the best first: by score, then by distance, then by id."""
        metres = self.candidate.metres
        return (-self.score, float("inf") if metres is None else metres, self.candidate.id)


class UnmetFound(BaseModel):
    """A need that nothing found meets, and why."""

    model_config = ConfigDict(frozen=True)

    need_code: str
    reason_code: UnmetReason


class Ranking(BaseModel):
    """The best first; ``near_misses`` fail one requirement each."""

    model_config = ConfigDict(frozen=True)

    matches: tuple[Judged, ...]
    near_misses: tuple[Judged, ...] = Field(default=())
    unmet: tuple[UnmetFound, ...] = Field(default=())


def judge(candidate: Candidate, sought: Sought, on: date) -> Judged:
    """The candidate's score and what bars it."""
    return Judged(
        candidate=candidate,
        parts=parts_of(candidate, sought, on),
        barred=tuple(_barred(candidate, sought, on)),
    )


def rank(
    candidates: Iterable[Candidate],
    sought: Sought,
    on: date,
    *,
    limit: int,
    near_misses: int,
    answered: frozenset[str] = frozenset(),
) -> Ranking:
    """The best ``limit`` that meet every requirement, and the best that fail only one.

    ``answered`` has the needs that some active service answers, wherever it is: it tells
    "too far" from "no such service". Candidates that answer none of the needs are passed over.
    """
    wanted = frozenset(sought.need_codes)
    judged = sorted(
        (judge(each, sought, on) for each in candidates if wanted.intersection(each.needs)),
        key=lambda each: each.order,
    )
    fit = [each for each in judged if not each.barred]
    missed = [each for each in judged if len(each.barred) == 1]
    return Ranking(
        matches=tuple(fit[:limit]),
        near_misses=tuple(missed[:near_misses]),
        unmet=tuple(_unmet(judged, sought, answered)),
    )


def _barred(candidate: Candidate, sought: Sought, on: date) -> Iterable[Barred]:
    if _is_too_far(candidate, sought):
        yield Barred(code="distance")
    if sought.age is not None and not _takes_age(candidate, sought.age):
        yield Barred(code="age")
    if sought.languages and not _speaks(candidate, sought.languages):
        yield Barred(code="language")
    for code in sought.accessibility:
        if code not in candidate.accessibility:
            yield Barred(code="accessibility", missing=code)
    if sought.maximum_cost is not None and _costs_more(candidate, sought.maximum_cost, on):
        yield Barred(code="cost")
    if sought.days and candidate.days and not set(sought.days).intersection(candidate.days):
        yield Barred(code="days")
    if sought.free_place and candidate.available == 0:
        yield Barred(code="place")


def _is_too_far(candidate: Candidate, sought: Sought) -> bool:
    if not sought.placed or sought.metres is None or candidate.remote:
        return False
    return candidate.metres is None or candidate.metres > sought.metres


def _takes_age(candidate: Candidate, age: int) -> bool:
    above = candidate.minimum_age is None or age >= candidate.minimum_age
    return above and (candidate.maximum_age is None or age <= candidate.maximum_age)


def _speaks(candidate: Candidate, languages: Sequence[str]) -> bool:
    """Whether it offers one of them; one that states none is taken to speak English."""
    return bool(set(languages).intersection(candidate.languages or ("en",)))


def _costs_more(candidate: Candidate, maximum: float, on: date) -> bool:
    """Whether it is known to: one that is not free, at a price not stated, is not free."""
    price = candidate.price(on)
    if price is None:
        return candidate.free is False and maximum == 0
    return price > maximum


def _unmet(
    judged: Sequence[Judged], sought: Sought, answered: frozenset[str]
) -> Iterable[UnmetFound]:
    for code in sought.need_codes:
        known = [each for each in judged if code in each.candidate.needs]
        if all(each.barred for each in known):
            elsewhere = code in answered
            yield UnmetFound(need_code=code, reason_code=_why_unmet(known, elsewhere=elsewhere))


def _why_unmet(known: Sequence[Judged], *, elsewhere: bool) -> UnmetReason:
    """The reason of the service that came nearest to fitting: only its place, its distance."""
    if not known:
        return "too_far" if elsewhere else "no_service"
    bars = [{each.code for each in one.barred} for one in known]
    if {"place"} in bars:
        return "no_place"
    if {"distance"} in bars or all("distance" in each for each in bars):
        return "too_far"
    return "not_suitable"
