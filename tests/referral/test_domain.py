"""The rules of referring; expectations are written from the rule, not from the code."""

from __future__ import annotations

import pytest

from services.referral.domain import appointments, closing, referral
from services.referral.domain.appointments import Time
from services.referral.domain.lifecycle import OPEN, TABLE, Command, Status, after
from shared.errors import Conflict, Forbidden, NotFound
from shared.events import EventActor, GoalUpdated
from tests.referral.actors import GROUP, NOON, PRACTICE, TEAM, cause_of, onward


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("draft", {"submit", "withdraw", "enter-in-error"}),
        (
            "submitted",
            {
                "accept",
                "ask",
                "waitlist",
                "decline",
                "expire",
                "withdraw",
                "reroute",
                "enter-in-error",
            },
        ),
        (
            "info_requested",
            {
                "accept",
                "answer",
                "waitlist",
                "decline",
                "expire",
                "withdraw",
                "reroute",
                "enter-in-error",
            },
        ),
        ("waitlisted", {"accept", "decline", "withdraw", "reroute", "enter-in-error"}),
        (
            "accepted",
            {
                "assign",
                "book",
                "start",
                "waitlist",
                "not-complete",
                "withdraw",
                "reroute",
                "enter-in-error",
            },
        ),
        (
            "in_progress",
            {
                "assign",
                "book",
                "start",
                "hold",
                "complete",
                "not-complete",
                "withdraw",
                "reroute",
                "enter-in-error",
            },
        ),
        (
            "on_hold",
            {"assign", "resume", "not-complete", "withdraw", "reroute", "enter-in-error"},
        ),
        ("completed", {"enter-in-error"}),
        ("not_completed", {"reroute", "enter-in-error"}),
        ("declined", {"reroute", "enter-in-error"}),
        ("expired", {"reroute", "enter-in-error"}),
        ("withdrawn", {"reroute", "enter-in-error"}),
        ("entered_in_error", set()),
        ("given", {"follow-up", "enter-in-error"}),
        ("followed_up", {"enter-in-error"}),
    ],
)
def test_each_status_allows_exactly_its_commands(status: str, allowed: set[str]) -> None:
    assert {command.value for command in TABLE[Status(status)]} == allowed
    for command in Command:
        if command.value not in allowed:
            with pytest.raises(Conflict) as refused:
                after(Status(status), command)
            assert refused.value.context == {"current_status": status, "allowed": sorted(allowed)}


def test_open_means_that_a_provider_is_expected_to_do_something() -> None:
    assert {
        "submitted",
        "info_requested",
        "waitlisted",
        "accepted",
        "in_progress",
        "on_hold",
    } == OPEN


def test_accepting_says_who_looks_after_the_person() -> None:
    accepted, events = referral.accept(onward(), cause_of(GROUP), assigned_to="leader-1")
    assert accepted.status == "accepted"
    assert accepted.assigned_to == "leader-1"
    (event,) = events
    assert event.type == "referral-accepted"
    assert event.key == "ref-1"
    assert event.subject == "ref-2"
    assert event.parties == {"group-org", "team-org", "Y90001"}


def test_withdrawing_ends_a_referral() -> None:
    withdrawn, events = closing.withdraw(onward(), cause_of(TEAM), reason_code="person_declined")
    assert withdrawn.status == "withdrawn"
    assert [event.type for event in events] == ["referral-withdrawn"]


def test_completing_needs_support_to_have_started() -> None:
    with pytest.raises(Conflict):
        closing.complete(onward(Status.ACCEPTED), cause_of(GROUP), outcome_code="goals_met")
    done, _ = closing.complete(
        onward(Status.IN_PROGRESS), cause_of(GROUP), outcome_code="goals_met"
    )
    assert (done.status, done.outcome_code) == ("completed", "goals_met")


def test_the_first_attended_contact_starts_support_and_later_ones_do_not() -> None:
    booked, _ = appointments.book(
        onward(Status.ACCEPTED),
        cause_of(GROUP),
        appointment_id="a1",
        time=Time(NOON, "in_person"),
    )
    booked, _ = appointments.book(
        booked, cause_of(GROUP), appointment_id="a2", time=Time(NOON, "video")
    )
    started, events = appointments.attend(booked, cause_of(GROUP), appointment_id="a1")
    assert started.status == "in_progress"
    assert [event.type for event in events] == ["appointment-attended", "referral-started"]
    again, events = appointments.attend(started, cause_of(GROUP), appointment_id="a2")
    assert again.status == "in_progress"
    assert [event.type for event in events] == ["appointment-attended"]


def test_missed_contacts_are_counted_in_the_fact() -> None:
    state = onward(Status.ACCEPTED)
    counts = []
    for number in ("a1", "a2", "a3"):
        state, _ = appointments.book(
            state, cause_of(GROUP), appointment_id=number, time=Time(NOON, "telephone")
        )
        state, (event,) = appointments.miss(state, cause_of(GROUP), appointment_id=number)
        counts.append(event.model_dump()["dna_count"])
    assert counts == [1, 2, 3]


def test_an_appointment_is_settled_once() -> None:
    state, _ = appointments.book(
        onward(Status.ACCEPTED), cause_of(GROUP), appointment_id="a1", time=Time(NOON, "video")
    )
    state, _ = appointments.cancel(
        state, cause_of(GROUP), appointment_id="a1", cancelled_by="person"
    )
    with pytest.raises(Conflict):
        appointments.attend(state, cause_of(GROUP), appointment_id="a1")
    with pytest.raises(NotFound):
        appointments.miss(state, cause_of(GROUP), appointment_id="unknown")


def test_a_late_goal_fact_does_not_undo_a_newer_one() -> None:
    def moved(seq: int, achievement: str) -> GoalUpdated:
        return GoalUpdated.model_validate(
            {
                "tenant": "icb-a",
                "seq": seq,
                "occurred_at": NOON,
                "actor": EventActor(role="link_worker", organisation="team-org"),
                "case_id": "ref-1",
                "person_id": "person-1",
                "source_organisation_id": "Y90001",
                "team_organisation_id": "team-org",
                "goal_id": "goal-1",
                "change": "progressed",
                "lifecycle_status": "active",
                "achievement_status": achievement,
            }
        )

    state, events = referral.note_goal(onward(), moved(4, "improving"))
    assert events == []
    state, _ = referral.note_goal(state, moved(3, "no-change"))
    assert state.goals["goal-1"].achievement_status == "improving"


def test_only_the_team_that_holds_an_accepted_case_refers_on() -> None:
    intake = onward(Status.ACCEPTED).with_(
        id="ref-1", kind="intake", provider_organisation_id="team-org"
    )
    referral.check_onward(intake, TEAM)
    with pytest.raises(Forbidden):
        referral.check_onward(intake, PRACTICE)
    with pytest.raises(Conflict):
        referral.check_onward(intake.with_(status="submitted"), TEAM)
