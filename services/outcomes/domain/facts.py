"""What the facts on ``referral-events`` mean for a plan.

A fact may come twice, or long after later ones. Each referral and each appointment keeps
the number of the fact that last set it, and an older or equal number changes nothing; what
only one kind of fact says is kept apart from that. So any order and any repetition end in
the same plan.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.outcomes.domain.assessment import Need
from services.outcomes.domain.plan import Attempt, Contact, KnownReferral, Plan
from services.outcomes.domain.statuses import CONTACT_STATUSES, REFERRAL_STATUSES
from services.outcomes.domain.words import ReferralStatus
from shared.errors import FieldError, Invalid
from shared.events import (
    AccessOverridden,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentEvent,
    AppointmentProposed,
    AppointmentReminderDue,
    CaseProfiled,
    ConsentGranted,
    ConsentWithdrawn,
    ContactAttempted,
    Event,
    PersonChanged,
    PersonDataOptOutChanged,
    PersonDeceased,
    PersonDeceasedRevoked,
    PersonErased,
    PersonMerged,
    PersonMoved,
    PersonProcessingHeld,
    PersonRestrictionChanged,
    PersonUnmerged,
    ReferralAssigned,
    ReferralClosureProposed,
    ReferralConsentWithdrawn,
    ReferralCreated,
    ReferralEvent,
    ReferralReminderDue,
    ReferralRerouted,
    ReferralRerouteNeeded,
    ReferralReviewDue,
    SessionAttendanceRecorded,
    SessionCancelled,
    SessionHeld,
    SessionPlaceReleased,
    SessionPlaceTaken,
    SessionScheduled,
)

CHANGING: frozenset[type[Event]] = frozenset(
    {
        *REFERRAL_STATUSES,
        *CONTACT_STATUSES,
        ReferralRerouted,
        ContactAttempted,
        PersonErased,
        PersonMerged,
        PersonUnmerged,
    }
)
"""Every fact on ``referral-events`` that changes a plan."""

_CLOCK = "reminds someone; nothing about the case changed"
_BY_REFERRALS = "the referrals and appointments it ends say so in facts of their own"
_BY_APPOINTMENT = "each place in a session is an appointment of a referral, which says so itself"
_SHARING = "sharing is decided where details are read: a plan is its own team's"

UNCHANGING: Mapping[type[Event], str] = {
    ReferralAssigned: "a plan belongs to a team, not to one of its workers",
    ReferralReminderDue: _CLOCK,
    ReferralReviewDue: _CLOCK,
    AppointmentReminderDue: _CLOCK,
    ReferralRerouteNeeded: "asks for a choice; ReferralRerouted tells of it",
    ReferralClosureProposed: "asks for a choice; the referral's end tells of it",
    ReferralConsentWithdrawn: _SHARING,
    ConsentGranted: _SHARING,
    ConsentWithdrawn: _SHARING,
    CaseProfiled: "is counted in reports; a plan holds nothing about who the person is",
    SessionScheduled: _BY_APPOINTMENT,
    SessionPlaceTaken: _BY_APPOINTMENT,
    SessionPlaceReleased: _BY_APPOINTMENT,
    SessionAttendanceRecorded: _BY_APPOINTMENT,
    SessionHeld: _BY_APPOINTMENT,
    SessionCancelled: _BY_APPOINTMENT,
    PersonChanged: "a plan holds nothing about who the person is or how to reach them",
    PersonMoved: _BY_REFERRALS,
    PersonDeceased: _BY_REFERRALS,
    PersonDeceasedRevoked: _BY_REFERRALS,
    PersonProcessingHeld: "what a team has in hand goes on; nothing new is shared or sent",
    PersonDataOptOutChanged: "is about reports, which hear of it with each case's profile",
    AccessOverridden: "is about who looked at a record; nothing about the case changed",
    PersonRestrictionChanged: "the team that holds the case is among those a restriction names",
}
"""Every other fact on ``referral-events``, with the reason why it changes no plan."""

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
        own_person_id=event.person_id,
        source_organisation_id=event.source_organisation_id,
        team_organisation_id=event.team_organisation_id,
        opened_at=event.occurred_at,
        previous_case_id=event.previous_case_id,
        referrals={event.referral_id: _referral(None, event)},
        needs=tuple(Need(need_code=code) for code in event.need_codes),
    )


def note_referral(plan: Plan, event: ReferralEvent) -> Plan:
    """The plan with the referral as this fact and those heard before put it."""
    _require_key("referral_id", event.referral_id)
    known = plan.referrals.get(event.referral_id)
    noted = _referral(known, event)
    if noted == known:
        return plan
    return plan.model_copy(update={"referrals": {**plan.referrals, event.referral_id: noted}})


def note_appointment(plan: Plan, event: AppointmentEvent) -> Plan:
    """The plan with the contact as this fact and those heard before tell it."""
    _require_key("appointment_id", event.appointment_id)
    known = plan.attendance.get(event.appointment_id)
    noted = _contact(known, event)
    if noted == known:
        return plan
    return plan.model_copy(update={"attendance": {**plan.attendance, event.appointment_id: noted}})


def note_attempt(plan: Plan, event: ContactAttempted) -> Plan:
    """The plan with this try to reach the person; it is told once and never changes."""
    _require_key("attempt_id", event.attempt_id)
    if event.attempt_id in plan.attempts:
        return plan
    attempt = Attempt(
        referral_id=event.referral_id,
        channel=event.channel,
        outcome_code=event.outcome_code,
        at=event.occurred_at,
    )
    return plan.model_copy(update={"attempts": {**plan.attempts, event.attempt_id: attempt}})


def _require_key(name: str, value: str) -> None:
    if not _KEY.fullmatch(value):
        reason = "must be 1 to 64 letters, digits, hyphens or underscores"
        raise Invalid(f"The {name} is not an id.", errors=(FieldError(f"/{name}", reason),))


def _referral(known: KnownReferral | None, event: ReferralEvent) -> KnownReferral:
    begun: ReferralStatus = "given" if event.kind == "signpost" else "submitted"
    if known is None:
        known = KnownReferral(kind=event.kind, service_id=event.service_id, status=begun, seq=0)
    told = begun if isinstance(event, ReferralCreated) else REFERRAL_STATUSES.get(type(event))
    update: dict[str, object] = {}
    if told is not None and event.seq > known.seq:
        update |= {"status": told, "seq": event.seq}
    if isinstance(event, ReferralCreated):
        update |= {"made_at": event.occurred_at, "replaces": event.replaces}
    if isinstance(event, ReferralRerouted):
        update["rerouted_to"] = event.new_referral_id
    return known.model_copy(update=update)


def _contact(known: Contact | None, event: AppointmentEvent) -> Contact:
    status = CONTACT_STATUSES[type(event)]
    if isinstance(event, AppointmentCancelled) and event.replaced_by is not None:
        status = "rescheduled"
    contact = known or Contact(
        referral_id=event.referral_id, status=status, at=event.occurred_at, seq=event.seq
    )
    update: dict[str, object] = {}
    if event.seq > contact.seq:
        update |= {"status": status, "at": event.occurred_at, "seq": event.seq}
    if (
        isinstance(event, (AppointmentProposed, AppointmentBooked))
        and event.seq > contact.start_seq
    ):
        update |= {"start": event.start, "start_seq": event.seq}
    return contact.model_copy(update=update)
