"""Goals: where each stands, which steps it may take, and how near it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from services.outcomes.domain.commands import MoveGoal, RecordProgress, SetGoal
from services.outcomes.domain.plan import Changed, Goal, GoalChange, Plan
from services.outcomes.domain.stating import common_of, refuse_beyond, refuse_if_closed
from shared.cause import Cause
from shared.errors import Conflict
from shared.events import GoalLifecycle, GoalUpdated

LIMIT = 20
"""Goals a plan holds."""

CHANGE_LIMIT = 100
"""Steps a goal remembers."""

TRANSITIONS: Mapping[GoalLifecycle, tuple[GoalLifecycle, ...]] = {
    "proposed": ("accepted", "rejected"),
    "accepted": ("active",),
    "active": ("on-hold", "completed", "cancelled"),
    "on-hold": ("active", "completed", "cancelled"),
    "completed": (),
    "cancelled": (),
    "rejected": (),
}
"""What may follow each lifecycle status: proposed → accepted → active ⇄ on-hold →
completed | cancelled; proposed → rejected. The words are FHIR R4's."""

UNDER_WAY: tuple[GoalLifecycle, ...] = ("active", "on-hold", "completed")
"""Where a goal can come nearer or slip: what was reached may also last or be lost."""


def set_goal(plan: Plan, command: SetGoal, goal_id: str, change_id: str, cause: Cause) -> Changed:
    """Add a goal, in progress from now. Raises Conflict on a closed plan."""
    if any(goal.id == goal_id for goal in plan.goals):
        return plan, ()
    refuse_if_closed(plan)
    refuse_beyond(LIMIT, len(plan.goals), "goals")
    first = GoalChange(
        id=change_id,
        at=cause.at,
        by=cause.actor.subject,
        lifecycle_status=command.lifecycle_status,
        achievement_status="in-progress",
        confidence=command.confidence,
    )
    goal = Goal(id=goal_id, wording=command.wording, need_code=command.need_code, changes=(first,))
    changed = plan.model_copy(update={"goals": (*plan.goals, goal)})
    return changed, (_updated(plan, goal, "set", cause),)


def record_progress(
    plan: Plan, goal_id: str, command: RecordProgress, change_id: str, cause: Cause
) -> Changed:
    """Say how near the goal is. Raises NotFound, and Conflict where it is not under way."""
    goal = plan.goal(goal_id)
    if _knows(goal, change_id):
        return plan, ()
    if goal.lifecycle_status not in UNDER_WAY:
        raise Conflict(
            f"The goal is {goal.lifecycle_status}: progress is recorded while it is "
            f"{' or '.join(UNDER_WAY)}.",
            {"lifecycle_status": goal.lifecycle_status, "allowed": list(UNDER_WAY)},
        )
    step = GoalChange(
        id=change_id,
        at=cause.at,
        by=cause.actor.subject,
        lifecycle_status=goal.lifecycle_status,
        achievement_status=command.achievement_status,
        confidence=command.confidence,
        note=command.note,
    )
    return _step(plan, goal, step, "progressed", cause)


def move_goal(plan: Plan, goal_id: str, command: MoveGoal, change_id: str, cause: Cause) -> Changed:
    """Take the goal to another lifecycle status.

    Raises NotFound, and Conflict naming the present status and what may follow it.
    """
    goal = plan.goal(goal_id)
    if _knows(goal, change_id):
        return plan, ()
    allowed = TRANSITIONS.get(goal.lifecycle_status, ())
    if command.lifecycle_status not in allowed:
        follows = f"may become {' or '.join(allowed)}" if allowed else "has ended"
        raise Conflict(
            f"The goal is {goal.lifecycle_status} and {follows}.",
            {"lifecycle_status": goal.lifecycle_status, "allowed": list(allowed)},
        )
    step = GoalChange(
        id=change_id,
        at=cause.at,
        by=cause.actor.subject,
        lifecycle_status=command.lifecycle_status,
        achievement_status=goal.achievement_status,
        note=command.note,
    )
    return _step(plan, goal, step, "lifecycle", cause)


def _knows(goal: Goal, change_id: str) -> bool:
    return any(change.id == change_id for change in goal.changes)


def _step(
    plan: Plan,
    goal: Goal,
    step: GoalChange,
    change: Literal["progressed", "lifecycle"],
    cause: Cause,
) -> Changed:
    refuse_beyond(CHANGE_LIMIT, len(goal.changes), "steps of this goal")
    moved = goal.model_copy(update={"changes": (*goal.changes, step)})
    goals = tuple(moved if each.id == goal.id else each for each in plan.goals)
    return plan.model_copy(update={"goals": goals}), (_updated(plan, moved, change, cause),)


def _updated(
    plan: Plan, goal: Goal, change: Literal["set", "progressed", "lifecycle"], cause: Cause
) -> GoalUpdated:
    return GoalUpdated(
        **common_of(plan, cause),
        goal_id=goal.id,
        change=change,
        lifecycle_status=goal.lifecycle_status,
        achievement_status=goal.achievement_status,
        confidence=goal.confidence,
    )
