"""A referral and the commands that move it along its lifecycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from services.referral.domain.lifecycle import (
    ENDED,
    OPEN,
    Command,
    Status,
    after,
)
from services.referral.domain.meetings import AppointmentStatus
from services.referral.domain.record import (
    Appointment,
    Clocks,
    Consent,
    ContactAttempt,
    DeclineCode,
    Dismissal,
    GoalProgress,
    Question,
    RerouteNeed,
)
from shared.cause import Actor, Cause
from shared.errors import Conflict, Forbidden
from shared.events import (
    AppointmentCancelled,
    Event,
    EventActor,
    GoalUpdated,
    ReferralAccepted,
    ReferralAssigned,
    ReferralCreated,
    ReferralDeclined,
    ReferralEvent,
    ReferralExpired,
    ReferralKind,
    ReferralRerouteNeeded,
    ReferralWaitlisted,
    SourceCode,
)

FactT = TypeVar("FactT", bound=ReferralEvent)
Changed = tuple["Referral", Sequence[Event]]


class Referral(BaseModel):
    """One referral. The intake is the case: its id is the ``case_id`` of all that follows."""

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    kind: ReferralKind
    case_id: str
    person_id: str
    person_ids_before: tuple[str, ...] = ()
    """Under which ids the person was known here before records were merged, oldest first."""
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
    source_code: SourceCode = "practice"
    previous_case_id: str | None = None
    """The person's earlier case, for a re-referral."""
    override_reason: str | None = None
    """Why it was made although a like one ended lately."""
    assigned_to: str | None = None
    reason_code: str | None = None
    outcome_code: str | None = None
    questions: tuple[Question, ...] = ()
    suggested_service_ids: tuple[str, ...] = ()
    """What a provider that declined suggests instead."""
    replaces: str | None = None
    rerouted_to: str | None = None
    reroute_needed: RerouteNeed | None = None
    reroute_dismissed: Dismissal | None = None
    service_closed_seq: int = 0
    """The number of the newest closing of the service that was applied here."""
    appointments: tuple[Appointment, ...] = ()
    goals: dict[str, GoalProgress] = {}
    contacts: tuple[ContactAttempt, ...] = ()
    closure_proposed: Literal["did_not_attend", "uncontactable"] | None = None
    counted: bool = True
    """Whether the case may be counted in reports: not where the person opted out."""
    attention: Literal["death_revoked", "moved_out_of_area"] | None = None
    """Why someone should look at it again; nothing is reopened by itself."""
    clocks: Clocks = Clocks()

    @property
    def is_open(self) -> bool:
        """Whether something can still happen to it."""
        return self.status in OPEN

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, if it has."""
        return self.clocks.since if self.status in ENDED else None

    def with_(self, **changes: Any) -> Referral:
        """A validated copy."""
        return Referral.model_validate({**dict(self), **changes})


def create(referral: Referral, cause: Cause, *, due_by: datetime | None = None) -> Changed:
    """A new referral and the fact of it; a draft is no fact yet.

    ``due_by`` is when it expires without an answer.
    """
    if referral.status is Status.DRAFT:
        return referral, []
    return referral, [_made(referral, cause, due_by)]


def submit(draft: Referral, cause: Cause, *, due_by: datetime | None = None) -> Changed:
    """A draft is finished: from now on others know of it."""
    submitted = moved(draft, Command.SUBMIT)
    return submitted, [_made(submitted, cause, due_by)]


def _made(referral: Referral, cause: Cause, due_by: datetime | None) -> ReferralCreated:
    return fact(
        ReferralCreated,
        referral,
        cause,
        need_codes=referral.need_codes,
        priority=referral.priority,
        source_code=referral.source_code,
        replaces=referral.replaces,
        previous_case_id=referral.previous_case_id,
        due_by=due_by,
    )


def accept(referral: Referral, cause: Cause, *, assigned_to: str | None) -> Changed:
    """The provider takes the referral and may say who will look after it."""
    accepted = moved(referral, Command.ACCEPT, assigned_to=assigned_to)
    return accepted, [fact(ReferralAccepted, accepted, cause, assigned_to=assigned_to)]


def assign(referral: Referral, cause: Cause, *, assigned_to: str) -> Changed:
    """Another worker of the provider looks after it."""
    given = moved(referral, Command.ASSIGN, assigned_to=assigned_to)
    return given, [fact(ReferralAssigned, given, cause, assigned_to=assigned_to)]


def waitlist(referral: Referral, cause: Cause) -> Changed:
    """The provider would take the person and has no place yet."""
    waiting = moved(referral, Command.WAITLIST)
    return waiting, [fact(ReferralWaitlisted, waiting, cause)]


def decline(
    referral: Referral,
    cause: Cause,
    *,
    reason_code: DeclineCode,
    suggested_service_ids: tuple[str, ...] = (),
) -> Changed:
    """The provider does not take the referral, says why, and may know of a better place."""
    said = {"reason_code": reason_code, "suggested_service_ids": suggested_service_ids}
    declined, events = ended(referral, cause, Command.DECLINE, ReferralDeclined, said)
    return flag(declined, events, cause, "declined")


def expire(referral: Referral, cause: Cause) -> Changed:
    """Nobody answered in time: the referral is with those who asked again."""
    expired, events = ended(referral, cause, Command.EXPIRE, ReferralExpired, {})
    return flag(expired, events, cause, "expired")


def flag(
    referral: Referral,
    events: Sequence[Event],
    cause: Cause,
    reason_code: Literal["service_closed", "declined", "expired"],
) -> Changed:
    """Mark that this referral leads nowhere any more, for whoever chose the service.

    A declined or expired intake is not marked: its own fact takes it back to the referrer.
    """
    if referral.kind == "signpost" or (referral.kind == "intake" and not referral.is_open):
        return referral, events
    flagged = referral.with_(
        reroute_needed=RerouteNeed(reason_code=reason_code, since=cause.at), reroute_dismissed=None
    )
    return flagged, [*events, fact(ReferralRerouteNeeded, flagged, cause, reason_code=reason_code)]


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


def moved(referral: Referral, command: Command, **changes: Any) -> Referral:
    """The referral after the command, by the table; Conflict where that has no such step."""
    return referral.with_(status=after(referral.status, command), **changes)


def ended(
    referral: Referral,
    cause: Cause,
    command: Command,
    event: type[ReferralEvent],
    said: Mapping[str, Any],
    *,
    by: Literal["person", "provider"] = "provider",
) -> Changed:
    """The referral ended by the command, and its fact; ``said`` is what both state.

    Appointments still to come are called off with it. A draft ends without a fact.
    """
    over = moved(referral, command, **said)
    if referral.status is Status.DRAFT:
        return over, []
    coming = [each for each in over.appointments if each.is_to_come]
    off = over.with_(
        appointments=tuple(
            each.with_status(AppointmentStatus.CANCELLED, cancelled_by=by)
            if each.is_to_come
            else each
            for each in over.appointments
        )
    )
    return off, [
        fact(event, off, cause, **said),
        *(
            fact(AppointmentCancelled, off, cause, appointment_id=each.id, cancelled_by=by)
            for each in coming
        ),
    ]
