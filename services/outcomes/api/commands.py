"""What a link worker records in a plan."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.outcomes import handlers
from services.outcomes.api.models import GoalReceipt, Receipt, RecordReceipt
from services.outcomes.api.plans import Kept
from services.outcomes.domain import (
    WORKERS,
    CompleteAssessment,
    MoveGoal,
    RecordMeasure,
    RecordProgress,
    SetGoal,
)
from shared.web import CauseOf, IfMatch, JsonBody, etag, require_role

router = APIRouter(tags=["plans"], dependencies=[Depends(require_role(*WORKERS))])


@router.post("/plans/{case_id}/assessments", status_code=201, response_model=RecordReceipt)
async def complete_assessment(
    case_id: str,
    body: Annotated[CompleteAssessment, JsonBody(CompleteAssessment)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Record what matters to the person. Its needs replace the plan's."""
    added = await handlers.complete_assessment(stores, case_id, body, cause, if_match=if_match)
    return _created(RecordReceipt.of(added))


@router.post("/plans/{case_id}/goals", status_code=201, response_model=GoalReceipt)
async def set_goal(
    case_id: str,
    body: Annotated[SetGoal, JsonBody(SetGoal)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Agree a goal with the person, in their own words."""
    stepped = await handlers.set_goal(stores, case_id, body, cause, if_match=if_match)
    return _created(GoalReceipt.of(stepped))


@router.post("/plans/{case_id}/goals/{goal_id}/progress", response_model=GoalReceipt)
async def record_progress(
    case_id: str,
    goal_id: str,
    *,
    body: Annotated[RecordProgress, JsonBody(RecordProgress)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Say how near a goal is. 409 where it is not under way."""
    stepped = await handlers.record_progress(
        stores, case_id, goal_id, body, cause, if_match=if_match
    )
    return _done(GoalReceipt.of(stepped))


@router.post("/plans/{case_id}/goals/{goal_id}/lifecycle", response_model=GoalReceipt)
async def move_goal(
    case_id: str,
    goal_id: str,
    *,
    body: Annotated[MoveGoal, JsonBody(MoveGoal)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Take a goal to another lifecycle status. 409 names what is allowed from here."""
    stepped = await handlers.move_goal(stores, case_id, goal_id, body, cause, if_match=if_match)
    return _done(GoalReceipt.of(stepped))


@router.post("/plans/{case_id}/measures", status_code=201, response_model=RecordReceipt)
async def record_measure(
    case_id: str,
    body: Annotated[RecordMeasure, JsonBody(RecordMeasure)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Record the answers to a wellbeing instrument; the plan then shows its scores."""
    added = await handlers.record_measure(stores, case_id, body, cause, if_match=if_match)
    return _created(RecordReceipt.of(added))


def _done(receipt: Receipt) -> Response:
    headers = {"ETag": etag(receipt.version)}
    return Response(receipt.model_dump_json(), 200, headers, "application/json")


def _created(receipt: Receipt) -> Response:
    headers = {"ETag": etag(receipt.version), "Location": f"/plans/{receipt.case_id}"}
    return Response(receipt.model_dump_json(), 201, headers, "application/json")
