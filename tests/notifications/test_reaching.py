"""Whether, how and when a person may be reached: expectations worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notifications.domain.reaching import (
    Go,
    Postpone,
    Reachability,
    Suppress,
    decide,
)
from tests.notifications.owning import EMAIL, LETTER, SMS, by, reachable

TUESDAY_NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
LATER = TUESDAY_NOON + timedelta(days=14)
MONDAY_MORNINGS = {"days": [1], "from": "09:00", "to": "11:30"}


def decided(
    *channels: Any, now: datetime = TUESDAY_NOON, until: datetime = LATER, **said: Any
) -> tuple[str, object]:
    """What is decided, in short."""
    found = Reachability.model_validate(reachable(*channels, **said))
    match decide(found, now, until):
        case Go(reach):
            return "go", reach.channel
        case Postpone(moment):
            return "postpone", moment
        case Suppress(reason):
            return "suppress", reason


@pytest.mark.parametrize("reason", ["deceased", "do_not_contact", "restricted", "no_consent"])
def test_what_the_owner_suppresses_is_not_sent_though_there_is_a_channel(reason: str) -> None:
    assert decided(SMS, suppressed=reason) == ("suppress", reason)


def test_the_persons_order_of_channels_holds() -> None:
    assert decided(EMAIL, SMS) == ("go", "email")
    assert decided(SMS, EMAIL) == ("go", "sms")


def test_nobody_is_reached_without_a_channel() -> None:
    assert decided() == ("suppress", "no_channel")


def test_a_text_message_waits_for_the_morning() -> None:
    night = datetime(2026, 3, 3, 22, 15, tzinfo=UTC)
    assert decided(SMS, now=night) == ("postpone", datetime(2026, 3, 4, 8, tzinfo=UTC))
    assert decided(EMAIL, now=night) == ("go", "email")


def test_hours_are_those_of_london_in_summer_too() -> None:
    july = datetime(2026, 7, 7, 6, 30, tzinfo=UTC)  # 07:30 in London
    later = july + timedelta(days=3)
    assert decided(SMS, now=july, until=later) == (
        "postpone",
        datetime(2026, 7, 7, 7, tzinfo=UTC),
    )


def test_the_safe_hours_of_the_person_are_waited_for() -> None:
    assert decided(SMS, safe_hours=[MONDAY_MORNINGS]) == (
        "postpone",
        datetime(2026, 3, 9, 9, tzinfo=UTC),
    )
    monday = datetime(2026, 3, 9, 11, 29, tzinfo=UTC)
    assert decided(SMS, now=monday, safe_hours=[MONDAY_MORNINGS]) == ("go", "sms")
    too_late = datetime(2026, 3, 9, 11, 30, tzinfo=UTC)
    assert decided(SMS, now=too_late, safe_hours=[MONDAY_MORNINGS]) == (
        "postpone",
        datetime(2026, 3, 16, 9, tzinfo=UTC),
    )


def test_the_safe_times_of_a_channel_and_of_the_person_both_hold() -> None:
    at_work = by("email", "sam@example.org", safe_from="13:00", safe_to="17:00")
    weekdays = {"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "14:00"}
    assert decided(at_work, safe_hours=[weekdays]) == (
        "postpone",
        datetime(2026, 3, 3, 13, tzinfo=UTC),
    )
    afternoon = datetime(2026, 3, 3, 15, tzinfo=UTC)
    assert decided(at_work, now=afternoon, safe_hours=[weekdays]) == (
        "postpone",
        datetime(2026, 3, 4, 13, tzinfo=UTC),
    )


def test_safe_hours_may_go_over_midnight() -> None:
    nights = {"days": [1, 2, 3, 4, 5, 6, 7], "from": "22:00", "to": "02:00"}
    assert decided(SMS, safe_hours=[nights]) == ("postpone", datetime(2026, 3, 3, 22, tzinfo=UTC))
    assert decided(SMS, now=datetime(2026, 3, 3, 1, tzinfo=UTC), safe_hours=[nights]) == (
        "go",
        "sms",
    )


def test_the_next_channel_is_taken_where_the_preferred_one_would_be_too_late() -> None:
    appointment = datetime(2026, 3, 4, 10, tzinfo=UTC)
    mornings = by("sms", "07700900123", safe_from="10:30", safe_to="11:00")
    assert decided(mornings, EMAIL, until=appointment) == ("go", "email")
    assert decided(mornings, until=appointment) == ("suppress", "no_safe_time")


def test_a_letter_is_not_sent_that_would_come_too_late() -> None:
    in_three_days, in_five_days = (TUESDAY_NOON + timedelta(days=days) for days in (3, 5))
    assert decided(LETTER, until=in_three_days) == ("suppress", "no_safe_time")
    assert decided(LETTER, until=in_five_days) == ("go", "letter")


def test_news_that_is_over_is_not_sent() -> None:
    assert decided(SMS, until=TUESDAY_NOON) == ("suppress", "too_late")
