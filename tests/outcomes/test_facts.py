from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outcomes.domain import (
    CHANGING,
    CONTACT_STATUSES,
    REFERRAL_STATUSES,
    UNCHANGING,
    KnownReferral,
    Need,
    Plan,
    attendance_of,
    note_appointment,
    note_referral,
    open_plan,
)
from services.outcomes.domain.words import ContactStatus, ReferralStatus
from shared.errors import Invalid
from shared.events import (
    ALL_EVENTS,
    AppointmentEvent,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralExpired,
    ReferralFollowedUp,
    ReferralHeld,
    ReferralInfoProvided,
    ReferralInfoRequested,
    ReferralNotCompleted,
    ReferralRerouted,
    ReferralResumed,
    ReferralStarted,
    ReferralWaitlisted,
    ReferralWithdrawn,
)
from tests.outcomes.examples import (
    CASE,
    FIRST,
    NOON,
    ONWARD,
    PERSON,
    PRACTICE,
    SECOND,
    TEAM,
    attended,
    booked,
    cancelled,
    intake,
    missed,
    opened,
    referral_fact,
)

THIRD = "0190c0de-0000-7000-8000-0000000000f3"


def told(plan: Plan, *events: ReferralEvent) -> Plan:
    for event in events:
        if isinstance(event, AppointmentEvent):
            plan = note_appointment(plan, event)
        else:
            plan = note_referral(plan, event)
    return plan


def counts(plan: Plan) -> tuple[int, int]:
    """Attended and missed."""
    attendance = attendance_of(plan)
    return attendance.attended, attendance.missed


# Which facts change a plan


def test_every_fact_of_the_referral_service_changes_a_plan_or_says_why_not() -> None:
    facts = {event for event in ALL_EVENTS if event.topic == "referral-events"}
    assert CHANGING | set(UNCHANGING) == facts
    assert not CHANGING & set(UNCHANGING)
    assert all(len(reason) > 20 for reason in UNCHANGING.values())


def test_a_plan_knows_every_status_that_facts_tell_of() -> None:
    told_of = {*REFERRAL_STATUSES.values(), "given"}
    assert told_of == set(get_args(ReferralStatus))
    assert {*CONTACT_STATUSES.values(), "rescheduled"} == set(get_args(ContactStatus))


# Opening


def test_an_intake_opens_the_plan_of_its_case() -> None:
    plan = open_plan(intake(need_codes=("loneliness", "debt_advice")))
    assert plan.case_id == CASE
    assert plan.person_id == PERSON
    assert plan.source_organisation_id == PRACTICE
    assert plan.team_organisation_id == TEAM
    assert plan.status == "open"
    assert plan.needs == (Need(need_code="loneliness"), Need(need_code="debt_advice"))
    assert plan.referrals == {
        CASE: KnownReferral(
            kind="intake",
            service_id="team-service",
            status="submitted",
            seq=1,
            made_at=NOON + timedelta(hours=1),
        )
    }


def test_an_intake_that_is_not_its_own_case_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        open_plan(intake(case_id=ONWARD))
    assert caught.value.errors[0].pointer == "/case_id"


@pytest.mark.parametrize("unsafe", ["", "a.b", "$where", "a\x00b", "x" * 65])
def test_an_id_that_cannot_name_a_field_is_refused(unsafe: str) -> None:
    with pytest.raises(Invalid) as caught:
        told(opened(), referral_fact(ReferralCreated, 1, referral=unsafe))
    assert [fault.pointer for fault in caught.value.errors] == ["/referral_id"]
    with pytest.raises(Invalid) as caught:
        told(opened(), booked(2, unsafe))
    assert [fault.pointer for fault in caught.value.errors] == ["/appointment_id"]


# Referrals of the case


@pytest.mark.parametrize(
    ("event", "said", "status", "plan_status"),
    [
        (ReferralAccepted, {}, "accepted", "open"),
        (ReferralWaitlisted, {}, "waitlisted", "open"),
        (ReferralStarted, {}, "in_progress", "open"),
        (ReferralDeclined, {"reason_code": "no_capacity"}, "declined", "closed"),
        (ReferralWithdrawn, {"reason_code": "person_declined"}, "withdrawn", "closed"),
        (ReferralCompleted, {"outcome_code": "goals_met"}, "completed", "closed"),
        (ReferralNotCompleted, {"reason_code": "uncontactable"}, "not_completed", "closed"),
        (ReferralInfoRequested, {"question_code": "other"}, "info_requested", "open"),
        (ReferralInfoProvided, {}, "submitted", "open"),
        (ReferralExpired, {}, "expired", "closed"),
        (ReferralHeld, {"reason_code": "person_asked"}, "on_hold", "open"),
        (ReferralResumed, {}, "in_progress", "open"),
        (
            ReferralEnteredInError,
            {"reason_code": "wrong_person"},
            "entered_in_error",
            "entered_in_error",
        ),
    ],
)
def test_the_plan_is_open_until_its_intake_ends(
    event: type[ReferralEvent], said: dict[str, Any], status: str, plan_status: str
) -> None:
    plan = told(opened(), referral_fact(event, 2, **said))
    assert plan.referrals[CASE].status == status
    assert plan.status == plan_status


def test_an_onward_referral_that_ends_leaves_the_plan_open() -> None:
    plan = told(
        opened(),
        referral_fact(ReferralCreated, 1, referral=ONWARD),
        referral_fact(ReferralDeclined, 2, referral=ONWARD, reason_code="no_capacity"),
    )
    assert plan.referrals[ONWARD] == KnownReferral(
        kind="onward",
        service_id="group-service",
        status="declined",
        seq=2,
        made_at=NOON + timedelta(hours=1),
    )
    assert plan.referrals[CASE].status == "submitted"
    assert plan.status == "open"


def test_a_signpost_is_given_for_nobody_has_to_accept_it() -> None:
    plan = told(opened(), referral_fact(ReferralCreated, 1, referral=ONWARD, kind="signpost"))
    assert plan.referrals[ONWARD].kind == "signpost"
    assert plan.referrals[ONWARD].status == "given"


def test_a_signpost_is_followed_up() -> None:
    said = {"referral": ONWARD, "kind": "signpost"}
    followed = referral_fact(ReferralFollowedUp, 2, outcome_code="attended", **said)
    plan = told(opened(), followed, referral_fact(ReferralCreated, 1, **said))
    assert plan.referrals[ONWARD].status == "followed_up"


def test_a_rerouted_referral_and_the_one_instead_of_it_know_each_other() -> None:
    said = {"new_referral_id": "instead", "new_service_id": "other-service"}
    plan = told(
        opened(),
        referral_fact(ReferralRerouted, 3, referral=ONWARD, **said),
        referral_fact(ReferralWithdrawn, 2, referral=ONWARD, reason_code="rerouted"),
        referral_fact(ReferralCreated, 1, referral=ONWARD),
        referral_fact(ReferralCreated, 1, referral="instead", replaces=ONWARD),
    )
    old = plan.referrals[ONWARD]
    assert (old.status, old.rerouted_to) == ("withdrawn", "instead")
    assert plan.referrals["instead"].replaces == ONWARD


def test_a_re_referral_keeps_the_earlier_case() -> None:
    assert open_plan(intake(previous_case_id="earlier-case")).previous_case_id == "earlier-case"
    assert opened().previous_case_id is None


def test_an_older_fact_never_overwrites_a_newer_status() -> None:
    created = referral_fact(ReferralCreated, 1, referral=ONWARD)
    accepted = referral_fact(ReferralAccepted, 2, referral=ONWARD)
    completed = referral_fact(ReferralCompleted, 5, referral=ONWARD, outcome_code="goals_met")
    plan = told(opened(), created, completed)
    assert told(plan, accepted, created) == plan
    assert plan.referrals[ONWARD].status == "completed"


# Attendance


def test_contacts_are_counted_across_all_services() -> None:
    plan = told(
        opened(),
        booked(3),
        attended(4),
        booked(5, SECOND),
        missed(6, SECOND),
        booked(7, THIRD),
        cancelled(8, THIRD),
        attended(3, "another", referral=ONWARD),
    )
    assert counts(plan) == (2, 1)
    assert plan.attendance[FIRST].referral_id == CASE
    assert plan.attendance["another"].referral_id == ONWARD
    assert [contact.status for contact in plan.attendance.values()] == [
        "attended",
        "missed",
        "cancelled",
        "attended",
    ]


def test_a_booking_heard_of_late_does_not_undo_the_attendance() -> None:
    plan = told(opened(), attended(4))
    plan = told(plan, booked(3))
    assert plan.attendance[FIRST].status == "attended"
    assert counts(plan) == (1, 0)


def test_a_correction_counts_as_what_was_said_last() -> None:
    plan = told(opened(), missed(4), attended(5))
    assert counts(plan) == (1, 0)


JOURNEY: tuple[ReferralEvent, ...] = (
    referral_fact(ReferralAccepted, 2),
    booked(3),
    attended(4),
    referral_fact(ReferralStarted, 5),
    booked(6, SECOND),
    missed(7, SECOND),
    booked(8, THIRD),
    cancelled(9, THIRD),
    referral_fact(ReferralCreated, 1, referral=ONWARD),
    referral_fact(ReferralAccepted, 2, referral=ONWARD),
    booked(3, "onward-1", referral=ONWARD),
    missed(4, "onward-1", referral=ONWARD),
    attended(5, "onward-1", referral=ONWARD),
    referral_fact(ReferralNotCompleted, 6, referral=ONWARD, reason_code="uncontactable"),
)
"""The first contact was attended, the second missed, the third called off; the onward one
was first marked missed, then put right.
"""


@given(repeats=st.lists(st.integers(0, len(JOURNEY) - 1), max_size=40), shuffle=st.randoms())
def test_any_order_and_any_repetition_of_facts_end_in_the_same_plan(
    repeats: list[int], shuffle: Any
) -> None:
    heard = [*JOURNEY, *(JOURNEY[number] for number in repeats)]
    shuffle.shuffle(heard)
    plan = told(opened(), *heard)
    assert counts(plan) == (2, 1)
    assert {id_: referral.status for id_, referral in plan.referrals.items()} == {
        CASE: "in_progress",
        ONWARD: "not_completed",
    }
    assert plan == told(opened(), *JOURNEY)
