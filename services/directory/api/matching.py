"""The route that finds the services that suit one person best, and says why."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.directory import handlers
from services.directory.api.models import ServiceView, service_view
from services.directory.api.services import Held
from services.directory.domain import (
    AccessCode,
    Language,
    NeedCode,
    Part,
    Point,
    Sought,
    UnmetFound,
    Weekday,
    Why,
)
from services.directory.domain.words import Latitude, Longitude, Strict
from services.directory.handlers import Match, Place
from shared.web import Acting, JsonBody

router = APIRouter(tags=["matching"])


class From(Strict):
    """Where the person is, roughly: a postcode or its district, or a point."""

    postcode: Annotated[str, Field(max_length=12)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise PydanticCustomError("place", "latitude and longitude must be given together")
        if (self.postcode is None) == (self.latitude is None):
            raise PydanticCustomError("place", "must be a postcode, or latitude and longitude")
        return self

    @property
    def point(self) -> Point | None:
        """The point, where that is how it was given."""
        if self.latitude is None or self.longitude is None:
            return None
        return Point(latitude=self.latitude, longitude=self.longitude)


class MatchRequest(Strict):
    """What one person needs; who they are is not said, and nothing of this is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "need_codes": ["loneliness", "physical_activity"],
                    "place": {"postcode": "ZZ1"},
                    "within_metres": 5000,
                    "age": 67,
                    "languages": ["en"],
                    "maximum_cost": 0,
                    "days": ["SA"],
                }
            ]
        }
    )

    need_codes: Annotated[tuple[NeedCode, ...], Field(min_length=1, max_length=10)]
    place: From | None = None
    within_metres: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None = None
    age: Annotated[int, Field(ge=0, le=150)] | None = None
    languages: Annotated[tuple[Language, ...], Field(max_length=10)] = ()
    """Any of these; a service that states none is taken to speak English."""
    accessibility: Annotated[tuple[AccessCode, ...], Field(max_length=12)] = ()
    """All of these must be stated."""
    maximum_cost: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None = None
    """Pounds at most; nought for what is free. A service that does not say stays in."""
    days: Annotated[tuple[Weekday, ...], Field(max_length=7)] = ()
    """Open on any of these; a service that does not say stays in."""
    free_place: bool = False
    """Leave out services that are full; without it they come with their waiting list."""
    limit: Annotated[int, Field(ge=1, le=50)] = 10
    near_misses: Annotated[int, Field(ge=0, le=20)] = 5

    @model_validator(mode="after")
    def _measured_from_somewhere(self) -> Self:
        if self.within_metres is not None and self.place is None:
            raise PydanticCustomError("place", "within_metres needs a place to measure from")
        return self


class NextSession(BaseModel):
    """When a service is next open; the time is that of the clock on the wall."""

    date: date
    opens_at: time | None = None


class NearMiss(BaseModel):
    """A service that fails one requirement, which `why` names."""

    service: ServiceView
    why: tuple[Why, ...]
    distance_metres: int | None = None
    available: int | None = None
    waiting: int = 0


class MatchFound(NearMiss):
    """A service that fits: `score_parts` sum to `score`, `why` says it in words."""

    score: float
    score_parts: tuple[Part, ...]
    next_session: NextSession | None = None


class MatchList(BaseModel):
    """The best first.

    `unmet` has each need that no service found here meets: pass it on to
    `POST /unmet-needs`, so that the gap is known.
    """

    matches: tuple[MatchFound, ...]
    near_misses: tuple[NearMiss, ...]
    unmet: tuple[UnmetFound, ...]


@router.post("/matches")
async def match_services(
    sought: Annotated[MatchRequest, JsonBody(MatchRequest)],
    actor: Acting,
    stores: Held,
    request: Request,
) -> MatchList:
    """Find the services that suit one person best.

    Active community services by how well they fit, each with its score and the reasons. A score has
    these parts, of at most so many points: answers the needs 40, is near 20, has a place free 15,
    details confirmed of late 10, free 5, open on the days 4, speaks the language 3, has the access
    3; parts that were not asked for are left out. A full service is not left out unless
    `free_place` says so: it ranks lower, with how many wait. `near_misses` fail a single
    requirement and say which. Nothing is stored, so the call may be repeated freely.

    422 names the field: a need that is not in `GET /needs`, a postcode whose district is
    not known.
    """
    place = None
    if sought.place is not None:
        place = Place(point=sought.place.point, postcode=sought.place.postcode)
    found = await handlers.match_services(
        stores,
        Sought(
            need_codes=sought.need_codes,
            placed=place is not None,
            metres=sought.within_metres,
            age=sought.age,
            languages=sought.languages,
            accessibility=sought.accessibility,
            maximum_cost=sought.maximum_cost,
            days=sought.days,
            free_place=sought.free_place,
        ),
        place,
        actor.tenant,
        request.app.state.clock.now(),
        limit=sought.limit,
        near_misses=sought.near_misses,
    )
    return MatchList.model_construct(
        matches=tuple(_found(match) for match in found.matches),
        near_misses=tuple(_missed(match) for match in found.near_misses),
        unmet=tuple(found.unmet),
    )


def _missed(match: Match) -> NearMiss:
    candidate = match.judged.candidate
    return NearMiss.model_construct(
        service=service_view(match.service),
        why=tuple(match.why),
        distance_metres=_whole(candidate.metres),
        available=candidate.available,
        waiting=candidate.waiting,
    )


def _found(match: Match) -> MatchFound:
    session = match.session
    return MatchFound.model_construct(
        **dict(_missed(match)),
        score=match.judged.score,
        score_parts=match.judged.parts,
        next_session=None
        if session is None
        else NextSession(date=session.date, opens_at=session.opens_at),
    )


def _whole(metres: float | None) -> int | None:
    return None if metres is None else round(metres)
