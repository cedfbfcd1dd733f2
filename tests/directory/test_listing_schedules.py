"""When a service is open, by RFC 5545's rules, worked out with a calendar of 2026."""

from datetime import date, datetime, time
from typing import Any

import pytest

from services.directory.domain import Session, next_session, open_days
from services.directory.domain.parts import Schedule

MONDAY_NOON = datetime(2026, 3, 2, 12)  # noqa: DTZ001 - the clock on the wall


def schedule(**said: Any) -> Schedule:
    return Schedule.model_validate(said)


def following(*schedules: Schedule, now: datetime = MONDAY_NOON) -> date | None:
    session = next_session(schedules, now)
    return session.date if session else None


def test_a_weekly_session_is_next_on_its_next_weekday() -> None:
    tuesdays = schedule(freq="WEEKLY", byday="TU", opens_at="10:00", closes_at="12:00")
    assert next_session([tuesdays], MONDAY_NOON) == Session(
        date=date(2026, 3, 3), opens_at=time(10)
    )
    assert following(schedule(byday="MO,TH", opens_at="14:00")) == date(2026, 3, 2)


def test_a_session_that_has_begun_is_not_the_next() -> None:
    assert following(schedule(byday="MO", opens_at="12:00")) == date(2026, 3, 9)
    assert following(schedule(byday="MO", opens_at="12:01")) == date(2026, 3, 2)


def test_the_first_of_several_schedules_counts() -> None:
    assert following(schedule(byday="FR"), schedule(byday="WE")) == date(2026, 3, 4)


def test_every_second_week_is_counted_from_the_week_it_began() -> None:
    fortnightly = {"freq": "WEEKLY", "interval": 2, "byday": "TU"}
    assert following(schedule(dtstart="2026-02-24", **fortnightly)) == date(2026, 3, 10)
    assert following(schedule(dtstart="2026-02-17", **fortnightly)) == date(2026, 3, 3)
    assert following(schedule(**fortnightly)) is None


def test_a_weekly_session_without_days_is_on_the_weekday_it_began() -> None:
    assert following(schedule(freq="WEEKLY", dtstart="2026-02-26")) == date(2026, 3, 5)


@pytest.mark.parametrize(
    ("byday", "expected"),
    [
        ("1MO", date(2026, 3, 2)),
        ("2TU", date(2026, 3, 10)),
        ("-1FR", date(2026, 3, 27)),
        ("5SU", date(2026, 3, 29)),
        ("5FR", date(2026, 5, 29)),
        ("WE", date(2026, 3, 4)),
        ("1MO,3MO", date(2026, 3, 2)),
    ],
)
def test_a_monthly_session_is_on_such_a_weekday_of_the_month(byday: str, expected: date) -> None:
    assert following(schedule(freq="MONTHLY", byday=byday)) == expected


@pytest.mark.parametrize(
    ("bymonthday", "expected"),
    [("1", date(2026, 4, 1)), ("5,20", date(2026, 3, 5)), ("-1", date(2026, 3, 31))],
)
def test_a_monthly_session_is_on_such_a_date_of_the_month(bymonthday: str, expected: date) -> None:
    assert following(schedule(freq="MONTHLY", bymonthday=bymonthday)) == expected


def test_a_monthly_session_with_a_date_and_a_weekday_needs_both() -> None:
    assert following(schedule(freq="MONTHLY", bymonthday="13", byday="FR")) == date(2026, 3, 13)


def test_every_third_month_is_counted_from_the_month_it_began() -> None:
    quarterly = {"freq": "MONTHLY", "interval": 3, "bymonthday": "10"}
    assert following(schedule(dtstart="2026-01-10", **quarterly)) == date(2026, 4, 10)
    assert following(schedule(**quarterly)) is None


def test_a_monthly_session_without_days_is_on_the_date_it_began() -> None:
    assert following(schedule(freq="MONTHLY", dtstart="2025-11-18")) == date(2026, 3, 18)


def test_a_schedule_holds_only_between_its_dates() -> None:
    assert following(schedule(byday="TU", valid_to="2026-03-02")) is None
    assert following(schedule(byday="TU", valid_from="2026-03-04")) == date(2026, 3, 10)
    assert following(schedule(byday="TU", dtstart="2026-03-17")) == date(2026, 3, 17)


def test_what_is_said_only_in_words_gives_no_session() -> None:
    assert following(schedule(description="Most weekdays, ring first")) is None
    assert following() is None


def test_what_is_more_than_three_months_away_is_not_given() -> None:
    assert following(schedule(byday="TU", valid_from="2026-09-01")) is None


def test_the_days_of_all_schedules_are_given_in_the_order_of_the_week() -> None:
    several = [schedule(byday="TH,MO"), schedule(freq="MONTHLY", byday="1SU,MO"), schedule()]
    assert open_days(several) == ("MO", "TH", "SU")
    assert open_days([schedule(freq="WEEKLY", dtstart="2026-03-03")]) == ("TU",)
