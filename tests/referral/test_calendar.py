from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.referral.domain.calendar import (
    after_days,
    after_working_days,
    day_of,
    is_working_day,
)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 3, 2), True),
        (date(2026, 3, 7), False),
        (date(2026, 3, 8), False),
        (date(2026, 4, 3), False),  # Good Friday
        (date(2026, 4, 6), False),  # Easter Monday
        (date(2026, 12, 28), False),  # Boxing Day fell on a Saturday
        (date(2026, 11, 30), True),  # St Andrew's Day is Scotland's
    ],
)
def test_people_work_on_weekdays_that_are_no_bank_holiday_of_england(
    day: date, *, working: bool
) -> None:
    assert is_working_day(day) is working


def test_a_tenant_may_be_closed_on_days_of_its_own() -> None:
    assert not is_working_day(date(2026, 3, 2), {date(2026, 3, 2)})


def test_working_days_pass_over_a_weekend() -> None:
    friday = datetime(2026, 3, 6, 16, 30, tzinfo=UTC)
    assert after_working_days(friday, 2) == datetime(2026, 3, 10, 16, 30, tzinfo=UTC)


def test_working_days_pass_over_easter_and_the_change_to_summer_time() -> None:
    # Thursday 26 March 2026, 10:00 GMT; 29 March begins British Summer Time, 3 and 6 April are
    # Easter's holidays: the seventh working day is 8 April... 27, 30, 31, 1, 2, 7, 8.
    thursday = datetime(2026, 3, 26, 10, 0, tzinfo=UTC)
    assert after_working_days(thursday, 7) == datetime(2026, 4, 8, 9, 0, tzinfo=UTC)


def test_what_comes_in_at_a_weekend_is_counted_from_the_next_working_day() -> None:
    saturday = datetime(2026, 3, 7, 11, 0, tzinfo=UTC)
    assert after_working_days(saturday, 2) == datetime(2026, 3, 10, 11, 0, tzinfo=UTC)


def test_calendar_days_keep_the_time_of_day_in_london() -> None:
    before_summer_time = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
    assert after_days(before_summer_time, 14) == datetime(2026, 4, 3, 8, 0, tzinfo=UTC)


def test_a_day_begins_at_midnight_in_england() -> None:
    assert day_of(datetime(2026, 7, 1, 22, 59, tzinfo=UTC)) == date(2026, 7, 1)
    assert day_of(datetime(2026, 7, 1, 23, 0, tzinfo=UTC)) == date(2026, 7, 2)
    assert day_of(datetime(2026, 1, 1, 23, 59, tzinfo=UTC)) == date(2026, 1, 1)
