"""What is disclosed to whom, when it ends, and how a person may be reached."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.referral.domain import consent, ending, standing
from services.referral.domain.access import PART, sight
from services.referral.domain.contact import Contact, SafeHours, WaySafety
from services.referral.domain.disclosure import disclosed, of_person
from services.referral.domain.lifecycle import Status
from services.referral.domain.person import Move, Person, Restriction
from services.referral.domain.policy import Sight
from services.referral.domain.reaching import Reachable, suppression, ways
from services.referral.domain.record import Appointment, Consent
from shared.cause import Actor, Cause
from shared.errors import Forbidden, NotFound
from tests.referral.actors import GROUP, NOON, PRACTICE, STRANGER, TEAM, cause_of, onward
from tests.referral.test_persons import LATER, intake, later, person

# Disclosure

EXPECTED = {
    "draft": None,
    "submitted": "deciding",
    "info_requested": "deciding",
    "waitlisted": "deciding",
    "accepted": "serving",
    "in_progress": "serving",
    "on_hold": "serving",
    "completed": "serving",
    "not_completed": "happened",
    "declined": "happened",
    "expired": "happened",
    "withdrawn": "happened",
    "entered_in_error": "happened",
    "given": None,
    "followed_up": None,
}


def test_every_status_says_what_its_provider_sees() -> None:
    assert {status.value for status in Status} == EXPECTED.keys() == {s.value for s in PART}


@pytest.mark.parametrize("status", list(Status))
def test_what_each_side_sees_in_each_status(status: Status) -> None:
    referral = onward(status)

    def seen(actor: Actor) -> str | None:
        try:
            return sight(referral, actor).value
        except NotFound:
            return None

    draft = status is Status.DRAFT
    assert seen(GROUP) == EXPECTED[status.value]
    assert seen(TEAM) == "all", "the team referred"
    assert seen(PRACTICE) == (None if draft else "all"), "a draft is its writer's"
    assert seen(Actor("ops", "operations", "icb", "icb-a")) == (None if draft else "happened")
    assert seen(Actor("adm", "tenant_admin", "team-org", "icb-a")) == (
        None if draft else "happened"
    )
    assert seen(STRANGER) is None


def restricted(*workers: str) -> Person:
    return person(
        restriction=Restriction(
            named_workers=workers, reason_code="x", recorded_at=NOON, recorded_by="lead-1"
        )
    )


def test_a_restricted_record_is_seen_by_those_named_and_known_of_by_the_team() -> None:
    referral = onward(Status.ACCEPTED)
    hidden = restricted("worker-1")
    assert disclosed(Sight.ALL, referral, hidden, TEAM, NOON) is Sight.ALL
    other = Actor("worker-2", "link_worker", "team-org", "icb-a")
    assert disclosed(Sight.ALL, referral, hidden, other, NOON) is Sight.RESTRICTED
    assert disclosed(Sight.SERVING, referral, hidden, GROUP, NOON) is Sight.RESTRICTED
    with pytest.raises(Forbidden):
        standing.change(hidden, cause_of(other), language="cy")


def test_moves_area_ends_what_the_practice_sees_from_that_day() -> None:
    moved = person(
        moved=Move(
            effective_on=date(2026, 3, 10), out_of_area=True, recorded_at=NOON, recorded_by="w"
        )
    )
    referral = onward(Status.ACCEPTED)
    before = datetime(2026, 3, 9, 12, tzinfo=UTC)
    after = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert disclosed(Sight.ALL, referral, moved, PRACTICE, before) is Sight.ALL
    assert disclosed(Sight.ALL, referral, moved, PRACTICE, after) is Sight.HAPPENED
    assert disclosed(Sight.ALL, referral, moved, TEAM, after) is Sight.ALL


# Consent says what

AGREED = {
    "method": "verbal",
    "recorded_at": "2026-03-02T12:00:00Z",
    "recorded_by_organisation": "x",
}


def test_a_consent_kept_before_it_had_a_scope_still_shares_what_it_did() -> None:
    assert Consent.model_validate(AGREED).scope == ("referral_details", "contact_details")


@pytest.mark.parametrize(
    ("scope", "how", "of_the_person"),
    [
        (["referral_details", "contact_details"], Sight.SERVING, Sight.SERVING),
        (["referral_details", "assessment_and_goals"], Sight.SERVING, Sight.DECIDING),
        (["referral_details"], Sight.SERVING, Sight.DECIDING),
        (["referral_details"], Sight.DECIDING, Sight.DECIDING),
        (["referral_details"], Sight.ALL, Sight.ALL),
        (["referral_details"], Sight.RESTRICTED, Sight.RESTRICTED),
    ],
)
def test_without_agreement_to_contact_details_a_provider_sees_what_deciding_took(
    scope: list[str], how: Sight, of_the_person: Sight
) -> None:
    agreed = Consent.model_validate({**AGREED, "scope": scope})
    assert of_person(how, onward(Status.ACCEPTED).with_(consent=agreed)) is of_the_person


# Person withdraws consent


def decide(known: Person, decision: consent.Decide, at: datetime, *recipients: str) -> Person:
    cause = Cause(id="c", actor=TEAM, at=at)
    return decision(
        known, cause, entry_id=at.isoformat(), recipients=recipients, method="verbal", note=None
    )[0]


def test_person_withdraws_consent_and_the_provider_sees_nothing_more_at_once() -> None:
    referral = onward(Status.ACCEPTED)
    general = decide(person(), consent.withdraw, LATER)
    assert disclosed(Sight.SERVING, referral, general, GROUP, LATER) is Sight.HAPPENED
    assert disclosed(Sight.ALL, referral, general, TEAM, LATER) is Sight.ALL
    named = decide(person(), consent.withdraw, LATER, "other-org")
    assert disclosed(Sight.SERVING, referral, named, GROUP, LATER) is Sight.SERVING
    named = decide(named, consent.withdraw, LATER, "group-org")
    assert disclosed(Sight.SERVING, referral, named, GROUP, LATER) is Sight.HAPPENED
    assert len(named.consents) == 2, "every decision is kept"


def test_a_later_consent_counts_and_an_earlier_one_does_not() -> None:
    withdrawn = decide(person(), consent.withdraw, NOON)
    again = decide(withdrawn, consent.grant, LATER, "group-org")
    assert consent.withdrawn_at(again, "group-org") is None
    assert consent.withdrawn_at(again, "other-org") == NOON
    assert consent.is_barred(withdrawn, "group-org", NOON)
    assert not consent.is_barred(withdrawn, "group-org", LATER)


def test_a_withdrawn_consent_tells_every_recipient_once_and_ends_what_is_open() -> None:
    ended, events = ending.end_for_consent(onward(Status.ACCEPTED), later(), withdrawn_at=LATER)
    assert [each.type for each in events] == ["referral-consent-withdrawn", "referral-withdrawn"]
    assert (ended.status, ended.reason_code) == (Status.WITHDRAWN, "consent_withdrawn")
    assert sight(ended, GROUP) is Sight.HAPPENED
    assert ending.end_for_consent(ended, later(), withdrawn_at=LATER)[1] == []
    over, told = ending.end_for_consent(onward(Status.COMPLETED), later(), withdrawn_at=LATER)
    assert [each.type for each in told] == ["referral-consent-withdrawn"]
    assert over.status is Status.COMPLETED
    assert sight(over, GROUP) is Sight.HAPPENED
    agreed_since = ending.end_for_consent(
        onward(Status.ACCEPTED), later(), withdrawn_at=NOON - timedelta(days=1)
    )
    assert agreed_since[1] == []


# Deceased


@pytest.mark.parametrize(
    ("status", "after", "fact"),
    [
        (Status.IN_PROGRESS, Status.NOT_COMPLETED, "referral-not-completed"),
        (Status.ON_HOLD, Status.NOT_COMPLETED, "referral-not-completed"),
        (Status.SUBMITTED, Status.WITHDRAWN, "referral-withdrawn"),
    ],
)
def test_deceased_closes_the_case(status: Status, after: Status, fact: str) -> None:
    ended, events = ending.end_for_death(intake(status), later())
    assert (ended.status, ended.reason_code) == (after, "deceased")
    assert [each.type for each in events] == [fact]
    assert ending.end_for_death(ended, later())[1] == []


def test_deceased_withdraws_other_referrals_and_calls_off_appointments() -> None:
    booked = Appointment.model_validate(
        {"id": "a1", "start": LATER, "mode": "in_person", "status": "booked"}
    )
    ended, events = ending.end_for_death(
        onward(Status.IN_PROGRESS).with_(appointments=(booked,)), later()
    )
    assert ended.status is Status.WITHDRAWN
    assert ended.appointments[0].status == "cancelled"
    assert {each.type for each in events} == {"referral-withdrawn", "appointment-cancelled"}


# Reaching


CONTACT = Contact(
    telephone="07700 900123",
    email="sample@example.org",
    address="1 Sample Road",
    postal_code="ZZ1 2AB",
)


def test_ways_to_write_come_in_the_order_asked_for() -> None:
    assert [way.channel for way in ways(CONTACT)] == ["sms", "email", "letter"]
    asked = CONTACT.model_copy(update={"preferences": ("letter", "telephone", "sms")})
    assert [way.channel for way in ways(asked)] == ["letter", "sms"]
    assert ways(asked)[0].address == "1 Sample Road, ZZ1 2AB"


def test_a_landline_takes_no_text_message() -> None:
    assert [way.channel for way in ways(Contact(telephone="020 7946 0123"))] == []


def test_domestic_abuse_safe_contact() -> None:
    guarded = CONTACT.model_copy(
        update={
            "safety": {
                "sms": WaySafety(safe=True, safe_from="10:00", safe_to="14:00"),
                "letter": WaySafety(safe=False),
                "email": WaySafety(safe=False),
            },
            "address_hidden": True,
            "safe_hours": (SafeHours(days=(1, 2), opens="10:00", closes="14:00"),),
        }
    )
    assert ways(guarded) == (Reachable("sms", "07700900123", "10:00", "14:00"),)
    shown = guarded.for_providers()
    assert (shown.address, shown.postal_code) == (None, None)
    assert shown.telephone == "07700 900123"


def test_nothing_is_sent_for_the_gravest_reason_first() -> None:
    silent = person(contact=CONTACT.model_copy(update={"do_not_contact": True}))
    assert suppression(person(), None) is None
    assert suppression(silent, None) == "do_not_contact"
    dead, _ = standing.record_death(silent, cause_of(TEAM), died_on=None)
    assert suppression(dead, None) == "deceased"
    living, _ = standing.revoke_death(dead, later())
    assert suppression(living, None) == "do_not_contact"
    assert suppression(restricted("worker-1"), None) == "restricted"
    withdrawn = decide(person(), consent.withdraw, NOON)
    assert suppression(withdrawn, None) == "no_consent"
    assert suppression(withdrawn, NOON) == "no_consent"
    assert suppression(withdrawn, LATER) is None, "they agreed to a new referral since"
