"""Contacts counted, with the edge cases of the field by their names."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outcomes.domain import (
    Attendance,
    Plan,
    attendance_of,
    days_to_first_contact,
    note_appointment,
    note_attempt,
    note_referral,
)
from shared.errors import Invalid
from shared.events import (
    AppointmentArrived,
    AppointmentEnteredInError,
    AppointmentEvent,
    AppointmentProposed,
    ContactAttempted,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralRerouted,
)
from tests.outcomes.examples import (
    CASE,
    FIRST,
    NOON,
    ONWARD,
    SECOND,
    attempted,
    attended,
    booked,
    cancelled,
    missed,
    opened,
    referral_fact,
)


def told(plan: Plan, *events: ReferralEvent) -> Plan:
    for event in events:
        if isinstance(event, AppointmentEvent):
            plan = note_appointment(plan, event)
        elif isinstance(event, ContactAttempted):
            plan = note_attempt(plan, event)
        else:
            plan = note_referral(plan, event)
    return plan


def after(*events: ReferralEvent) -> Attendance:
    return attendance_of(told(opened(), *events))


def test_a_contact_moved_to_another_time_is_neither_missed_nor_called_off() -> None:
    found = after(
        booked(2),
        cancelled(3, replaced_by=SECOND),
        booked(4, SECOND, replaces=FIRST),
        missed(5, SECOND),
    )
    assert (found.rescheduled, found.cancelled, found.missed) == (1, 0, 1)


def test_what_is_only_offered_booked_or_arrived_for_counts_as_nothing_yet() -> None:
    start = NOON + timedelta(days=1)
    offered = referral_fact(
        AppointmentProposed, 2, appointment_id=FIRST, start=start, mode="telephone"
    )
    arrived = referral_fact(AppointmentArrived, 4, appointment_id=SECOND)
    found = after(offered, booked(3, SECOND), arrived)
    assert (found.attended, found.missed, found.cancelled) == (0, 0, 0)


def test_dna_each_missed_contact_is_counted_and_the_plan_stays_open() -> None:
    plan = told(opened(), *(missed(seq, f"appointment-{seq}", dna_count=seq) for seq in (2, 3, 4)))
    assert attendance_of(plan).missed == 3
    assert plan.status == "open"


def test_tries_to_reach_the_person_are_counted_by_what_came_of_them() -> None:
    found = after(
        attempted(2),
        attempted(2),
        attempted(3, "attempt-2", channel="sms", outcome_code="message_left"),
        attempted(4, "attempt-3", referral=ONWARD),
    )
    assert found.attempts == {
        "reached": 0,
        "message_left": 1,
        "no_answer": 2,
        "wrong_number": 0,
    }


def test_an_attempt_needs_an_id_that_can_name_a_field() -> None:
    with pytest.raises(Invalid):
        after(attempted(2, "a.b"))


# Entered in error


def test_entered_in_error_an_appointment_is_taken_out_of_the_counts() -> None:
    wrong = referral_fact(AppointmentEnteredInError, 4, appointment_id=FIRST)
    found = after(booked(2), attended(3), wrong, attended(5, SECOND))
    assert found.attended == 1
    assert after(wrong, attended(3), booked(2)).attended == 0


def test_entered_in_error_a_referral_counts_nowhere_with_all_that_happened_in_it() -> None:
    wrong = referral_fact(ReferralEnteredInError, 9, referral=ONWARD, reason_code="wrong_person")
    plan = told(
        opened(),
        attended(2),
        referral_fact(ReferralCreated, 1, referral=ONWARD),
        attended(3, SECOND, referral=ONWARD),
        attempted(4, referral=ONWARD),
        wrong,
    )
    assert attendance_of(plan).attended == 1
    assert attendance_of(plan).attempts["no_answer"] == 0
    assert plan.status == "open"
    assert days_to_first_contact(plan, ONWARD) is None


def test_entered_in_error_a_case_counts_nowhere_and_nothing_is_begun_in_it() -> None:
    wrong = referral_fact(ReferralEnteredInError, 9, reason_code="duplicate")
    plan = told(opened(), attended(2), attended(3, SECOND, referral=ONWARD), wrong)
    assert plan.status == "entered_in_error"
    assert attendance_of(plan).attended == 0
    assert attendance_of(plan).days_to_first_attended is None


# How long it took


def test_the_wait_is_from_the_intake_to_the_first_contact_the_person_came_to() -> None:
    plan = told(
        opened(),
        missed(2),
        booked(3, SECOND, start=NOON + timedelta(days=12)),
        attended(4, SECOND, occurred_at=NOON + timedelta(days=15)),
    )
    # The intake was made at one o'clock of day 0: eleven whole days to noon of day 12.
    assert attendance_of(plan).days_to_first_attended == 11
    assert days_to_first_contact(plan, CASE) == 11


def test_a_contact_recorded_before_the_time_it_was_arranged_for_took_place_when_recorded() -> None:
    plan = told(
        opened(),
        booked(2, start=NOON + timedelta(days=30)),
        attended(3, occurred_at=NOON + timedelta(days=2)),
    )
    assert attendance_of(plan).days_to_first_attended == 1


def test_each_referral_has_its_own_wait_and_none_before_its_first_contact() -> None:
    made = NOON + timedelta(days=10)
    plan = told(
        opened(),
        attended(2, occurred_at=NOON + timedelta(days=3)),
        referral_fact(ReferralCreated, 1, referral=ONWARD, occurred_at=made),
    )
    assert days_to_first_contact(plan, ONWARD) is None
    plan = told(plan, attended(2, SECOND, referral=ONWARD, occurred_at=made + timedelta(days=6)))
    assert days_to_first_contact(plan, ONWARD) == 6
    assert attendance_of(plan).days_to_first_attended == 2


# Late events


def test_late_events_of_a_contact_change_only_what_no_later_one_said() -> None:
    start = NOON + timedelta(days=5)
    late = told(opened(), attended(4, occurred_at=NOON + timedelta(days=6)), booked(2, start=start))
    assert late.attendance[FIRST].status == "attended"
    assert late.attendance[FIRST].start == start


START = NOON + timedelta(days=20)
FACTS: tuple[ReferralEvent, ...] = (
    referral_fact(ReferralAccepted, 2),
    attempted(3),
    attempted(4, "attempt-2", outcome_code="reached"),
    referral_fact(AppointmentProposed, 5, appointment_id=FIRST, start=START, mode="video"),
    booked(6, start=START - timedelta(days=4)),
    referral_fact(AppointmentArrived, 7, appointment_id=FIRST),
    attended(8, occurred_at=START),
    booked(9, SECOND),
    cancelled(10, SECOND, replaced_by="third"),
    booked(11, "third", replaces=SECOND),
    missed(12, "third"),
    attended(13, "fourth"),
    referral_fact(AppointmentEnteredInError, 14, appointment_id="fourth"),
    referral_fact(ReferralCreated, 1, referral=ONWARD),
    attended(2, "onward-1", referral=ONWARD),
    referral_fact(
        ReferralRerouted, 3, referral=ONWARD, new_referral_id="new", new_service_id="other"
    ),
    referral_fact(ReferralEnteredInError, 4, referral=ONWARD, reason_code="wrong_service"),
    referral_fact(ReferralCreated, 1, referral="new", replaces=ONWARD),
    referral_fact(ReferralCompleted, 15, outcome_code="goals_met"),
)


@given(repeats=st.lists(st.integers(0, len(FACTS) - 1), max_size=40), shuffle=st.randoms())
def test_shuffled_and_repeated_facts_give_one_plan(repeats: list[int], shuffle: Any) -> None:
    heard = [*FACTS, *(FACTS[number] for number in repeats)]
    shuffle.shuffle(heard)
    plan = told(opened(), *heard)
    assert plan == told(opened(), *FACTS)
    # Attended: the first alone; the fourth and the onward one were entered in error.
    assert attendance_of(plan) == Attendance(
        attended=1,
        missed=1,
        cancelled=0,
        rescheduled=1,
        attempts={"reached": 1, "message_left": 0, "no_answer": 1, "wrong_number": 0},
        days_to_first_attended=15,
    )
    assert plan.status == "closed"
