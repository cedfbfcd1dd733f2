"""Group sessions over HTTP."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.referral import handlers
from services.referral.api.access import Kept
from services.referral.api.fields import ANY_ID, LUNCH_TABLE, Id, example
from services.referral.domain import sessions
from services.referral.domain.access import permit_session
from services.referral.domain.meetings import SessionStatus
from services.referral.domain.sessions import Place, Session
from services.referral.store import Stores
from shared.cause import Cause
from shared.events import AppointmentMode, SessionAttendance
from shared.store import Saved
from shared.web import Acting, CauseOf, IfMatch, JsonBody, Listing, Paging, Present, etag

router = APIRouter(tags=["sessions"])

_Step = Literal["open", "hold", "cancel"]
_STEPS = {"open": sessions.open_places, "hold": sessions.hold, "cancel": sessions.cancel}


class NewSession(BaseModel):
    """A group session to arrange; places can be taken at once unless `open` is false."""

    model_config = example(
        service_id=LUNCH_TABLE,
        start="2026-12-01T10:00:00Z",
        maximum=12,
    )

    service_id: Id
    start: AwareDatetime
    mode: AppointmentMode = "in_person"
    maximum: Annotated[int, Field(ge=1, le=500)]
    open: bool = True

    def as_session(self, session_id: str, organisation_id: str, tenant: str) -> Session:
        """The session under this id."""
        return Session(
            id=session_id,
            tenant=tenant,
            service_id=self.service_id,
            provider_organisation_id=organisation_id,
            start=self.start,
            mode=self.mode,
            maximum=self.maximum,
            status=SessionStatus.OPEN if self.open else SessionStatus.SCHEDULED,
        )


class NewPlace(BaseModel):
    """Who takes a place."""

    model_config = example(referral_id=ANY_ID)

    referral_id: Id


class Attendance(BaseModel):
    """Who came, by the referral's id; what was said before is corrected."""

    model_config = example(attendance={ANY_ID: "attended"})

    attendance: Annotated[dict[Id, SessionAttendance], Field(min_length=1, max_length=500)]


class SessionReceipt(BaseModel):
    """The answer to a command about a session; ``available`` counts the places left."""

    id: str
    version: int
    status: SessionStatus
    available: int

    @classmethod
    def of(cls, saved: Saved[Session]) -> SessionReceipt:
        """What the command led to when it was first applied."""
        return cls(id=saved.id, version=saved.version, **saved.receipt)


class PlaceView(BaseModel):
    """Someone's place."""

    referral_id: str
    attendance: SessionAttendance | None


class SessionView(BaseModel):
    """A session as the organisation that holds it sees it."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: int
    service_id: str
    start: datetime
    mode: AppointmentMode
    status: SessionStatus
    maximum: int
    available: int
    places: tuple[PlaceView, ...]
    hidden_places: int = 0
    """Places of persons of whom you may not see this now: their record is restricted, or their
    referral is no longer yours to read."""

    @classmethod
    def of(cls, saved: Saved[Session], shown: Mapping[str, Place]) -> SessionView:
        """The session with the places that are ``shown``; of the others, how many there are."""
        session = saved.state
        return cls(
            id=saved.id,
            version=saved.version,
            service_id=session.service_id,
            start=session.start,
            mode=session.mode,
            status=session.status,
            maximum=session.maximum,
            available=session.maximum - len(session.places),
            places=tuple(
                PlaceView(referral_id=known, attendance=place.attendance)
                for known, place in shown.items()
            ),
            hidden_places=len(session.places) - len(shown),
        )


@dataclass(frozen=True, slots=True)
class _Change:
    session_id: str
    cause: Cause
    if_match: int | None
    stores: Stores

    async def by(self, command: handlers.SessionChange) -> Response:
        saved = await handlers.change_session(
            self.stores, self.session_id, command, self.cause, if_match=self.if_match
        )
        return _answer(saved)

    async def of_places(
        self, referral_ids: Collection[str], command: handlers.SessionChange
    ) -> Response:
        saved = await handlers.change_places(
            self.stores,
            self.session_id,
            referral_ids,
            command,
            self.cause,
            if_match=self.if_match,
        )
        return _answer(saved)


async def _change(session_id: Id, cause: CauseOf, if_match: IfMatch, stores: Kept) -> _Change:
    return _Change(session_id, cause, if_match, stores)


_Changing = Annotated[_Change, Depends(_change)]


def _answer(saved: Saved[Session], status: int = 200) -> Response:
    headers = {"ETag": etag(saved.version)}
    if status == 201:  # noqa: PLR2004 - Created
        headers["Location"] = f"/sessions/{saved.id}"
    body = SessionReceipt.of(saved).model_dump_json()
    return Response(body, status, headers, "application/json")


@router.post("/sessions", status_code=201, response_model=SessionReceipt)
async def schedule(
    body: Annotated[NewSession, JsonBody(NewSession)], cause: CauseOf, stores: Kept
) -> Response:
    """Arrange a group session.

    Of one of your services. 422 naming `service_id` unless your organisation runs that service.
    """
    tenant = cause.actor.tenant
    saved = await handlers.schedule(
        stores,
        lambda session_id, organisation: body.as_session(session_id, organisation, tenant),
        body.service_id,
        cause,
    )
    return _answer(saved, 201)


@router.get("/sessions", response_model=Listing[SessionView])
async def list_sessions(
    actor: Acting,
    stores: Kept,
    page: Paging,
    now: Present,
    *,
    service_id: Annotated[Id | None, Query()] = None,
    status: Annotated[SessionStatus | None, Query()] = None,
) -> Listing[SessionView]:
    """List your group sessions.

    Those arranged last come first. Of places that are not yours to see now there is the number
    alone.
    """
    asked = {"state.service_id": service_id, "state.status": status}
    where = {name: value for name, value in asked.items() if value is not None}
    found = await stores.sessions.find(
        actor.tenant,
        {**where, "state.provider_organisation_id": actor.organisation},
        limit=page.limit,
        cursor=page.cursor,
    )
    shown = await handlers.visible_places(stores, [each.state for each in found.items], actor, now)
    return Listing(
        items=[
            SessionView.of(each, places) for each, places in zip(found.items, shown, strict=True)
        ],
        next_cursor=found.next_cursor,
    )


@router.get("/sessions/{session_id}", response_model=SessionView)
async def read_session(
    session_id: Id, actor: Acting, stores: Kept, now: Present, response: Response
) -> SessionView:
    """Read a group session.

    Who has a place in it, and who came. Of places that are not yours to see now there is the number
    alone.
    """
    saved = await stores.sessions.get(session_id, actor.tenant)
    permit_session(saved.state, actor)
    response.headers["ETag"] = etag(saved.version)
    shown = await handlers.visible_places(stores, [saved.state], actor, now)
    return SessionView.of(saved, shown[0])


@router.post("/sessions/{session_id}/places", status_code=201, response_model=SessionReceipt)
async def take_place(body: Annotated[NewPlace, JsonBody(NewPlace)], change: _Changing) -> Response:
    """Give someone a place in a session.

    A moment later their referral has the appointment. 409 once the session is full, or where the
    referral allows no appointment; 422 unless it is a referral to this session's service. Who has a
    place already keeps that one.
    """
    saved = await handlers.take_place(
        change.stores,
        change.session_id,
        body.referral_id,
        change.cause,
        if_match=change.if_match,
    )
    return _answer(saved, 201)


@router.delete("/sessions/{session_id}/places/{referral_id}", response_model=SessionReceipt)
async def release_place(referral_id: Id, change: _Changing) -> Response:
    """Give up someone's place in a session.

    Nothing changes where there is none. 409 once it is recorded whether they came, and once the
    session was held or called off.
    """
    return await change.of_places([referral_id], partial(sessions.release, referral_id=referral_id))


@router.post("/sessions/{session_id}/attendance", response_model=SessionReceipt)
async def record_attendance(
    body: Annotated[Attendance, JsonBody(Attendance)], change: _Changing
) -> Response:
    """Record who came to a session.

    Who came (`attended`), who did not (`missed`), and who let you know (`excused`). May be said of
    some, and corrected, also after the session was held.
    """
    return await change.of_places(
        body.attendance, partial(sessions.record, attendance=body.attendance)
    )


@router.post("/sessions/{session_id}/{step}", response_model=SessionReceipt)
async def take_step(step: _Step, change: _Changing) -> Response:
    """Open, hold or cancel a session.

    Open it for places (`open`), say it took place (`hold`), or call it off (`cancel`). Calling it
    off calls off the appointment of everyone in it.
    """
    return await change.by(_STEPS[step])
