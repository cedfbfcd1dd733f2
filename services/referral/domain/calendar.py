"""Working days in England: Monday to Friday, without bank holidays and a tenant's closed days."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

LONDON = ZoneInfo("Europe/London")

_BANK_HOLIDAYS = holidays.country_holidays("GB", subdiv="ENG")
_FRIDAY = 4


def day_of(at: datetime) -> date:
    """The day it is in England at that moment."""
    return at.astimezone(LONDON).date()


def is_working_day(day: date, closed: Collection[date] = ()) -> bool:
    """Whether people work on that day."""
    return day.weekday() <= _FRIDAY and day not in _BANK_HOLIDAYS and day not in closed


def after_working_days(start: datetime, count: int, closed: Collection[date] = ()) -> datetime:
    """The same time of day in London, ``count`` working days later.

    The day of ``start`` does not count: two working days after a Friday is the Tuesday,
    and so it is after the Saturday.
    """
    local = start.astimezone(LONDON)
    day, left = local.date(), count
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day, closed)
    return datetime.combine(day, local.time(), LONDON).astimezone(UTC)


def after_days(start: datetime, count: int) -> datetime:
    """The same time of day in London, ``count`` calendar days later."""
    local = start.astimezone(LONDON)
    return datetime.combine(local.date() + timedelta(days=count), local.time(), LONDON).astimezone(
        UTC
    )
