"""Group sessions: places taken and given up, and who came. One document, so never too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.referral.domain.meetings import SessionCommand, SessionStatus, session_after
from shared.cause import Cause
from shared.errors import Conflict, FieldError, Invalid
from shared.events import (
    AppointmentMode,
    Event,
    EventActor,
    SessionAttendance,
    SessionAttendanceRecorded,
    SessionCancelled,
    SessionEvent,
    SessionHeld,
    SessionPlaceReleased,
    SessionPlaceTaken,
    SessionScheduled,
)

SessionFactT = TypeVar("SessionFactT", bound=SessionEvent)


class Place(BaseModel):
    """Someone's place; ``attendance`` once it is known."""

    model_config = ConfigDict(frozen=True)

    attendance: SessionAttendance | None = None


class Session(BaseModel):
    """One meeting of a group; ``places`` by the referral's id, as many as ``maximum``."""

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    service_id: str
    provider_organisation_id: str
    start: AwareDatetime
    mode: AppointmentMode
    maximum: int
    status: SessionStatus = SessionStatus.SCHEDULED
    places: dict[str, Place] = {}

    def with_(self, **changes: Any) -> Session:
        """A validated copy."""
        return Session.model_validate({**dict(self), **changes})


ChangedSession = tuple[Session, Sequence[Event]]


def schedule(session: Session, cause: Cause) -> ChangedSession:
    """A session that was arranged."""
    said = {"start": session.start, "mode": session.mode, "maximum": session.maximum}
    return session, [_fact(SessionScheduled, session, cause, **said)]


def open_places(session: Session, cause: Cause) -> ChangedSession:
    """From now on places can be taken."""
    del cause
    return session.with_(status=session_after(session.status, SessionCommand.OPEN)), []


def take(session: Session, cause: Cause, *, referral_id: str) -> ChangedSession:
    """Take a place. Who has one keeps it; raises Conflict where none is left."""
    if referral_id in session.places:
        return session, []
    session_after(session.status, SessionCommand.TAKE)
    places = {**session.places, referral_id: Place()}
    taken = _with_places(session, places)
    said = {"referral_id": referral_id, "start": session.start, "mode": session.mode}
    return taken, [_fact(SessionPlaceTaken, taken, cause, **said)]


def release(session: Session, cause: Cause, *, referral_id: str) -> ChangedSession:
    """Give a place up. Nothing changes where there is none, so it may be repeated."""
    place = session.places.get(referral_id)
    if place is None:
        return session, []
    session_after(session.status, SessionCommand.RELEASE)
    if place.attendance is not None:
        raise Conflict(
            "Whether they came is recorded already; correct that instead.",
            {"current_status": session.status.value, "allowed": [SessionCommand.RECORD.value]},
        )
    left = {known: each for known, each in session.places.items() if known != referral_id}
    released = _with_places(session, left)
    return released, [_fact(SessionPlaceReleased, released, cause, referral_id=referral_id)]


def give_back(session: Session, cause: Cause, *, referral_id: str) -> ChangedSession:
    """Give a place up for a referral that has ended; a session that is over keeps it."""
    place = session.places.get(referral_id)
    over = session.status in {SessionStatus.HELD, SessionStatus.CANCELLED}
    if place is None or place.attendance is not None or over:
        return session, []
    return release(session, cause, referral_id=referral_id)


def record(
    session: Session, cause: Cause, *, attendance: Mapping[str, SessionAttendance]
) -> ChangedSession:
    """Say who came, by the referral's id; what was said before is corrected.

    Raises Invalid for someone who has no place, Conflict where nobody can have come.
    """
    session_after(session.status, SessionCommand.RECORD)
    unknown = [known for known in attendance if known not in session.places]
    if unknown:
        raise Invalid(
            "Someone has no place in this session.",
            errors=tuple(
                FieldError(f"/attendance/{known}", "must be a referral with a place here")
                for known in unknown
            ),
        )
    news = {
        known: said
        for known, said in attendance.items()
        if session.places[known].attendance != said
    }
    places = {known: Place(attendance=said) for known, said in news.items()}
    recorded = session.with_(places={**session.places, **places})
    return recorded, [
        _fact(SessionAttendanceRecorded, recorded, cause, referral_id=known, attendance=said)
        for known, said in news.items()
    ]


def hold(session: Session, cause: Cause) -> ChangedSession:
    """The session took place."""
    held = session.with_(status=session_after(session.status, SessionCommand.HOLD))
    return held, [_fact(SessionHeld, held, cause)]


def cancel(session: Session, cause: Cause) -> ChangedSession:
    """The session is called off for everyone in it."""
    off = session.with_(status=session_after(session.status, SessionCommand.CANCEL))
    return off, [_fact(SessionCancelled, off, cause, referral_ids=tuple(off.places))]


def _with_places(session: Session, places: Mapping[str, Place]) -> Session:
    full = len(places) >= session.maximum
    return session.with_(places=places, status=SessionStatus.FULL if full else SessionStatus.OPEN)


def _fact(event: type[SessionFactT], session: Session, cause: Cause, **said: Any) -> SessionFactT:
    return event(
        tenant=session.tenant,
        occurred_at=cause.at,
        actor=EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
        session_id=session.id,
        service_id=session.service_id,
        provider_organisation_id=session.provider_organisation_id,
        **said,
    )
