"""Goals: set together, changed one dated change at a time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from services.outcomes import handlers
from services.outcomes.api.answers import GoalReceipt, Kept, created, done
from services.outcomes.domain import (
    AddStep,
    MoveGoal,
    RecordProgress,
    RewordGoal,
    SetGoal,
    StateConfidence,
    moves_in_words,
)
from shared.web import CauseOf, IfMatch, JsonBody

router = APIRouter(tags=["goals"], prefix="/plans/{case_id}/goals")

_TABLE = f"What is allowed when:\n\n{moves_in_words()}"


@router.post("", status_code=201, response_model=GoalReceipt)
async def set_goal(
    case_id: str,
    body: Annotated[SetGoal, JsonBody(SetGoal)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Agree a goal.

    With the person, in their own words. 409 on a closed plan.
    """
    changed = await handlers.set_goal(stores, case_id, body, cause, if_match=if_match)
    return created(GoalReceipt.of(changed))


@router.post(
    "/{goal_id}/progress",
    response_model=GoalReceipt,
    description=f"409 where the goal's lifecycle does not allow it. {_TABLE}",
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
    """Change a goal's lifecycle status."""
    changed = await handlers.move_goal(stores, case_id, goal_id, body, cause, if_match=if_match)
    return done(GoalReceipt.of(changed))


@router.post("/{goal_id}/wording", response_model=GoalReceipt)
async def reword_goal(
    case_id: str,
    goal_id: str,
    *,
    body: Annotated[RewordGoal, JsonBody(RewordGoal)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Reword a goal.

    The words before stay in its changes. 409 once it has ended.
    """
    changed = await handlers.reword_goal(stores, case_id, goal_id, body, cause, if_match=if_match)
    return done(GoalReceipt.of(changed))


@router.post("/{goal_id}/confidence", response_model=GoalReceipt)
async def state_confidence(
    case_id: str,
    goal_id: str,
    *,
    body: Annotated[StateConfidence, JsonBody(StateConfidence)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """State confidence in a goal.

    How sure the person, or the worker, is of reaching it. 409 once it has ended.
    """
    changed = await handlers.state_confidence(
        stores, case_id, goal_id, body, cause, if_match=if_match
    )
    return done(GoalReceipt.of(changed))


@router.post("/{goal_id}/steps", status_code=201, response_model=GoalReceipt)
async def add_step(
    case_id: str,
    goal_id: str,
    *,
    body: Annotated[AddStep, JsonBody(AddStep)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Add a step to a goal.

    A small thing on the way; `step_id` names it. 409 once the goal has ended.
    """
    changed = await handlers.add_step(stores, case_id, goal_id, body, cause, if_match=if_match)
    return created(GoalReceipt.of(changed))


@router.post(
    "/{goal_id}/steps/{step_id}/complete",
    response_model=GoalReceipt,
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
    """Complete a step of a goal.

    Said again, it changes nothing. 409 once the goal has ended.
    """
    changed = await handlers.complete_step(
        stores, case_id, goal_id, step_id, cause, if_match=if_match
    )
    return done(GoalReceipt.of(changed))
