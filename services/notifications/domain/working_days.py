"""Working days in England: Monday to Friday without bank holidays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import holidays

from services.notifications.domain.reaching import LONDON

_BANK_HOLIDAYS = holidays.country_holidays("GB", subdiv="ENG")
_FRIDAY = 4


def after_working_days(start: datetime, count: int) -> datetime:
    """The same time of day in London, ``count`` working days after the day of ``start``."""
    local = start.astimezone(LONDON)
    day, left = local.date(), count
    while left:
        day += timedelta(days=1)
        left -= day.weekday() <= _FRIDAY and day not in _BANK_HOLIDAYS
    return datetime.combine(day, local.time(), LONDON).astimezone(UTC)
