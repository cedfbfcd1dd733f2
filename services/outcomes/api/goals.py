"""Goals: set together, changed one dated change at a time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.outcomes import handlers
from services.outcomes.api.answers import GoalReceipt, Kept, created, done
from services.outcomes.domain import (
    WORKERS,
    AddStep,
    MoveGoal,
    RecordProgress,
    RewordGoal,
    SetGoal,
    StateConfidence,
    moves_in_words,
)
from shared.web import CauseOf, IfMatch, JsonBody, require_role

router = APIRouter(
    tags=["goals"],
    prefix="/plans/{case_id}/goals",
    dependencies=[Depends(require_role(*WORKERS))],
)

_TABLE = f"What is allowed when:\n\n{moves_in_words()}"


@router.post("", status_code=201, response_model=GoalReceipt, summary="Agree a goal")
async def set_goal(
    case_id: str,
    body: Annotated[SetGoal, JsonBody(SetGoal)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Agree a goal with the person, in their own words. 409 on a closed plan."""
    changed = await handlers.set_goal(stores, case_id, body, cause, if_match=if_match)
    return created(GoalReceipt.of(changed))


@router.post(
    "/{goal_id}/progress",
    response_model=GoalReceipt,
    description=f"409 where the goal's lifecycle does not allow it. {_TABLE}",
    summary="Say how near a goal is",
)
async def record_progress(
    case_id: str,
    goal_id: str,
    *,
    body: Annotated[RecordProgress, JsonBody(RecordProgress)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Say how near a goal is."""
    changed = await handlers.record_progress(
        stores, case_id, goal_id, body, cause, if_match=if_match
    )
    return done(GoalReceipt.of(changed))


@router.post(
    "/{goal_id}/lifecycle",
    response_model=GoalReceipt,
    description=f"409 names what is allowed from where the goal stands. {_TABLE}",
    summary="Change a goal's lifecycle status",
)
async def move_goal(
    case_id: str,
    goal_id: str,
    *,
    body: Annotated[MoveGoal, JsonBody(MoveGoal)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Take a goal to another lifecycle status."""
    changed = await handlers.move_goal(stores, case_id, goal_id, body, cause, if_match=if_match)
    return done(GoalReceipt.of(changed))


@router.post("/{goal_id}/wording", response_model=GoalReceipt, summary="Reword a goal")
async def reword_goal(
    case_id: str,
    goal_id: str,
    *,
    body: Annotated[RewordGoal, JsonBody(RewordGoal)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Say a goal anew; the words before stay in its changes. 409 once it has ended."""
    changed = await handlers.reword_goal(stores, case_id, goal_id, body, cause, if_match=if_match)
    return done(GoalReceipt.of(changed))


@router.post(
    "/{goal_id}/confidence", response_model=GoalReceipt, summary="State confidence in a goal"
)
async def state_confidence(
    case_id: str,
    goal_id: str,
    *,
    body: Annotated[StateConfidence, JsonBody(StateConfidence)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Say how sure the person, or the worker, is of reaching a goal. 409 once it has ended."""
    changed = await handlers.state_confidence(
        stores, case_id, goal_id, body, cause, if_match=if_match
    )
    return done(GoalReceipt.of(changed))


@router.post(
    "/{goal_id}/steps", status_code=201, response_model=GoalReceipt, summary="Add a step to a goal"
)
async def add_step(
    case_id: str,
    goal_id: str,
    *,
    body: Annotated[AddStep, JsonBody(AddStep)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Add a small thing on the way; `step_id` names it. 409 once the goal has ended."""
    changed = await handlers.add_step(stores, case_id, goal_id, body, cause, if_match=if_match)
    return created(GoalReceipt.of(changed))


@router.post(
    "/{goal_id}/steps/{step_id}/complete",
    response_model=GoalReceipt,
    summary="Complete a step of a goal",
)
async def complete_step(
    case_id: str,
    goal_id: str,
    step_id: str,
    *,
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Say that a step is done; said again, it changes nothing. 409 once the goal has ended."""
    changed = await handlers.complete_step(
        stores, case_id, goal_id, step_id, cause, if_match=if_match
    )
    return done(GoalReceipt.of(changed))
