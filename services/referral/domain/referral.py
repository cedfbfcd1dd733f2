"""A referral and the commands that move it along its lifecycle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.referral.domain.lifecycle import OPEN, Command, Status, after
from shared.cause import Actor, Cause
from shared.errors import Conflict, Forbidden
from shared.events import (
    AppointmentMode,
    Event,
    EventActor,
    GoalAchievement,
    GoalLifecycle,
    GoalUpdated,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEvent,
    ReferralKind,
    ReferralNotCompleted,
    ReferralWaitlisted,
    ReferralWithdrawn,
)

DeclineCode = Literal[
    "no_capacity",
    "not_eligible",
    "out_of_area",
    "wrong_service",
    "insufficient_information",
    "risk_too_high",
    "duplicate",
    "other",
]
OutcomeCode = Literal["goals_met", "partly_met", "stepped_up", "other"]
EndCode = Literal[
    "person_declined", "uncontactable", "did_not_attend", "moved", "deceased", "other"
]
WithdrawalCode = Literal[
    "person_declined", "no_longer_needed", "moved", "deceased", "made_in_error"
]

FactT = TypeVar("FactT", bound=ReferralEvent)
Changed = tuple["Referral", Sequence[Event]]


class Consent(BaseModel):
    """That the person agreed to their details being shared for this referral."""

    model_config = ConfigDict(frozen=True)

    method: Literal["verbal", "written", "representative"]
    recorded_at: AwareDatetime
    recorded_by_organisation: str


class Appointment(BaseModel):
    """A contact with the person; statuses are FHIR's."""

    model_config = ConfigDict(frozen=True)

    id: str
    start: AwareDatetime
    mode: AppointmentMode
    status: Literal["booked", "fulfilled", "noshow", "cancelled"]


class GoalProgress(BaseModel):
    """How far a goal has come, as outcomes last said; its wording stays there."""

    model_config = ConfigDict(frozen=True)

    lifecycle_status: GoalLifecycle
    achievement_status: GoalAchievement
    seq: int


class Referral(BaseModel):
    """One referral. The intake is the case: its id is the ``case_id`` of all that follows."""

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    kind: ReferralKind
    case_id: str
    person_id: str
    service_id: str
    provider_organisation_id: str
    referrer_organisation_id: str
    source_organisation_id: str
    team_organisation_id: str
    need_codes: tuple[str, ...]
    priority: Literal["routine", "urgent"]
    reason: str
    consent: Consent
    status: Status
    assigned_to: str | None = None
    reason_code: str | None = None
    outcome_code: str | None = None
    appointments: tuple[Appointment, ...] = ()
    goals: dict[str, GoalProgress] = {}

    @property
    def is_open(self) -> bool:
        """Whether something can still happen to it."""
        return self.status in OPEN

    def with_(self, **changes: Any) -> Referral:
        """A validated copy."""
        return Referral.model_validate({**dict(self), **changes})


def create(referral: Referral, cause: Cause) -> Changed:
    """A new referral and the fact of it."""
    created = fact(
        ReferralCreated,
        referral,
        cause,
        need_codes=referral.need_codes,
        priority=referral.priority,
    )
    return referral, [created]


def accept(referral: Referral, cause: Cause, *, assigned_to: str | None) -> Changed:
    """The provider takes the referral and may say who will look after it."""
    check_provider(referral, cause.actor)
    moved = _moved(referral, Command.ACCEPT, assigned_to=assigned_to)
    return moved, [fact(ReferralAccepted, moved, cause, assigned_to=assigned_to)]


def assign(referral: Referral, cause: Cause, *, assigned_to: str) -> Changed:
    """Another worker of the provider looks after it; no fact other services need."""
    check_provider(referral, cause.actor)
    return _moved(referral, Command.ASSIGN, assigned_to=assigned_to), []


def waitlist(referral: Referral, cause: Cause) -> Changed:
    """The provider would take the person and has no place yet."""
    check_provider(referral, cause.actor)
    moved = _moved(referral, Command.WAITLIST)
    return moved, [fact(ReferralWaitlisted, moved, cause)]


def decline(referral: Referral, cause: Cause, *, reason_code: DeclineCode) -> Changed:
    """The provider does not take the referral, and says why."""
    check_provider(referral, cause.actor)
    moved = _moved(referral, Command.DECLINE, reason_code=reason_code)
    return moved, [fact(ReferralDeclined, moved, cause, reason_code=reason_code)]


def withdraw(referral: Referral, cause: Cause, *, reason_code: WithdrawalCode) -> Changed:
    """The person or the referrer takes the referral back."""
    if cause.actor.organisation not in _asking_side(referral):
        raise Forbidden("Only the organisation that referred, or the person's team, may withdraw.")
    moved = _moved(referral, Command.WITHDRAW, reason_code=reason_code)
    return moved, [fact(ReferralWithdrawn, moved, cause, reason_code=reason_code)]


def complete(referral: Referral, cause: Cause, *, outcome_code: OutcomeCode) -> Changed:
    """The service has done what it was asked for."""
    check_provider(referral, cause.actor)
    moved = _moved(referral, Command.COMPLETE, outcome_code=outcome_code)
    return moved, [fact(ReferralCompleted, moved, cause, outcome_code=outcome_code)]


def not_complete(referral: Referral, cause: Cause, *, reason_code: EndCode) -> Changed:
    """The service ends without an outcome."""
    check_provider(referral, cause.actor)
    moved = _moved(referral, Command.NOT_COMPLETE, reason_code=reason_code)
    return moved, [fact(ReferralNotCompleted, moved, cause, reason_code=reason_code)]


def note_goal(referral: Referral, event: GoalUpdated) -> Changed:
    """Keep how far a goal has come, for those who look at the case; late facts change nothing."""
    known = referral.goals.get(event.goal_id)
    if known is not None and known.seq >= event.seq:
        return referral, []
    progress = GoalProgress(
        lifecycle_status=event.lifecycle_status,
        achievement_status=event.achievement_status,
        seq=event.seq,
    )
    return referral.with_(goals={**referral.goals, event.goal_id: progress}), []


def check_onward(intake: Referral, actor: Actor) -> None:
    """An onward referral or signpost is made by the case's own team, while it holds the case."""
    if intake.kind != "intake" or actor.organisation != intake.team_organisation_id:
        raise Forbidden("Only the team that holds the case refers the person on.")
    if intake.status not in {Status.ACCEPTED, Status.IN_PROGRESS}:
        raise Conflict(
            f"The case is {intake.status.replace('_', ' ')}: accept it before referring on.",
            {"current_status": intake.status.value, "allowed": ["accepted", "in_progress"]},
        )


def check_provider(referral: Referral, actor: Actor) -> None:
    """Raise Forbidden unless the actor is of the organisation that gives the service."""
    if actor.organisation != referral.provider_organisation_id:
        raise Forbidden("Only the organisation that was asked acts for the service.")


def fact(event: type[FactT], referral: Referral, cause: Cause, **said: Any) -> FactT:
    """A fact about this referral, caused by this cause."""
    return event(
        tenant=referral.tenant,
        occurred_at=cause.at,
        actor=EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
        case_id=referral.case_id,
        person_id=referral.person_id,
        source_organisation_id=referral.source_organisation_id,
        team_organisation_id=referral.team_organisation_id,
        referral_id=referral.id,
        kind=referral.kind,
        service_id=referral.service_id,
        referrer_organisation_id=referral.referrer_organisation_id,
        provider_organisation_id=referral.provider_organisation_id,
        **said,
    )


def _moved(referral: Referral, command: Command, **changes: Any) -> Referral:
    return referral.with_(status=after(referral.status, command), **changes)


def _asking_side(referral: Referral) -> frozenset[str]:
    return frozenset({referral.referrer_organisation_id, referral.team_organisation_id})
