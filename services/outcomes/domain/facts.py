"""What the referral service's facts mean for a plan.

A fact may come twice, or long after later ones. Each referral and each appointment keeps
the number of the fact that last set it, and an older or equal number changes nothing, so
any order and any repetition end in the same plan.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.outcomes.domain.plan import Contact, KnownReferral, Need, Plan
from services.outcomes.domain.words import ContactStatus, ReferralStatus
from shared.errors import FieldError, Invalid
from shared.events import (
    AppointmentAttended,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentEvent,
    AppointmentMissed,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEvent,
    ReferralNotCompleted,
    ReferralStarted,
    ReferralWaitlisted,
    ReferralWithdrawn,
)

REFERRAL_STATUSES: Mapping[type[ReferralEvent], ReferralStatus] = {
    ReferralCreated: "submitted",
    ReferralAccepted: "accepted",
    ReferralWaitlisted: "waitlisted",
    ReferralDeclined: "declined",
    ReferralStarted: "in_progress",
    ReferralWithdrawn: "withdrawn",
    ReferralCompleted: "completed",
    ReferralNotCompleted: "not_completed",
}

CONTACT_STATUSES: Mapping[type[AppointmentEvent], ContactStatus] = {
    AppointmentBooked: "booked",
    AppointmentAttended: "attended",
    AppointmentMissed: "missed",
    AppointmentCancelled: "cancelled",
}


_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Ids that are safe as field names of a document: no dot, dollar or NUL."""


def open_plan(event: ReferralCreated) -> Plan:
    """The plan an intake opens. Raises Invalid where the intake is not its own case."""
    if event.referral_id != event.case_id:
        raise Invalid(
            "An intake is its own case.",
            errors=(FieldError("/case_id", "must be the intake's referral_id"),),
        )
    _require_key("referral_id", event.referral_id)
    return Plan(
        tenant=event.tenant,
        case_id=event.case_id,
        person_id=event.person_id,
        source_organisation_id=event.source_organisation_id,
        team_organisation_id=event.team_organisation_id,
        opened_at=event.occurred_at,
        referrals={event.referral_id: _referral(event)},
        needs=tuple(Need(need_code=code) for code in event.need_codes),
    )


def note_referral(plan: Plan, event: ReferralEvent) -> Plan:
    """The plan with the referral where this fact puts it, unless a later fact is known."""
    _require_key("referral_id", event.referral_id)
    known = plan.referrals.get(event.referral_id)
    if known is not None and known.seq >= event.seq:
        return plan
    referrals = {**plan.referrals, event.referral_id: _referral(event)}
    return plan.model_copy(update={"referrals": referrals})


def note_appointment(plan: Plan, event: AppointmentEvent) -> Plan:
    """The plan with the contact as this fact tells it, unless a later fact is known."""
    _require_key("appointment_id", event.appointment_id)
    known = plan.attendance.get(event.appointment_id)
    if known is not None and known.seq >= event.seq:
        return plan
    contact = Contact(
        referral_id=event.referral_id,
        status=CONTACT_STATUSES[type(event)],
        at=event.occurred_at,
        seq=event.seq,
    )
    return plan.model_copy(
        update={"attendance": {**plan.attendance, event.appointment_id: contact}}
    )


def _require_key(name: str, value: str) -> None:
    if not _KEY.fullmatch(value):
        reason = "must be 1 to 64 letters, digits, hyphens or underscores"
        raise Invalid(f"The {name} is not an id.", errors=(FieldError(f"/{name}", reason),))


def _referral(event: ReferralEvent) -> KnownReferral:
    status = REFERRAL_STATUSES[type(event)]
    if status == "submitted" and event.kind == "signpost":
        status = "given"
    return KnownReferral(kind=event.kind, service_id=event.service_id, status=status, seq=event.seq)
