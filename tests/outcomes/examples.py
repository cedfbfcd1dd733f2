"""A made-up case, its people and its facts, for the tests of outcomes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from pydantic import ValidationError

from services.outcomes.domain import Plan, SetGoal, open_plan, set_goal
from shared.cause import Actor, Cause
from shared.events import (
    AppointmentAttended,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentEvent,
    AppointmentMissed,
    CaseEvent,
    ContactAttempted,
    Event,
    EventActor,
    PersonEvent,
    ReferralCreated,
    ReferralEvent,
    field_errors,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TENANT = "icb-demo"
PRACTICE = "Y90001"
TEAM = "5d2f3a52-0b61-4f5e-8f0a-000000000001"
GROUP = "5d2f3a52-0b61-4f5e-8f0a-000000000002"
CASE = "0190c0de-0000-7000-8000-000000000001"
ONWARD = "0190c0de-0000-7000-8000-000000000002"
PERSON = "0190c0de-0000-7000-8000-0000000000aa"
FIRST = "0190c0de-0000-7000-8000-0000000000f1"
SECOND = "0190c0de-0000-7000-8000-0000000000f2"

WORKER = Actor("worker-1", "link_worker", TEAM, TENANT)
LEAD = Actor("lead-1", "team_lead", TEAM, TENANT)
REFERRER = Actor("practice-1", "referrer", PRACTICE, TENANT)

E = TypeVar("E", bound=ReferralEvent)
A = TypeVar("A", bound=AppointmentEvent)
P = TypeVar("P", bound=PersonEvent)


def because(actor: Actor = WORKER, *, hours: float = 0, name: str = "cause-1") -> Cause:
    actor = replace(actor, operation="POST /plans/{case_id}/goals")
    return Cause(id=name, actor=actor, at=NOON + timedelta(hours=hours))


def heard(name: str, *, tenant: str = TENANT) -> Cause:
    """The cause of a fact that came by Kafka; ``name`` stands for its event id."""
    actor = Actor("outcomes", "service", PRACTICE, tenant)
    return Cause(id=name, actor=actor, at=NOON, repeatable=True)


def referral_fact(event: type[E], seq: int, *, referral: str = CASE, **said: Any) -> E:
    """A fact about the case's intake, or about ``referral`` as an onward one."""
    own: dict[str, Any] = {
        "tenant": TENANT,
        "seq": seq,
        "occurred_at": NOON + timedelta(hours=seq),
        "actor": EventActor(role="referrer", organisation=PRACTICE),
        "case_id": CASE,
        "person_id": PERSON,
        "source_organisation_id": PRACTICE,
        "team_organisation_id": TEAM,
        "referral_id": referral,
        "kind": "intake" if referral == CASE else "onward",
        "service_id": "team-service" if referral == CASE else "group-service",
        "referrer_organisation_id": PRACTICE if referral == CASE else TEAM,
        "provider_organisation_id": TEAM if referral == CASE else GROUP,
    }
    return event(**(own | said))


def booked(seq: int, appointment: str = FIRST, **said: Any) -> AppointmentBooked:
    start = NOON + timedelta(days=7)
    details: dict[str, Any] = {"appointment_id": appointment, "start": start, "mode": "in_person"}
    return referral_fact(AppointmentBooked, seq, **(details | said))


def attended(seq: int, appointment: str = FIRST, **said: Any) -> AppointmentAttended:
    return referral_fact(AppointmentAttended, seq, appointment_id=appointment, **said)


def missed(seq: int, appointment: str = FIRST, **said: Any) -> AppointmentMissed:
    details: dict[str, Any] = {"appointment_id": appointment, "dna_count": 1}
    return referral_fact(AppointmentMissed, seq, **(details | said))


def cancelled(seq: int, appointment: str = FIRST, **said: Any) -> AppointmentCancelled:
    details: dict[str, Any] = {"appointment_id": appointment, "cancelled_by": "person"}
    return referral_fact(AppointmentCancelled, seq, **(details | said))


def attempted(seq: int, attempt: str = "attempt-1", **said: Any) -> ContactAttempted:
    details = {"attempt_id": attempt, "channel": "telephone", "outcome_code": "no_answer"}
    return referral_fact(ContactAttempted, seq, **(details | said))


def person_fact(event: type[P], seq: int, survivor: str, retired: str, **said: Any) -> P:
    """A fact of ``survivor``'s record about the record ``retired``."""
    return event.model_validate(
        {
            "tenant": TENANT,
            "seq": seq,
            "occurred_at": NOON + timedelta(hours=seq),
            "actor": {"role": "team_lead", "organisation": TEAM},
            "person_id": survivor,
            "retired_id": retired,
            **said,
        }
    )


def intake(**said: Any) -> ReferralCreated:
    details: dict[str, Any] = {"need_codes": ("loneliness",)}
    return referral_fact(ReferralCreated, 1, **(details | said))


def opened() -> Plan:
    return open_plan(intake())


def with_goal(**said: Any) -> Plan:
    """A plan with one goal, ``goal-1``, set at noon."""
    asked = {"wording": "Walk to the shop", "need_code": "physical_activity", "confidence": 4}
    command = SetGoal.model_validate(asked | said)
    return set_goal(opened(), command, "goal-1", "change-1", because())[0]


def only(events: Sequence[Event]) -> dict[str, Any]:
    """The one event there is, with its type, without what all facts of the case share."""
    (event,) = events
    shared = set(CaseEvent.model_fields)
    return {"type": event.type, **event.model_dump(exclude=shared)}


def faults(model: type[Any], **said: Any) -> dict[str, str]:
    """What is wrong with a command that says this, by field."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(said)
    return {fault.pointer: fault.reason for fault in field_errors(caught.value)}
