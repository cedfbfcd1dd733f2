"""The clocks of a referral, by a clock that the test holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.referral.domain import appointments
from services.referral.domain import referral as referrals
from services.referral.domain.appointments import Time
from services.referral.domain.clocks import ring
from services.referral.domain.lifecycle import Status
from services.referral.domain.referral import Referral
from services.referral.domain.rules import Rules
from tests.referral.actors import GROUP
from tests.referral.timed import MONDAY, RULES, after, cause_at, referred


def rung(referral: Referral, at: datetime) -> tuple[Referral, list[str]]:
    """The referral after its clocks at this moment, and what they told."""
    changed, events = after(referral, ring(referral, cause_at(at), RULES), at)
    return changed, [event.type for event in events]


def test_no_response_is_reminded_of_at_two_and_five_working_days_and_escalated_at_seven() -> None:
    referral = referred(MONDAY)
    told: list[tuple[int, str]] = []
    for hour in range(24 * 13):
        at = MONDAY + timedelta(hours=hour)
        changed, events = ring(referral, cause_at(at), RULES)
        referral, events = after(referral, (changed, events), at)
        told += [(at.day, event.stage) for event in events]  # type: ignore[attr-defined] # reminders
    # Monday 2 March: Wednesday 4, Monday 9 and Wednesday 11.
    assert told == [(4, "first"), (9, "second"), (11, "escalated")]


def test_no_response_expires_at_fourteen_calendar_days_back_to_the_link_worker() -> None:
    referral = referred(MONDAY)
    early, told = rung(referral, datetime(2026, 3, 16, 8, 59, 59, tzinfo=UTC))
    assert early.status is Status.SUBMITTED
    assert told == ["referral-reminder-due"]
    expired, told = rung(referral, datetime(2026, 3, 16, 9, 0, tzinfo=UTC))
    assert expired.status is Status.EXPIRED
    assert told == ["referral-expired", "referral-reroute-needed"]
    assert expired.clocks.due_at is None
    assert expired.clocks.referrer_todo_at is not None


def test_a_reminder_says_when_the_referral_expires() -> None:
    _, events = ring(referred(MONDAY), cause_at(datetime(2026, 3, 4, 9, tzinfo=UTC)), RULES)
    (reminder,) = events
    assert reminder.model_dump()["due_by"] == datetime(2026, 3, 16, 9, 0, tzinfo=UTC)


def test_after_an_outage_only_the_latest_stage_is_told() -> None:
    referral, told = rung(referred(MONDAY), datetime(2026, 3, 12, 9, tzinfo=UTC))
    assert told == ["referral-reminder-due"]
    assert referral.clocks.told == ("first", "second", "escalated")
    assert rung(referral, datetime(2026, 3, 12, 10, tzinfo=UTC))[1] == []


def test_an_answer_stops_the_clock() -> None:
    referral = referred(MONDAY)
    at = MONDAY + timedelta(days=1)
    accepted, _ = after(referral, referrals.accept(referral, cause_at(at), assigned_to=None), at)
    assert accepted.clocks.due_at is None
    assert rung(accepted, MONDAY + timedelta(days=30)) == (accepted, [])


def test_a_tenants_own_times_count() -> None:
    quick = Rules(expiry_days=3)
    changed, events = ring(referred(MONDAY), cause_at(MONDAY + timedelta(days=3)), quick)
    assert changed.status is Status.EXPIRED
    assert events


def test_stuck_on_waiting_list_is_reviewed_every_28_days() -> None:
    referral = referred(MONDAY, Status.WAITLISTED)
    told = []
    for day in range(1, 90):
        at = MONDAY + timedelta(days=day)
        changed, events = ring(referral, cause_at(at), RULES)
        referral, events = after(referral, (changed, events), at)
        told += [(day, event.model_dump()["waiting_days"]) for event in events]
    assert told == [(28, 28), (56, 56), (84, 84)]


def test_an_appointment_is_reminded_of_a_day_before_and_once() -> None:
    referral = referred(MONDAY, Status.ACCEPTED)
    start = datetime(2026, 3, 6, 14, 0, tzinfo=UTC)
    booked, _ = after(
        referral,
        appointments.book(
            referral, cause_at(MONDAY), appointment_id="app-1", time=Time(start, "in_person")
        ),
        MONDAY,
    )
    assert booked.clocks.due_at == datetime(2026, 3, 5, 14, 0, tzinfo=UTC)
    reminded, told = rung(booked, datetime(2026, 3, 5, 14, 0, tzinfo=UTC))
    assert told == ["appointment-reminder-due"]
    assert rung(reminded, datetime(2026, 3, 5, 15, 0, tzinfo=UTC))[1] == []
    assert reminded.clocks.due_at is None


@pytest.mark.parametrize("hours", [1, 24])
def test_what_is_booked_within_a_day_needs_no_reminder(hours: int) -> None:
    referral = referred(MONDAY, Status.ACCEPTED)
    booking = appointments.book(
        referral,
        cause_at(MONDAY),
        appointment_id="app-1",
        time=Time(MONDAY + timedelta(hours=hours), "telephone"),
    )
    booked, _ = after(referral, booking, MONDAY)
    assert booked.clocks.due_at is None


def test_an_appointment_that_has_begun_is_not_reminded_of() -> None:
    referral = referred(MONDAY, Status.ACCEPTED)
    start = MONDAY + timedelta(days=3)
    booking = appointments.book(
        referral, cause_at(MONDAY), appointment_id="app-1", time=Time(start, "telephone")
    )
    booked, _ = after(referral, booking, MONDAY)
    assert rung(booked, start + timedelta(minutes=1))[1] == []


def test_dna_proposes_closing_at_the_third_missed_appointment_and_a_person_confirms() -> None:
    referral = referred(MONDAY, Status.IN_PROGRESS)
    proposed: list[int] = []
    for n in range(1, 5):
        at = MONDAY + timedelta(days=7 * n)
        booking = appointments.book(
            referral, cause_at(at), appointment_id=f"app-{n}", time=Time(at, "in_person")
        )
        referral, _ = after(referral, booking, at)
        missed = appointments.miss(referral, cause_at(at), appointment_id=f"app-{n}")
        referral, events = after(referral, missed, at)
        proposed += [n for event in events if event.type == "referral-closure-proposed"]
    assert proposed == [3]
    assert referral.status is Status.IN_PROGRESS
    assert referral.closure_proposed == "did_not_attend"


def test_coming_after_all_takes_the_proposal_back() -> None:
    referral = referred(MONDAY, Status.IN_PROGRESS, closure_proposed="did_not_attend")
    at = MONDAY + timedelta(days=1)
    booking = appointments.book(
        referral, cause_at(at), appointment_id="app-1", time=Time(at, "in_person")
    )
    booked, _ = after(referral, booking, at)
    assert booked.closure_proposed == "did_not_attend"
    came, _ = after(
        booked, appointments.attend(booked, cause_at(at, GROUP), appointment_id="app-1"), at
    )
    assert came.closure_proposed is None
