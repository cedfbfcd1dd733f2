"""What each fact means for a case in reports."""

from __future__ import annotations

import re
from typing import Any, TypeGuard

from services.outcomes.domain.change import Comparison
from services.outcomes.domain.reports.case import (
    Case,
    Contacted,
    GoalStanding,
    Needs,
    Opening,
    Profile,
    Referred,
    Unmet,
    Wellbeing,
)
from services.outcomes.domain.statuses import CONTACT_STATUSES, REFERRAL_STATUSES
from shared.errors import FieldError, Invalid
from shared.events import (
    AppointmentAttended,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentEnteredInError,
    AppointmentEvent,
    AppointmentMissed,
    AssessmentAmended,
    AssessmentCompleted,
    CaseProfiled,
    GoalUpdated,
    NeedUnmet,
    OutcomeEvent,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEvent,
    ReferralNotCompleted,
    ReferralWithdrawn,
)

COUNTED_CONTACTS: tuple[type[AppointmentEvent], ...] = (
    AppointmentBooked,
    AppointmentAttended,
    AppointmentMissed,
    AppointmentCancelled,
    AppointmentEnteredInError,
)
"""What reports hear of contacts: one that is proposed, or where the person waits, is none yet."""

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Ids that are safe as field names of a document: no dot, dollar or NUL."""


def opens_case(event: ReferralEvent) -> TypeGuard[ReferralCreated]:
    """Whether the fact tells of the intake that a case begins with."""
    return isinstance(event, ReferralCreated) and event.kind == "intake"


def note_referral(case: Case, event: ReferralEvent) -> Case:
    """Where a referral stands; the intake's first fact opens the case."""
    _require_key("referral_id", event.referral_id)
    known = case.referrals.get(event.referral_id)
    changes: dict[str, Any] = {}
    if known is None or event.seq > known.seq:
        changes = {
            "kind": event.kind,
            "provider_organisation_id": event.provider_organisation_id,
            "status": REFERRAL_STATUSES[type(event)],
            "seq": event.seq,
            "code": _code(event),
        }
    if isinstance(event, ReferralCreated):
        changes["made_at"] = event.occurred_at
    if isinstance(event, ReferralAccepted):
        earlier = known.accepted_at if known else None
        changes["accepted_at"] = min(earlier or event.occurred_at, event.occurred_at)
    referred = Referred(**changes) if known is None else known.model_copy(update=changes)
    update: dict[str, Any] = {"referrals": {**case.referrals, event.referral_id: referred}}
    if opens_case(event):
        update["opening"] = Opening(
            at=event.occurred_at,
            source_organisation_id=event.source_organisation_id,
            team_organisation_id=event.team_organisation_id,
            source_code=event.source_code,
            need_codes=event.need_codes,
        )
    return case.model_copy(update=update)


def note_contact(case: Case, event: AppointmentEvent) -> Case:
    """What became of a contact."""
    _require_key("appointment_id", event.appointment_id)
    known = case.contacts.get(event.appointment_id)
    changes: dict[str, Any] = {}
    if known is None or event.seq > known.seq:
        changes = {
            "referral_id": event.referral_id,
            "provider_organisation_id": event.provider_organisation_id,
            "status": CONTACT_STATUSES[type(event)],
            "seq": event.seq,
            "told_at": event.occurred_at,
        }
    if isinstance(event, AppointmentBooked) and event.seq > (known.start_seq if known else 0):
        changes |= {"start": event.start, "start_seq": event.seq}
    contact = Contacted(**changes) if known is None else known.model_copy(update=changes)
    return case.model_copy(update={"contacts": {**case.contacts, event.appointment_id: contact}})


def note_profile(case: Case, event: CaseProfiled) -> Case:
    """The groups the case is counted under."""
    if case.profile is not None and case.profile.seq >= event.seq:
        return case
    profile = Profile(
        seq=event.seq,
        age_band=event.age_band,
        sex=event.sex,
        ethnic_group=event.ethnic_group,
        deprivation_decile=event.deprivation_decile,
        secondary_use=event.secondary_use,
    )
    return case.model_copy(update={"profile": profile})


def note_assessment(case: Case, event: OutcomeEvent) -> Case:
    """The needs as the latest assessment has them."""
    if not isinstance(event, (AssessmentCompleted, AssessmentAmended)):
        return case
    if case.needs is not None and case.needs.seq >= event.seq:
        return case
    return case.model_copy(update={"needs": Needs(seq=event.seq, codes=event.need_codes)})


def note_goal(case: Case, event: GoalUpdated) -> Case:
    """Where a goal stands."""
    _require_key("goal_id", event.goal_id)
    known = case.goals.get(event.goal_id)
    if known is not None and known.seq >= event.seq:
        return case
    goal = GoalStanding(
        seq=event.seq,
        lifecycle_status=event.lifecycle_status,
        achievement_status=event.achievement_status,
    )
    return case.model_copy(update={"goals": {**case.goals, event.goal_id: goal}})


def note_wellbeing(case: Case, comparisons: tuple[Comparison, ...], plan_version: int) -> Case:
    """Which way each measured item went, as the plan of this version shows."""
    if case.wellbeing is not None and case.wellbeing.plan_version >= plan_version:
        return case
    ways = {
        f"{comparison.instrument}.{line.name}": line.way
        for comparison in comparisons
        for line in comparison.lines
    }
    return case.model_copy(update={"wellbeing": Wellbeing(plan_version=plan_version, ways=ways)})


def note_unmet(case: Case, event: NeedUnmet) -> Case:
    """A search that found nothing."""
    if case.unmet is not None and case.unmet.seq >= event.seq:
        return case
    unmet = Unmet(
        seq=event.seq,
        at=event.occurred_at,
        need_code=event.need_code,
        reason_code=event.reason_code,
        district=event.district,
    )
    return case.model_copy(update={"unmet": unmet})


def forget(case: Case) -> Case:
    """Nothing is left of the case but what cells hold of it: a number among others."""
    return Case(
        tenant=case.tenant,
        case_id=case.case_id,
        changed_at=case.changed_at,
        erased=True,
        counted=case.counted,
        counted_in=case.counted_in,
    )


def _code(event: ReferralEvent) -> str | None:
    match event:
        case ReferralDeclined() | ReferralWithdrawn() | ReferralNotCompleted():
            return event.reason_code
        case ReferralCompleted():
            return event.outcome_code
        case _:
            return None


def _require_key(name: str, value: str) -> None:
    if not _KEY.fullmatch(value):
        reason = "must be 1 to 64 letters, digits, hyphens or underscores"
        raise Invalid(f"The {name} is not an id.", errors=(FieldError(f"/{name}", reason),))
