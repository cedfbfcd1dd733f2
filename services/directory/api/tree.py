"""Routes of the tree: where an organisation stands, and its moves from a day on."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from services.directory import handlers
from services.directory.api.services import Held
from services.directory.domain import Belonging, Id, Organisation, start_of
from services.directory.domain.words import Strict
from shared.web import Acting, CauseOf, IfMatch, JsonBody, etag

router = APIRouter(tags=["registers"])


async def _now(request: Request) -> datetime:
    at: datetime = request.app.state.clock.now()
    return at


Now = Annotated[datetime, Depends(_now)]
"""The service's time."""


class Move(Strict):
    """What an organisation becomes part of, and from which day on (in England)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"part_of": "U90002", "valid_from": "2027-04-01"}]}
    )

    part_of: Id | None
    valid_from: date


class Step(BaseModel):
    """What it was, is or will be part of; without `valid_from` for as long as is known."""

    part_of: str | None
    valid_from: date | None
    valid_to: date | None
    """The last day; none where nothing else is known to follow."""


class Above(BaseModel):
    """An organisation above; without a name where the register does not know it."""

    id: str
    name: str | None = None
    kind: str | None = None


class Place(BaseModel):
    """Where an organisation stands on a day."""

    id: str
    on: date
    above: tuple[Above, ...]
    """Nearest first: of a practice its network, then its integrated care board."""
    below: tuple[Above, ...]
    history: tuple[Step, ...]
    """Earliest first; steps that lie ahead included."""


@router.get("/organisations/{organisation_id}/place")
async def see_place(
    *,
    organisation_id: Id,
    actor: Acting,
    stores: Held,
    now: Now,
    response: Response,
    on: Annotated[date | None, Query(description="A day; today unless given.")] = None,
) -> Place:
    """Read where an organisation stands.

    What is above it and directly below it on a day, past or ahead, and all that it was, is and
    will be part of.
    """
    at = now if on is None else start_of(on)
    found = await handlers.see_place(stores, organisation_id, actor.tenant, at)
    response.headers["ETag"] = etag(found.saved.version)
    return Place(
        id=organisation_id,
        on=on or now.date(),
        above=tuple(map(_above, found.above)),
        below=tuple(map(_above, found.below)),
        history=_history(found.saved.state.steps),
    )


@router.post(
    "/organisations/{organisation_id}/move",
    response_model_exclude_none=True,
)
async def move(
    *,
    organisation_id: Id,
    body: Annotated[Move, JsonBody(Move)],
    cause: CauseOf,
    version: IfMatch,
    stores: Held,
    response: Response,
) -> Organisation:
    """Move an organisation to another from a day on.

    A practice to another network, a network to another board, or to none (`null`). The day may lie
    ahead, or behind where something is put right; a move stated for the same day before makes way.
    Reports on the time before keep the old tree. 422 where the other is not known, closed, or below
    this one. Curators of the directory and tenant administrators only.
    """
    saved = await handlers.move(
        stores,
        organisation_id,
        body.part_of,
        since=body.valid_from,
        cause=cause,
        if_match=version,
    )
    response.headers["ETag"] = etag(saved.version)
    return saved.state.at(cause.at)


def _above(each: Organisation | str) -> Above:
    if isinstance(each, str):
        return Above(id=each)
    return Above(id=each.id, name=each.name, kind=each.kind)


def _history(steps: tuple[Belonging, ...]) -> tuple[Step, ...]:
    ends = [each.since_day for each in steps[1:]]
    return tuple(
        Step(
            part_of=step.part_of,
            valid_from=step.since_day,
            valid_to=date.fromordinal(end.toordinal() - 1) if end else None,
        )
        for step, end in zip(steps, [*ends, None], strict=True)
    )
