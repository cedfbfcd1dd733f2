"""Goals: set together, worded by the person, changed one dated change at a time.

Which change is allowed when is said by ``GOAL_TABLE`` alone.
"""

from __future__ import annotations

from typing import Any

from services.outcomes.domain.commands import (
    AddStep,
    MoveGoal,
    RecordProgress,
    RewordGoal,
    SetGoal,
    StateConfidence,
)
from services.outcomes.domain.goal import Goal, GoalChange, GoalStep
from services.outcomes.domain.lifecycle import GOAL_TABLE, SHAPING, UNDER_WAY
from services.outcomes.domain.plan import Changed, Plan
from services.outcomes.domain.stating import common_of, refuse_beyond, refuse_if_closed
from shared.cause import Cause
from shared.errors import Conflict
from shared.events import GoalChangeCode, GoalUpdated

LIMIT = 20
"""Goals a plan holds."""

CHANGE_LIMIT = 60
"""Changes a goal remembers."""

STEP_LIMIT = 20
"""Steps a goal has."""


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
        change="set",
        lifecycle_status=command.lifecycle_status,
        achievement_status="in-progress",
        confidence=command.confidence,
        stated_by=command.stated_by,
        wording=command.wording,
    )
    goal = Goal(
        id=goal_id,
        wording=command.wording,
        need_code=command.need_code,
        steps=tuple(
            GoalStep(id=f"{goal_id}-{n}", wording=wording, added_at=cause.at)
            for n, wording in enumerate(command.steps, start=1)
        ),
        changes=(first,),
    )
    return plan.model_copy(update={"goals": (*plan.goals, goal)}), (_updated(plan, goal, cause),)


def record_progress(
    plan: Plan, goal_id: str, command: RecordProgress, change_id: str, cause: Cause
) -> Changed:
    """Say how near the goal is.

    Raises NotFound, and Conflict where its lifecycle does not allow that achievement.
    """
    goal = plan.goal(goal_id)
    if _knows(goal, change_id):
        return plan, ()
    allowed = GOAL_TABLE[goal.lifecycle_status].achievements
    if not allowed:
        raise _while_only(goal, "progress is recorded", UNDER_WAY)
    if command.achievement_status not in allowed:
        raise Conflict(
            f"A goal that is {goal.lifecycle_status} is {' or '.join(allowed)}.",
            {"lifecycle_status": goal.lifecycle_status, "allowed": list(allowed)},
        )
    return _change(
        plan,
        goal,
        _next(
            goal,
            change_id,
            "progressed",
            cause,
            achievement_status=command.achievement_status,
            confidence=command.confidence,
            stated_by=command.stated_by,
            note=command.note,
        ),
        cause,
    )


def move_goal(plan: Plan, goal_id: str, command: MoveGoal, change_id: str, cause: Cause) -> Changed:
    """Take the goal to another lifecycle status.

    Raises NotFound, and Conflict naming the present status and what may follow it.
    """
    goal = plan.goal(goal_id)
    if _knows(goal, change_id):
        return plan, ()
    allowed = GOAL_TABLE[goal.lifecycle_status].next
    if command.lifecycle_status not in allowed:
        follows = f"may become {' or '.join(allowed)}" if allowed else "stays so"
        raise Conflict(
            f"The goal is {goal.lifecycle_status} and {follows}.",
            {"lifecycle_status": goal.lifecycle_status, "allowed": list(allowed)},
        )
    moved = _next(
        goal,
        change_id,
        "lifecycle",
        cause,
        lifecycle_status=command.lifecycle_status,
        note=command.note,
    )
    return _change(plan, goal, moved, cause)


def reword_goal(
    plan: Plan, goal_id: str, command: RewordGoal, change_id: str, cause: Cause
) -> Changed:
    """Say the goal anew. Raises NotFound, and Conflict once it has ended."""
    goal = plan.goal(goal_id)
    if _knows(goal, change_id):
        return plan, ()
    _require_shaping(goal)
    said = _next(goal, change_id, "reworded", cause, wording=command.wording, note=command.note)
    return _change(plan, goal.model_copy(update={"wording": command.wording}), said, cause)


def state_confidence(
    plan: Plan, goal_id: str, command: StateConfidence, change_id: str, cause: Cause
) -> Changed:
    """Say how sure the person or the worker is. Raises NotFound, and Conflict once it ended."""
    goal = plan.goal(goal_id)
    if _knows(goal, change_id):
        return plan, ()
    _require_shaping(goal)
    said = _next(goal, change_id, "confidence", cause, **command.model_dump())
    return _change(plan, goal, said, cause)


def add_step(plan: Plan, goal_id: str, command: AddStep, change_id: str, cause: Cause) -> Changed:
    """Add a small thing on the way; it has the id of the change that added it.

    Raises NotFound, and Conflict once the goal has ended.
    """
    goal = plan.goal(goal_id)
    if _knows(goal, change_id):
        return plan, ()
    _require_shaping(goal)
    refuse_beyond(STEP_LIMIT, len(goal.steps), "steps of this goal")
    step = GoalStep(id=change_id, wording=command.wording, added_at=cause.at)
    longer = goal.model_copy(update={"steps": (*goal.steps, step)})
    added = _next(goal, change_id, "step_added", cause, step_id=step.id)
    return _change(plan, longer, added, cause)


def complete_step(plan: Plan, goal_id: str, step_id: str, change_id: str, cause: Cause) -> Changed:
    """Say that a step is done; it stays so, and saying it again changes nothing.

    Raises NotFound for the goal or the step, and Conflict once the goal has ended.
    """
    goal = plan.goal(goal_id)
    step = goal.step(step_id)
    if step.completed_at is not None:
        return plan, ()
    _require_shaping(goal)
    done = step.model_copy(update={"completed_at": cause.at})
    steps = tuple(done if each.id == step_id else each for each in goal.steps)
    changed = _next(goal, change_id, "step_completed", cause, step_id=step_id)
    return _change(plan, goal.model_copy(update={"steps": steps}), changed, cause)


def _knows(goal: Goal, change_id: str) -> bool:
    return any(change.id == change_id for change in goal.changes)


def _require_shaping(goal: Goal) -> None:
    if not GOAL_TABLE[goal.lifecycle_status].shaping:
        raise _while_only(goal, "wording, steps and confidence change", SHAPING)


def _while_only(goal: Goal, what: str, allowed: tuple[str, ...]) -> Conflict:
    return Conflict(
        f"The goal is {goal.lifecycle_status}: {what} while it is {' or '.join(allowed)}.",
        {"lifecycle_status": goal.lifecycle_status, "allowed": list(allowed)},
    )


def _next(
    goal: Goal, change_id: str, change: GoalChangeCode, cause: Cause, **said: Any
) -> GoalChange:
    """A change from where the goal stands."""
    standing: dict[str, Any] = {
        "lifecycle_status": goal.lifecycle_status,
        "achievement_status": goal.achievement_status,
    }
    return GoalChange(
        id=change_id, at=cause.at, by=cause.actor.subject, change=change, **(standing | said)
    )


def _change(plan: Plan, goal: Goal, change: GoalChange, cause: Cause) -> Changed:
    refuse_beyond(CHANGE_LIMIT, len(goal.changes), "changes of this goal")
    changed = goal.model_copy(update={"changes": (*goal.changes, change)})
    goals = tuple(changed if each.id == goal.id else each for each in plan.goals)
    return plan.model_copy(update={"goals": goals}), (_updated(plan, changed, cause),)


def _updated(plan: Plan, goal: Goal, cause: Cause) -> GoalUpdated:
    return GoalUpdated(
        **common_of(plan, cause),
        goal_id=goal.id,
        change=goal.changes[-1].change,
        lifecycle_status=goal.lifecycle_status,
        achievement_status=goal.achievement_status,
        confidence=goal.confidence,
    )
