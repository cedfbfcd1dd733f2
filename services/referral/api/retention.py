"""Retention over HTTP: the controller's rules, whose time is over, and letting them go."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.referral import handlers
from services.referral.api.access import Kept, answer
from services.referral.api.erasure import ErasureView
from services.referral.api.fields import ANY_ID, Id, Inbound, example
from services.referral.domain.retention import RecordType, RetentionRules
from shared.web import Acting, CauseOf, IfMatch, JsonBody, Present, etag

router = APIRouter(tags=["privacy"])


class RetentionReceipt(BaseModel):
    """The answer to stating rules."""

    version: int


class PastView(BaseModel):
    """A record that need not be kept any more, and since when."""

    person_id: str
    record_type: RecordType
    last_seen: date
    ended_on: date


class PastListing(BaseModel):
    """Those found among the persons looked at; go on from ``next_cursor`` until it is null."""

    items: list[PastView]
    looked_at: int
    next_cursor: str | None


class PastErasure(Inbound):
    """Whose record is to be erased because its time is over."""

    model_config = example(person_id=ANY_ID)

    person_id: Id


@router.get("/retention/rules", response_model=RetentionRules)
async def read_retention(actor: Acting, stores: Kept, response: Response) -> RetentionRules:
    """Read for how long records are kept."""
    version, rules = await handlers.retention_of(stores, actor)
    response.headers["ETag"] = etag(version)
    return rules


@router.put("/retention/rules", response_model=RetentionReceipt)
async def put_retention(
    body: Annotated[RetentionRules, JsonBody(RetentionRules)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """State for how long records are kept.

    What you leave out is the default: eight years after an adult was last seen or somebody died, a
    child's until the age of 25.
    """
    saved = await handlers.put_retention(stores, body, cause, if_match=if_match)
    return answer(RetentionReceipt(version=saved.version))


@router.get("/retention/due", response_model=PastListing)
async def list_past(
    actor: Acting,
    stores: Kept,
    now: Present,
    *,
    limit: Annotated[int, Query(ge=1, le=500, description="Persons to look at.")] = 200,
    cursor: Annotated[Id | None, Query(description="`next_cursor` of the page before.")] = None,
) -> PastListing:
    """List records whose time is over.

    Nothing changes. Whoever has an open referral, a legal hold or a request that waits is left out.
    """
    found = await handlers.past_their_time(stores, actor.tenant, now, limit=limit, after=cursor)
    return PastListing(
        items=[
            PastView(
                person_id=each.person_id,
                record_type=each.term.record_type,
                last_seen=each.term.last_seen,
                ended_on=each.term.ends_on,
            )
            for each in found.past
        ],
        looked_at=found.looked_at,
        next_cursor=found.after,
    )


@router.post("/retention/erasures", status_code=201, response_model=ErasureView)
async def erase_past(
    body: Annotated[PastErasure, JsonBody(PastErasure)], cause: CauseOf, stores: Kept
) -> ErasureView:
    """Erase a record whose time is over.

    As any erasure, in every service, and never undone; asked again it gives the same answer. 404
    where there is no such person, 409 where the record's time is not over after all.
    """
    return ErasureView.of(await handlers.erase_past(stores, body.person_id, cause))
