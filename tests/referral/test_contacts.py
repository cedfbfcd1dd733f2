"""Trying to reach the person: what counts, and when nobody can."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.referral.domain import closing, contacts
from services.referral.domain.consequences import go_on
from services.referral.domain.lifecycle import Status
from services.referral.domain.record import ContactAttempt
from services.referral.domain.referral import Changed, Referral
from shared.errors import Conflict, Invalid
from shared.events import ContactChannel, ContactOutcome
from tests.referral.timed import MONDAY, after, cause_at, referred


def tried(
    referral: Referral,
    day: float,
    channel: ContactChannel,
    outcome_code: ContactOutcome = "no_answer",
) -> Changed:
    at = MONDAY + timedelta(days=day)
    made = ContactAttempt(
        id=f"attempt-{day}", at=at, channel=channel, outcome_code=outcome_code, by="worker-1"
    )
    return after(referral, contacts.attempt(referral, cause_at(at), made=made), at)


def ended_as_uncontactable(referral: Referral, at: datetime) -> Referral:
    command = closing.not_complete(referral, cause_at(at), reason_code="uncontactable")
    return after(referral, command, at)[0]


def test_uncontactable_takes_three_attempts_over_two_channels() -> None:
    referral = referred(MONDAY, Status.ACCEPTED)
    proposals = []
    channels: list[ContactChannel] = ["telephone", "telephone", "telephone", "letter"]
    for day, channel in enumerate(channels, start=1):
        at = MONDAY + timedelta(days=day)
        with pytest.raises(Invalid) as refused:
            ended_as_uncontactable(referral, at)
        (error,) = refused.value.errors
        assert error.pointer == "/reason_code"
        referral, events = tried(referral, day, channel)
        proposals += [day for event in events if event.type == "referral-closure-proposed"]
    assert proposals == [4]
    assert referral.status is Status.ACCEPTED
    ended = ended_as_uncontactable(referral, MONDAY + timedelta(days=5))
    assert ended.status is Status.NOT_COMPLETED


def test_uncontactable_takes_two_days_however_often_it_was_tried_on_one() -> None:
    referral = referred(MONDAY, Status.ACCEPTED)
    channels: list[ContactChannel] = ["telephone", "letter", "telephone", "sms"]
    for minutes, channel in enumerate(channels):
        referral, events = tried(referral, minutes / 1440, channel)
        assert "referral-closure-proposed" not in [event.type for event in events]
    with pytest.raises(Invalid) as refused:
        ended_as_uncontactable(referral, MONDAY + timedelta(hours=1))
    assert refused.value.errors[0].reason == (
        "uncontactable takes 3 attempts by at least 2 channels on at least 2 days; "
        "written down so far: 4 by 3 on 1"
    )
    referral, events = tried(referral, 1, "telephone")
    assert "referral-closure-proposed" in [event.type for event in events]


def test_reaching_the_person_begins_the_count_anew() -> None:
    referral = referred(MONDAY, Status.ACCEPTED)
    for day, channel, outcome in (
        (1, "telephone", "no_answer"),
        (2, "sms", "message_left"),
        (3, "telephone", "reached"),
        (4, "letter", "no_answer"),
    ):
        referral, _ = tried(referral, day, channel, outcome)  # type: ignore[arg-type] # literals
    assert referral.closure_proposed is None
    with pytest.raises(Invalid):
        ended_as_uncontactable(referral, MONDAY + timedelta(days=5))


def test_an_attempt_is_a_fact_without_its_note() -> None:
    referral = referred(MONDAY, Status.ACCEPTED)
    made = ContactAttempt(
        id="attempt-1",
        at=MONDAY,
        channel="telephone",
        outcome_code="no_answer",
        by="worker-1",
        note="Rang twice.",
    )
    noted, (event,) = contacts.attempt(referral, cause_at(MONDAY), made=made)
    assert noted.contacts == (made,)
    assert event.type == "contact-attempted"
    assert "Rang twice" not in event.model_dump_json()


def test_an_attempt_cannot_lie_in_the_future() -> None:
    later = MONDAY + timedelta(minutes=1)
    made = ContactAttempt(
        id="attempt-1", at=later, channel="telephone", outcome_code="no_answer", by="worker-1"
    )
    with pytest.raises(Invalid):
        contacts.attempt(referred(MONDAY, Status.ACCEPTED), cause_at(MONDAY), made=made)


def test_someone_may_go_on_although_closing_was_proposed() -> None:
    referral = referred(MONDAY, Status.ACCEPTED, closure_proposed="uncontactable")
    going_on, events = go_on(referral, cause_at(MONDAY))
    assert (going_on.closure_proposed, events) == (None, [])
    with pytest.raises(Conflict):
        go_on(going_on, cause_at(MONDAY))
