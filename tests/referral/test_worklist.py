"""What is to be done, by whom, from when, in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.referral.domain.lifecycle import Status
from services.referral.domain.record import Appointment, ContactAttempt
from services.referral.domain.referral import Referral
from services.referral.domain.worklist import WORDS, Side, Todo, due, mark, review_waiting
from shared.errors import Conflict
from tests.referral.actors import GROUP, TEAM
from tests.referral.timed import MONDAY, RULES, after, cause_at, referred


def first(referral: Referral, side: Side, day: float) -> str | None:
    task = due(referral, side, MONDAY + timedelta(days=day), RULES)
    return None if task is None else task.todo.code


def test_every_task_is_said_in_words() -> None:
    assert set(WORDS) == set(Todo)


@pytest.mark.parametrize(
    ("status", "side", "day", "todo"),
    [
        (Status.SUBMITTED, "provider", 0, "answer"),
        (Status.SUBMITTED, "provider", 9, "answer_overdue"),  # 11 March: seven working days
        (Status.SUBMITTED, "referrer", 8.9, None),
        (Status.SUBMITTED, "referrer", 9, "chase_provider"),
        (Status.INFO_REQUESTED, "referrer", 0, "answer_question"),
        (Status.INFO_REQUESTED, "provider", 0, None),
        (Status.WAITLISTED, "provider", 1, None),
        (Status.ACCEPTED, "provider", 0, "arrange_first_contact"),
        (Status.IN_PROGRESS, "provider", 27.9, None),
        (Status.IN_PROGRESS, "provider", 28, "keep_in_touch"),
        (Status.ON_HOLD, "provider", 27.9, None),
        (Status.ON_HOLD, "provider", 28, "keep_in_touch"),
        (Status.GIVEN, "referrer", 27.9, None),
        (Status.GIVEN, "referrer", 28, "follow_up_signpost"),
        (Status.COMPLETED, "provider", 100, None),
        (Status.WITHDRAWN, "referrer", 100, None),
        (Status.DRAFT, "referrer", 100, None),
    ],
)
def test_each_status_asks_something_of_someone(
    status: Status, side: Side, day: float, todo: str | None
) -> None:
    assert first(referred(MONDAY, status), side, day) == todo


def test_an_appointment_is_on_the_list_from_the_morning_then_wants_its_outcome() -> None:
    start = datetime(2026, 3, 5, 14, 0, tzinfo=UTC)
    booked = Appointment(id="app-1", start=start, mode="in_person", status="booked")
    referral = referred(MONDAY, Status.ACCEPTED, appointments=(booked,))
    assert first(referral, "provider", 2.6) is None  # Wednesday, 23:24
    assert first(referral, "provider", 2.7) == "meet_today"  # Thursday, 01:48
    assert first(referral, "provider", 3.3) == "record_attendance"


def test_a_call_that_reached_the_person_counts_as_keeping_in_touch() -> None:
    called = ContactAttempt(
        id="attempt-1",
        at=MONDAY + timedelta(days=20),
        channel="telephone",
        outcome_code="reached",
        by="worker-1",
    )
    referral = referred(MONDAY, Status.IN_PROGRESS, contacts=(called,))
    assert first(referral, "provider", 40) is None
    assert first(referral, "provider", 48) == "keep_in_touch"


def test_closing_that_is_proposed_comes_before_the_daily_round() -> None:
    referral = referred(MONDAY, Status.ACCEPTED, closure_proposed="uncontactable")
    assert first(referral, "provider", 0) == "confirm_closing"


def test_a_review_of_the_waiting_list_is_asked_for_until_someone_says_it_was_done() -> None:
    waiting = referred(MONDAY, Status.WAITLISTED)
    clocks = waiting.clocks.model_copy(update={"reviews": 1})
    waiting = waiting.with_(clocks=clocks)
    assert first(waiting, "provider", 28) == "review_waiting"
    reviewed, _ = after(waiting, review_waiting(waiting, cause_at(MONDAY)), MONDAY)
    assert first(reviewed, "provider", 28) is None
    with pytest.raises(Conflict):
        review_waiting(referred(MONDAY), cause_at(MONDAY))


def test_stuck_on_waiting_list_the_link_worker_is_asked_to_offer_another_service() -> None:
    def waits(**fields: Any) -> Referral:
        waiting = referred(MONDAY, Status.WAITLISTED).with_(**fields)
        return waiting.with_(clocks=waiting.clocks.model_copy(update={"reviews": 1}))

    assert first(waits(), "referrer", 27.9) is None
    assert first(waits(), "referrer", 28) == "offer_another_service"
    # A practice has handed its patient over: looking for another service is the team's.
    assert first(waits(kind="intake"), "referrer", 28) is None
    asked, _ = after(waits(), review_waiting(waits(), cause_at(MONDAY, TEAM)), MONDAY)
    assert first(asked, "referrer", 28) is None
    assert first(asked, "provider", 28) == "review_waiting", "the provider has its own review"
    looked, _ = after(waits(), review_waiting(waits(), cause_at(MONDAY, GROUP)), MONDAY)
    assert first(looked, "referrer", 28) == "offer_another_service"
    again = asked.with_(clocks=asked.clocks.model_copy(update={"reviews": 2}))
    assert first(again, "referrer", 56) == "offer_another_service"


def test_each_side_has_the_time_from_which_it_has_something_to_do() -> None:
    marked = mark(referred(MONDAY), RULES)
    assert marked.clocks.provider_todo_at == MONDAY
    assert marked.clocks.referrer_todo_at == datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
    assert mark(referred(MONDAY, Status.COMPLETED), RULES).clocks.provider_todo_at is None
