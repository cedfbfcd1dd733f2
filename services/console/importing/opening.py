"""Opening times in people's own words, read as weekly sessions where that is possible."""

from __future__ import annotations

import re
from typing import NamedTuple

_NOON = 12 * 60
_TOO_EARLY = 6 * 60
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_RANGE = r"\s*(?:-|\u2013|\bto\b|\btill\b|\buntil\b)\s*"
_AND = r"\s*(?:,|&|/|\band\b)\s*"
_TIME = r"\d{1,2}(?:[.:]\d{2})?\s*(?:am|pm)?"
_PART = re.compile(
    rf"(?P<days>daily|every day|{_DAY}(?:(?:{_RANGE}|{_AND}){_DAY})*)[\s:,]+"
    rf"(?P<opens>{_TIME})(?:{_RANGE}(?P<closes>{_TIME}))?",
)


class Session(NamedTuple):
    """Days as in RFC 5545 (``MO``…``SU``), times as ``HH:MM``; the end may be unknown."""

    days: tuple[str, ...]
    opens_at: str
    closes_at: str | None


def sessions(words: str) -> tuple[Session, ...]:
    """What ``words`` say, such as ``Tuesday 11.00-13.00; Mon to Fri 9am-5pm``.

    Empty where any part is not understood: half of somebody's opening times misleads.
    """
    found = []
    for part in re.split(r"[;\n]", words.lower()):
        match = _PART.fullmatch(part.strip())
        session = match and _session(match)
        if not session:
            return ()
        found.append(session)
    return tuple(found)


def _session(match: re.Match[str]) -> Session | None:
    opens = _minutes(match["opens"])
    closes = _minutes(match["closes"]) if match["closes"] else None
    if opens is None or (match["closes"] and closes is None):
        return None
    if closes is not None:
        # "1-3pm" says the half of the day once, for both; in "9-5pm" that cannot be meant.
        said_once = match["closes"].endswith("pm") and not match["opens"].endswith("m")
        if said_once and opens + _NOON < closes:
            opens += _NOON
        if closes <= opens:
            return None
    # Whoever writes "2-4" means the afternoon, but the words do not say it.
    if opens < _TOO_EARLY:
        return None
    return Session(_days(match["days"]), _clock(opens), None if closes is None else _clock(closes))


def _days(words: str) -> tuple[str, ...]:
    if words in {"daily", "every day"}:
        return _DAYS
    chosen: list[int] = []
    for joined in re.split(_AND, words):
        first, *rest = (_DAYS.index(day[:2].upper()) for day in re.split(_RANGE, joined))
        span = (rest[-1] - first) % 7 if rest else 0
        chosen.extend((first + step) % 7 for step in range(span + 1))
    return tuple(_DAYS[day] for day in sorted(set(chosen)))


def _minutes(words: str) -> int | None:
    match = re.fullmatch(r"(\d{1,2})(?:[.:]([0-5]\d))?\s*(am|pm)?", words.strip())
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if hour > (12 if half else 23):
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour * 60 + minute


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
