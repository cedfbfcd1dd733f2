"""Appointments and group sessions by their tables. No server is needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.domain import appointments, sessions
from services.referral.domain.appointments import Time
from services.referral.domain.lifecycle import Status
from services.referral.domain.meetings import APPOINTMENTS, SESSIONS
from services.referral.domain.places import follow_session, holds_idle_place, place_id
from services.referral.domain.referral import Referral
from services.referral.domain.sessions import Session
from shared.errors import Conflict, Invalid, LinkwayError
from tests.referral.actors import GROUP, NOON, cause_of, onward

BY = cause_of(GROUP)


def booked(*, proposed: bool = False) -> Referral:
    state, _ = appointments.book(
        onward(Status.ACCEPTED),
        BY,
        appointment_id="a1",
        time=Time(NOON, "in_person", "bfi"),
        proposed=proposed,
    )
    return state


def statuses(state: Referral) -> list[str]:
    return [each.status.value for each in state.appointments]


def types(events: Any) -> list[str]:
    return [event.type for event in events]


def test_a_proposed_time_is_booked_once_the_person_says_yes() -> None:
    state = booked(proposed=True)
    assert statuses(state) == ["proposed"]
    with pytest.raises(Conflict):
        appointments.attend(state, BY, appointment_id="a1")
    state, events = appointments.confirm(state, BY, appointment_id="a1")
    assert (statuses(state), types(events)) == (["booked"], ["appointment-booked"])
    state, events = appointments.arrive(state, BY, appointment_id="a1")
    assert (statuses(state), types(events)) == (["arrived"], ["appointment-arrived"])
    state, events = appointments.attend(state, BY, appointment_id="a1")
    assert types(events) == ["appointment-attended", "referral-started"]


def test_no_language_of_the_person_is_in_a_fact() -> None:
    state, events = appointments.book(
        onward(Status.ACCEPTED), BY, appointment_id="a1", time=Time(NOON, "in_person", "bfi")
    )
    assert state.appointments[0].interpreter_language == "bfi"
    assert "bfi" not in events[0].model_dump_json()


def test_moving_an_appointment_calls_one_off_and_books_another_in_one_write() -> None:
    state, events = appointments.reschedule(
        booked(), BY, appointment_id="a1", new_id="a2", time=Time(NOON, "video"), moved_by="person"
    )
    assert statuses(state) == ["cancelled", "booked"]
    old, new = state.appointments
    assert (old.replaced_by, new.replaces) == ("a2", "a1")
    assert types(events) == ["appointment-cancelled", "appointment-booked"]
    assert events[0].model_dump()["replaced_by"] == "a2"


def test_dna_entered_in_error_does_not_count_and_support_that_began_stays_begun() -> None:
    state, _ = appointments.miss(booked(), BY, appointment_id="a1")
    state, events = appointments.enter_in_error(state, BY, appointment_id="a1")
    assert types(events) == ["appointment-entered-in-error"]
    state, _ = appointments.book(state, BY, appointment_id="a2", time=Time(NOON, "video"))
    state, (missed,) = appointments.miss(state, BY, appointment_id="a2")
    assert missed.model_dump()["dna_count"] == 1
    state, _ = appointments.book(state, BY, appointment_id="a3", time=Time(NOON, "video"))
    state, _ = appointments.attend(state, BY, appointment_id="a3")
    state, _ = appointments.enter_in_error(state, BY, appointment_id="a3")
    assert state.status == "in_progress"


def test_an_appointment_called_a_mistake_is_never_used_again() -> None:
    state, _ = appointments.enter_in_error(booked(), BY, appointment_id="a1")
    for command in (appointments.attend, appointments.miss, appointments.enter_in_error):
        with pytest.raises(Conflict) as refused:
            command(state, BY, appointment_id="a1")
        assert refused.value.context == {"current_status": "entered-in-error", "allowed": []}


def group(maximum: int = 2) -> Session:
    return Session(
        id="session-1",
        tenant="icb-a",
        service_id="service-1",
        provider_organisation_id="group-org",
        start=NOON,
        mode="in_person",
        maximum=maximum,
        status="open",
    )


def seated(*referral_ids: str, maximum: int = 2) -> Session:
    state = group(maximum)
    for referral_id in referral_ids:
        state, _ = sessions.take(state, BY, referral_id=referral_id)
    return state


def test_the_last_place_makes_a_session_full_and_one_given_up_opens_it() -> None:
    full = seated("r1", "r2")
    assert full.status == "full"
    with pytest.raises(Conflict) as refused:
        sessions.take(full, BY, referral_id="r3")
    assert refused.value.context["current_status"] == "full"
    assert sessions.take(full, BY, referral_id="r1") == (full, [])
    opened, events = sessions.release(full, BY, referral_id="r1")
    assert (opened.status, types(events)) == ("open", ["session-place-released"])
    assert sessions.release(opened, BY, referral_id="r1") == (opened, [])


_STEPS: list[Callable[[Session, str], Any]] = [
    lambda state, who: sessions.take(state, BY, referral_id=who),
    lambda state, who: sessions.release(state, BY, referral_id=who),
    lambda state, who: sessions.record(state, BY, attendance={who: "missed"}),
    lambda state, who: sessions.give_back(state, BY, referral_id=who),
    lambda state, _: sessions.hold(state, BY),
    lambda state, _: sessions.cancel(state, BY),
]


@given(st.lists(st.tuples(st.sampled_from(_STEPS), st.sampled_from("abcd")), max_size=40))
def test_never_more_places_than_there_are(steps: list[tuple[Any, str]]) -> None:
    state = group(maximum=2)
    for step, who in steps:
        try:
            state, _ = step(state, who)
        except LinkwayError:
            continue
        assert len(state.places) <= state.maximum
        if state.status in {"open", "full"}:
            assert (state.status == "full") == (len(state.places) == state.maximum)


def test_attendance_is_said_once_and_may_be_corrected_after_the_session() -> None:
    held, _ = sessions.hold(seated("r1", "r2"), BY)
    state, events = sessions.record(held, BY, attendance={"r1": "attended", "r2": "excused"})
    assert types(events) == ["session-attendance-recorded"] * 2
    state, events = sessions.record(state, BY, attendance={"r1": "attended", "r2": "missed"})
    assert [event.model_dump()["referral_id"] for event in events] == ["r2"]
    with pytest.raises(Invalid):
        sessions.record(state, BY, attendance={"r9": "missed"})


def follow(state: Referral, session: Session, version: int) -> tuple[Referral, list[str]]:
    changed, events = follow_session(state, BY, session=session, version=version)
    return changed, types(events)


def test_a_place_is_an_appointment_whatever_is_repeated_or_late() -> None:
    person = onward(Status.ACCEPTED)
    taken = seated("ref-2")
    state, said = follow(person, taken, 2)
    assert said == ["appointment-booked"]
    assert state.appointments[0].id == place_id("session-1", "ref-2")
    assert follow(state, taken, 2) == (state, [])
    recorded, _ = sessions.record(taken, BY, attendance={"ref-2": "attended"})
    state, said = follow(state, recorded, 3)
    assert said == ["appointment-attended", "referral-started"]
    assert follow(state, taken, 2) == (state, [])
    corrected, _ = sessions.record(recorded, BY, attendance={"ref-2": "missed"})
    state, said = follow(state, corrected, 4)
    assert (said, state.status) == (["appointment-missed"], "in_progress")


def test_late_facts_book_nothing_that_was_given_up_meanwhile() -> None:
    released, _ = sessions.release(seated("ref-2"), BY, referral_id="ref-2")
    assert follow(onward(Status.ACCEPTED), released, 3) == (onward(Status.ACCEPTED), [])


def test_a_place_given_up_and_taken_again_is_booked_again() -> None:
    state, _ = follow(onward(Status.ACCEPTED), seated("ref-2"), 2)
    state, said = follow(state, group(), 3)
    assert said == ["appointment-cancelled"]
    state, said = follow(state, seated("ref-2"), 4)
    assert said == ["appointment-booked"]
    assert len(state.appointments) == 1


def test_a_session_called_off_calls_off_every_appointment_in_it() -> None:
    state, _ = follow(onward(Status.ACCEPTED), seated("ref-2"), 2)
    off, events = sessions.cancel(seated("ref-2"), BY)
    assert events[0].model_dump()["referral_ids"] == ("ref-2",)
    state, said = follow(state, off, 3)
    assert said == ["appointment-cancelled"]
    assert state.appointments[0].cancelled_by == "provider"


def test_a_referral_that_ended_before_it_was_booked_gives_its_place_back() -> None:
    ended = onward(Status.WITHDRAWN)
    state, said = follow(ended, seated("ref-2"), 2)
    assert (state, said) == (ended, [])
    assert holds_idle_place(state, seated("ref-2"))


def test_what_happens_in_a_session_is_said_of_the_session_alone() -> None:
    state, _ = follow(onward(Status.ACCEPTED), seated("ref-2"), 2)
    for command in (
        appointments.attend,
        appointments.miss,
        partial(appointments.cancel, cancelled_by="person"),
    ):
        with pytest.raises(Conflict) as refused:
            command(state, BY, appointment_id=place_id("session-1", "ref-2"))
        assert refused.value.context["session_id"] == "session-1"


def test_the_tables_are_closed() -> None:
    for table in (APPOINTMENTS, SESSIONS):
        assert {after for row in table.values() for after in row.values()} <= set(table)
