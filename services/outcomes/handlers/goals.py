"""Setting goals together and changing them, one dated change at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.outcomes import domain
from services.outcomes.domain import (
    AddStep,
    GoalChange,
    MoveGoal,
    Plan,
    RecordProgress,
    RewordGoal,
    SetGoal,
    StateConfidence,
)
from services.outcomes.handlers.changing import change_plan
from services.outcomes.store import Stores
from shared.cause import Cause


@dataclass(frozen=True, slots=True)
class GoalChanged:
    """The goal a command set or changed, with that change."""

    goal_id: str
    case_id: str
    version: int
    change: GoalChange


_Change = Callable[[Plan, str], domain.Changed]
"""The plan, changed under the change's id."""


async def set_goal(
    stores: Stores, case_id: str, command: SetGoal, cause: Cause, *, if_match: int | None
) -> GoalChanged:
    """Agree a goal."""
    goal_id = cause.make_id("goal")
    return await _change(
        stores,
        (case_id, goal_id),
        lambda plan, change_id: domain.set_goal(plan, command, goal_id, change_id, cause),
        cause,
        if_match,
    )


async def record_progress(
    stores: Stores,
    case_id: str,
    goal_id: str,
    command: RecordProgress,
    cause: Cause,
    *,
    if_match: int | None,
) -> GoalChanged:
    """Say how near a goal is."""
    return await _change(
        stores,
        (case_id, goal_id),
        lambda plan, change_id: domain.record_progress(plan, goal_id, command, change_id, cause),
        cause,
        if_match,
    )


async def move_goal(
    stores: Stores,
    case_id: str,
    goal_id: str,
    command: MoveGoal,
    cause: Cause,
    *,
    if_match: int | None,
) -> GoalChanged:
    """Take a goal to another lifecycle status."""
    return await _change(
        stores,
        (case_id, goal_id),
        lambda plan, change_id: domain.move_goal(plan, goal_id, command, change_id, cause),
        cause,
        if_match,
    )


async def reword_goal(
    stores: Stores,
    case_id: str,
    goal_id: str,
    command: RewordGoal,
    cause: Cause,
    *,
    if_match: int | None,
) -> GoalChanged:
    """Say a goal anew."""
    return await _change(
        stores,
        (case_id, goal_id),
        lambda plan, change_id: domain.reword_goal(plan, goal_id, command, change_id, cause),
        cause,
        if_match,
    )


async def state_confidence(
    stores: Stores,
    case_id: str,
    goal_id: str,
    command: StateConfidence,
    cause: Cause,
    *,
    if_match: int | None,
) -> GoalChanged:
    """Say how sure someone is of a goal."""
    return await _change(
        stores,
        (case_id, goal_id),
        lambda plan, change_id: domain.state_confidence(plan, goal_id, command, change_id, cause),
        cause,
        if_match,
    )


async def add_step(
    stores: Stores,
    case_id: str,
    goal_id: str,
    command: AddStep,
    cause: Cause,
    *,
    if_match: int | None,
) -> GoalChanged:
    """Add a small thing on the way."""
    return await _change(
        stores,
        (case_id, goal_id),
        lambda plan, change_id: domain.add_step(plan, goal_id, command, change_id, cause),
        cause,
        if_match,
    )


async def complete_step(
    stores: Stores,
    case_id: str,
    goal_id: str,
    step_id: str,
    cause: Cause,
    *,
    if_match: int | None,
) -> GoalChanged:
    """Say that a step is done."""
    return await _change(
        stores,
        (case_id, goal_id),
        lambda plan, change_id: domain.complete_step(plan, goal_id, step_id, change_id, cause),
        cause,
        if_match,
    )


async def _change(
    stores: Stores, at: tuple[str, str], change: _Change, cause: Cause, if_match: int | None
) -> GoalChanged:
    case_id, goal_id = at
    change_id = cause.make_id("change")
    saved = await change_plan(
        stores, case_id, lambda plan: change(plan, change_id), cause, if_match
    )
    goal = saved.state.goal(goal_id)
    # A step that was done already leaves no change of its own.
    made = next((each for each in goal.changes if each.id == change_id), goal.changes[-1])
    return GoalChanged(goal_id, case_id, saved.version, made)
