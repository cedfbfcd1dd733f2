"""Looking at plans, and the practice's own figures for one."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from services.outcomes import handlers
from services.outcomes.api.answers import GpContactsReceipt, Kept, done
from services.outcomes.api.models import PlanSummary, PlanView
from services.outcomes.domain import RecordGpContacts, Sight
from shared.web import Acting, CauseOf, IfMatch, JsonBody, Listing, Paging, etag

router = APIRouter(tags=["plans"])


@router.get("/plans")
async def list_plans(
    actor: Acting,
    stores: Kept,
    page: Paging,
    status: Annotated[Literal["open", "closed"] | None, Query()] = None,
) -> Listing[PlanSummary]:
    """List your team's plans.

    Newest case first. What people said stays in each plan. Cases entered in error are in no list.
    """
    found = await handlers.caseload(stores, actor, status, limit=page.limit, cursor=page.cursor)
    return Listing(
        items=[PlanSummary.of(saved) for saved in found.items], next_cursor=found.next_cursor
    )


@router.get("/plans/{case_id}")
async def read_plan(
    case_id: str, actor: Acting, stores: Kept, response: Response
) -> PlanView | PlanSummary:
    """Read a plan.

    All of it for the team, how far it has come for the practice that referred. 404 to anyone else.
    """
    saved, seen = await handlers.read_plan(stores, case_id, actor)
    response.headers["ETag"] = etag(saved.version)
    return PlanView.of(saved) if seen is Sight.FULL else PlanSummary.of(saved)


@router.put("/plans/{case_id}/gp-contacts", response_model=GpContactsReceipt)
async def record_gp_contacts(
    case_id: str,
    body: Annotated[RecordGpContacts, JsonBody(RecordGpContacts)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Record contacts with the practice.

    How often the person saw it before the case and since. For the practice that referred, or the
    team; what was kept before is replaced. 404 to anyone else, 422 naming each wrong count.
    """
    saved = await handlers.record_gp_contacts(stores, case_id, body, cause, if_match=if_match)
    return done(GpContactsReceipt(case_id=case_id, version=saved.version))
