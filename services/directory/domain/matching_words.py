"""Why a service was found, or was not: codes, and plain words for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.directory.domain.access import ACCESS
from services.directory.domain.languages import language_name
from services.directory.domain.matching import Barred, Barrier, Candidate, Judged, Sought
from services.directory.domain.matching_parts import STALE_DAYS
from services.directory.domain.needs import NEEDS
from services.directory.domain.sessions import WEEKDAYS, Session

WhyCode = Literal[
    "need", "distance", "cost", "place", "days", "age", "language", "accessibility", "freshness"
]

_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_KILOMETRE = 1000
_WHOLE_KILOMETRES = 10_000
_MONTH_DAYS = 30.4
_SPEAKS_OF_DAYS = 90


class Why(BaseModel):
    """One reason: ``code`` for machines, ``text`` for people."""

    model_config = ConfigDict(frozen=True)

    code: WhyCode
    text: str


def why_found(judged: Judged, sought: Sought, on: date, session: Session | None) -> tuple[Why, ...]:
    """What speaks for a service, and what one has to ask."""
    candidate = judged.candidate
    said: list[tuple[WhyCode, str | None]] = [
        *(("need", f"Helps with {_in_sentence(code)}") for code in _met(candidate, sought)),
        ("distance", _distance(candidate, sought)),
        ("cost", _cost(candidate, on)),
        ("place", _place(candidate, on, session)),
        ("days", _days(candidate, sought)),
        ("age", _ages("For ages", candidate) if sought.age is not None else None),
        *(("language", f"In {name}") for name in _spoken(candidate, sought)),
        *(("accessibility", f"Has {ACCESS[code]}") for code in sought.accessibility),
        ("freshness", _freshness(candidate, on)),
    ]
    return tuple(Why(code=code, text=text) for code, text in said if text is not None)


def why_missed(judged: Judged, sought: Sought, on: date) -> tuple[Why, ...]:
    """What bars a service."""
    return tuple(
        Why(code=barred.code, text=_barrier(barred, judged.candidate, sought, on))
        for barred in judged.barred
    )


def _barrier(barred: Barred, candidate: Candidate, sought: Sought, on: date) -> str:
    missing = ACCESS[barred.missing] if barred.missing else "access"
    said: dict[Barrier, Callable[[], str]] = {
        "distance": lambda: _beyond(candidate, sought),
        "age": lambda: _ages("only for ages", candidate) or "not for this age",
        "language": lambda: f"no {_listed(map(language_name, sought.languages), 'or')} stated",
        "accessibility": lambda: f"no {missing.removeprefix('a ').removeprefix('an ')} stated",
        "cost": lambda: _too_dear(candidate, on),
        "days": lambda: f"open only on {_listed(_names(candidate.days), 'and')}",
        "place": lambda: f"no place free: {_waiting(candidate)}",
    }
    return said[barred.code]()


def _beyond(candidate: Candidate, sought: Sought) -> str:
    if candidate.metres is None or sought.metres is None:
        return "no place stated to measure from"
    return f"{kilometres(candidate.metres - sought.metres)} beyond your limit"


def _too_dear(candidate: Candidate, on: date) -> str:
    price = candidate.price(on)
    return "not free" if price is None else f"costs {_pounds(price)}"


def kilometres(metres: float) -> str:
    """A distance as people say it: ``350 m``, ``1.2 km``, ``14 km``."""
    if metres < _KILOMETRE:
        return f"{max(10, round(metres / 10) * 10)} m"
    if metres < _WHOLE_KILOMETRES:
        return f"{metres / _KILOMETRE:.1f}".removesuffix(".0") + " km"
    return f"{metres / _KILOMETRE:.0f} km"


def _met(candidate: Candidate, sought: Sought) -> Iterable[str]:
    return (code for code in dict.fromkeys(sought.need_codes) if code in candidate.needs)


def _in_sentence(code: str) -> str:
    label = NEEDS[code].label
    return label[0].lower() + label[1:]


def _distance(candidate: Candidate, sought: Sought) -> str | None:
    if candidate.metres is not None:
        return f"{kilometres(candidate.metres)} away"
    return "Online or by telephone" if sought.placed and candidate.remote else None


def _cost(candidate: Candidate, on: date) -> str:
    price = candidate.price(on)
    if price is None:
        return "Cost not stated: ask" if candidate.free is None else "Not free"
    return "Free" if price == 0 else f"Costs from {_pounds(price)}"


def _place(candidate: Candidate, on: date, session: Session | None) -> str:
    nexts = "" if session is None else f", next session {_day_said(session.date, on)}"
    if candidate.available is None:
        return f"Places not stated: ask{nexts}"
    if candidate.available == 0:
        return f"Full: {_waiting(candidate)}"
    return f"Place available{nexts}"


def _waiting(candidate: Candidate) -> str:
    return f"waiting list of {candidate.waiting}"


def _days(candidate: Candidate, sought: Sought) -> str | None:
    if not sought.days:
        return None
    if not candidate.days:
        return "Days not stated: ask"
    both = [day for day in candidate.days if day in sought.days]
    return f"Open on {_listed(_names(both), 'and')}"


def _ages(before: str, candidate: Candidate) -> str | None:
    least, most = candidate.minimum_age, candidate.maximum_age
    if least is None:
        return None if most is None else f"{before} up to {most}"
    return f"{before} {least}+" if most is None else f"{before} {least} to {most}"


def _spoken(candidate: Candidate, sought: Sought) -> Iterable[str]:
    return (language_name(code) for code in sought.languages if code in candidate.languages)


def _freshness(candidate: Candidate, on: date) -> str:
    if candidate.open_problems or candidate.assured_date is None:
        reported = "A problem with these details was reported"
        return reported if candidate.open_problems else "Details never confirmed"
    days = (on - candidate.assured_date).days
    match days:
        case _ if days <= 0:
            return "Details confirmed today"
        case 1:
            return "Details confirmed yesterday"
        case _ if days <= _SPEAKS_OF_DAYS:
            return f"Details confirmed {days} days ago"
        case _ if days < STALE_DAYS:
            return f"Details confirmed {days / _MONTH_DAYS:.0f} months ago"
    return "Details not confirmed for over a year"


def _day_said(day: date, on: date) -> str:
    """A day as people say it: its name within a week, else with the date."""
    if day == on:
        return "today"
    name = _DAY_NAMES[day.weekday()]
    return name if day - on < timedelta(days=7) else f"{name} {day.day} {day:%B}"


def _names(days: Iterable[str]) -> list[str]:
    return [_DAY_NAMES[n] for n, day in enumerate(WEEKDAYS) if day in set(days)]


def _listed(words: Iterable[str], joined: str) -> str:
    *most, last = words
    return f"{', '.join(most)} {joined} {last}" if most else last


def _pounds(amount: float) -> str:
    return f"\N{POUND SIGN}{amount:.0f}" if amount == int(amount) else f"\N{POUND SIGN}{amount:.2f}"
