"""On which days a service is open, and when next, by its schedules.

Schedules are Open Referral's part of RFC 5545: every so many weeks on some weekdays, or
every so many months on some weekdays (``1MO``) or dates. Bank holidays are not known.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.directory.domain.parts import Schedule

Weekday = Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

WEEKDAYS: tuple[Weekday, ...] = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_LOOKED_AHEAD = timedelta(days=92)
"""A service that next opens in more than three months is not what one refers to today."""


class Session(BaseModel):
    """When a service is next open; the time of the clock on the wall, if stated."""

    model_config = ConfigDict(frozen=True)

    date: date
    opens_at: time | None = None


def open_days(schedules: Iterable[Schedule]) -> tuple[Weekday, ...]:
    """The weekdays stated, in the week's order; none where only words or dates are."""
    found = {day for schedule in schedules for day in _weekdays(schedule)}
    return tuple(day for day in WEEKDAYS if day in found)


def next_session(schedules: Iterable[Schedule], now: datetime) -> Session | None:
    """The first session that has not begun; ``now`` is in the service's own time zone.

    None where the schedules do not say, as where it is every second week of an unknown
    beginning.
    """
    sessions = [session for each in schedules if (session := _next(each, now)) is not None]
    return min(sessions, key=lambda each: (each.date, each.opens_at or time.min), default=None)


def _next(schedule: Schedule, now: datetime) -> Session | None:
    today = now.date()
    begun = schedule.opens_at is not None and now.time() >= schedule.opens_at.replace(tzinfo=None)
    first = today + timedelta(days=1) if begun else today
    first = max(filter(None, (first, schedule.valid_from, schedule.dtstart)))
    last = min(filter(None, (today + _LOOKED_AHEAD, schedule.valid_to)))
    for ahead in range((last - first).days + 1):
        day = first + timedelta(days=ahead)
        if _is_open(schedule, day):
            return Session(date=day, opens_at=schedule.opens_at)
    return None


def _is_open(schedule: Schedule, day: date) -> bool:
    if schedule.freq == "MONTHLY":
        return _in_month(schedule, day)
    if WEEKDAYS[day.weekday()] not in _weekdays(schedule):
        return False
    if (schedule.interval or 1) == 1:
        return True
    if schedule.dtstart is None:
        return False
    return (_monday(day) - _monday(schedule.dtstart)).days // 7 % (schedule.interval or 1) == 0


def _in_month(schedule: Schedule, day: date) -> bool:
    start, interval = schedule.dtstart, schedule.interval or 1
    if interval > 1:
        if start is None:
            return False
        if ((day.year - start.year) * 12 + day.month - start.month) % interval:
            return False
    if schedule.byday is None and schedule.bymonthday is None:
        return start is not None and day.day == start.day
    length = monthrange(day.year, day.month)[1]
    by_date = _dates(schedule)
    if by_date and day.day not in by_date and day.day - length - 1 not in by_date:
        return False
    return schedule.byday is None or any(
        _nth(item, day, length) for item in schedule.byday.split(",")
    )


def _nth(item: str, day: date, length: int) -> bool:
    """Whether the day is such a one: ``MO`` any Monday, ``1MO`` the first, ``-1MO`` the last."""
    number, name = item[:-2], item[-2:]
    if WEEKDAYS[day.weekday()] != name:
        return False
    from_start, from_end = (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)
    return not number or int(number) in {from_start, from_end}


def _weekdays(schedule: Schedule) -> frozenset[str]:
    if schedule.byday is not None:
        return frozenset(item[-2:] for item in schedule.byday.split(","))
    if schedule.dtstart is not None and schedule.freq == "WEEKLY":
        return frozenset({WEEKDAYS[schedule.dtstart.weekday()]})
    return frozenset()


def _dates(schedule: Schedule) -> frozenset[int]:
    return frozenset(int(item) for item in (schedule.bymonthday or "").split(",") if item)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
