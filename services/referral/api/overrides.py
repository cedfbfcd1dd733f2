"""Breaking the glass over HTTP, and what those who lead find of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.referral import handlers
from services.referral.api.access import Kept, answer
from services.referral.api.fields import Id, Inbound, Words, example
from services.referral.domain.overrides import Override, ReasonCode
from services.referral.settings import Settings
from shared.store import Saved
from shared.web import Acting, CauseOf, JsonBody, Listing, Paging, Present

router = APIRouter(tags=["emergency access"])


class Reason(Inbound):
    """Why the record must be seen now, as a code and in your own words."""

    model_config = example(
        reason_code="urgent_contact", reason="Rang in distress; their own worker is on leave."
    )

    reason_code: ReasonCode
    reason: Words


class OverrideReceipt(BaseModel):
    """What is open to you until when; ``case_ids`` are the person's cases that you may read."""

    id: str
    version: int
    person_id: str
    until: datetime
    case_ids: tuple[str, ...]
    note: str = "Those who lead the case are told that you opened this record, and why."


class OverrideView(BaseModel):
    """That someone opened the record: who, why, and whether a lead of your team has looked."""

    id: str
    worker_id: str
    role: str
    organisation_id: str
    reason_code: ReasonCode
    reason: str
    at: datetime
    until: datetime
    told_organisation_ids: tuple[str, ...]
    reviewed_organisation_ids: tuple[str, ...]

    @classmethod
    def of(cls, saved: Saved[Override]) -> OverrideView:
        """All of it."""
        made = saved.state
        return cls(
            id=saved.id,
            worker_id=made.subject,
            role=made.role,
            organisation_id=made.organisation_id,
            reason_code=made.reason_code,
            reason=made.reason,
            at=made.at,
            until=made.until,
            told_organisation_ids=made.told,
            reviewed_organisation_ids=tuple(made.reviews),
        )


class ReviewReceipt(BaseModel):
    """The answer to a review."""

    id: str
    version: int


@router.post("/persons/{person_id}/break-glass", status_code=201, response_model=OverrideReceipt)
async def break_glass(
    person_id: Id,
    body: Annotated[Reason, JsonBody(Reason)],
    cause: CauseOf,
    stores: Kept,
    request: Request,
) -> Response:
    """Break the glass.

    See a person whom you have no part in, or whose record is restricted to others, when waiting
    would harm someone. You may read the person, their decisions about sharing and their referrals,
    for an hour; you change nothing. The leads of the team that holds the case are told at once. 409
    where you see the record as it is.
    """
    settings: Settings = request.app.state.settings
    saved = await handlers.break_glass(
        stores,
        person_id,
        cause,
        reason_code=body.reason_code,
        reason=body.reason,
        holds=settings.break_glass_holds,
    )
    made = saved.state
    receipt = OverrideReceipt(
        id=saved.id,
        version=saved.version,
        person_id=made.person_id,
        until=made.until,
        case_ids=tuple(made.cases.values()),
    )
    return answer(receipt, 201, location=f"/persons/{made.person_id}")


@router.get("/persons/{person_id}/overrides", response_model=Listing[OverrideView])
async def list_overrides(
    person_id: Id, actor: Acting, stores: Kept, page: Paging, now: Present
) -> Listing[OverrideView]:
    """List who broke the glass on a record.

    Newest first, for those who lead a team that knows the person or was told. 404 for anyone else.
    """
    found = await handlers.overrides_of(
        stores, person_id, actor, now, limit=page.limit, cursor=page.cursor
    )
    return Listing(
        items=[OverrideView.of(each) for each in found.items], next_cursor=found.next_cursor
    )


@router.post("/persons/{person_id}/overrides/{override_id}/review", response_model=ReviewReceipt)
async def review_override(person_id: Id, override_id: Id, cause: CauseOf, stores: Kept) -> Response:
    """Say that you looked at why the glass was broken.

    It leaves your team's worklist. 409 where someone of your team has reviewed it.
    """
    saved = await handlers.review_override(stores, person_id, override_id, cause)
    return answer(ReviewReceipt(id=saved.id, version=saved.version))
