"""Looking at plans."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.outcomes import handlers
from services.outcomes.api.models import PlanSummary, PlanView
from services.outcomes.domain import WORKERS, PlanStatus
from services.outcomes.store import Stores
from shared.cause import Actor
from shared.web import Acting, Listing, Paging, etag, require_role

router = APIRouter(tags=["plans"])


async def _stores(request: Request) -> Stores:
    stores: Stores = request.app.state.stores
    return stores


Kept = Annotated[Stores, Depends(_stores)]
"""What this service keeps."""


@router.get("/plans")
async def list_plans(
    actor: Annotated[Actor, Depends(require_role(*WORKERS))],
    stores: Kept,
    page: Paging,
    status: Annotated[PlanStatus | None, Query()] = None,
) -> Listing[PlanSummary]:
    """Your team's caseload, newest case first. What people said stays in each plan."""
    found = await handlers.caseload(stores, actor, status, limit=page.limit, cursor=page.cursor)
    return Listing(
        items=[PlanSummary.of(saved) for saved in found.items], next_cursor=found.next_cursor
    )


@router.get("/plans/{case_id}")
async def read_plan(
    case_id: str, actor: Acting, stores: Kept, response: Response
) -> PlanView | PlanSummary:
    """A plan: all of it for the team, how far it has come for the practice that referred."""
    saved, access = await handlers.read_plan(stores, case_id, actor)
    response.headers["ETag"] = etag(saved.version)
    return PlanView.of(saved) if access == "full" else PlanSummary.of(saved)
