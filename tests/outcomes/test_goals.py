import pytest

from services.outcomes.domain import (
    MoveGoal,
    Plan,
    RecordProgress,
    SetGoal,
    move_goal,
    record_progress,
    set_goal,
)
from shared.errors import Conflict
from shared.events import GoalLifecycle
from tests.outcomes.examples import (
    LEAD,
    because,
    faults,
    only,
    opened,
    with_goal,
)


def test_a_goal_is_active_and_in_progress_from_the_start() -> None:
    command = SetGoal(wording=" Walk to the shop ", need_code="physical_activity", confidence=4)
    plan, events = set_goal(opened(), command, "goal-1", "change-1", because())
    goal = plan.goal("goal-1")
    assert goal.wording == "Walk to the shop"
    assert (goal.lifecycle_status, goal.achievement_status) == ("active", "in-progress")
    assert only(events) == {
        "type": "goal-updated",
        "goal_id": "goal-1",
        "change": "set",
        "lifecycle_status": "active",
        "achievement_status": "in-progress",
        "confidence": 4,
    }


def test_a_goal_may_wait_for_the_persons_word() -> None:
    assert with_goal(lifecycle_status="proposed").goal("goal-1").lifecycle_status == "proposed"
    assert list(faults(SetGoal, wording=" ", need_code="a", lifecycle_status="completed")) == [
        "/wording",
        "/confidence",
        "/lifecycle_status",
    ]


def test_progress_is_dated_and_keeps_the_confidence_last_given() -> None:
    command = RecordProgress(achievement_status="improving", note="Went twice this week")
    plan, events = record_progress(
        with_goal(), "goal-1", command, "change-2", because(LEAD, hours=48)
    )
    goal = plan.goal("goal-1")
    assert [change.at.day for change in goal.changes] == [2, 4]
    assert [change.by for change in goal.changes] == ["worker-1", "lead-1"]
    assert goal.changes[1].note == "Went twice this week"
    assert only(events) == {
        "type": "goal-updated",
        "goal_id": "goal-1",
        "change": "progressed",
        "lifecycle_status": "active",
        "achievement_status": "improving",
        "confidence": 4,
    }


def test_progress_belongs_to_its_own_goal_alone() -> None:
    second = SetGoal(wording="Sleep better", need_code="low_mood", confidence=1)
    plan = set_goal(with_goal(), second, "goal-2", "change-2", because())[0]
    achieved = RecordProgress(achievement_status="achieved", confidence=10)
    plan = record_progress(plan, "goal-2", achieved, "change-3", because())[0]
    assert [goal.achievement_status for goal in plan.goals] == ["in-progress", "achieved"]
    assert [goal.confidence for goal in plan.goals] == [4, 10]


@pytest.mark.parametrize("status", ["proposed", "accepted"])
def test_progress_waits_until_the_goal_is_under_way(status: str) -> None:
    plan = with_goal(lifecycle_status=status)
    with pytest.raises(Conflict, match=f"The goal is {status}") as caught:
        record_progress(
            plan, "goal-1", RecordProgress(achievement_status="achieved"), "c", because()
        )
    assert caught.value.context == {
        "lifecycle_status": status,
        "allowed": ["active", "on-hold", "completed"],
    }


PATHS: dict[GoalLifecycle, list[GoalLifecycle]] = {
    "proposed": [],
    "accepted": ["accepted"],
    "active": ["accepted", "active"],
    "on-hold": ["accepted", "active", "on-hold"],
    "completed": ["accepted", "active", "completed"],
    "cancelled": ["accepted", "active", "on-hold", "cancelled"],
    "rejected": ["rejected"],
    "entered-in-error": ["entered-in-error"],
}
"""How to bring a proposed goal to each lifecycle status."""

LEGAL = {
    "proposed": ["accepted", "rejected", "entered-in-error"],
    "accepted": ["active", "entered-in-error"],
    "active": ["on-hold", "completed", "cancelled", "entered-in-error"],
    "on-hold": ["active", "completed", "cancelled", "entered-in-error"],
    "completed": ["entered-in-error"],
    "cancelled": ["entered-in-error"],
    "rejected": ["entered-in-error"],
    "entered-in-error": [],
}


def at_lifecycle(status: GoalLifecycle) -> Plan:
    plan = with_goal(lifecycle_status="proposed")
    for number, step in enumerate(PATHS[status], start=2):
        command = MoveGoal(lifecycle_status=step)
        plan = move_goal(plan, "goal-1", command, f"change-{number}", because())[0]
    return plan


@pytest.mark.parametrize("before", PATHS)
@pytest.mark.parametrize("after", [*PATHS, "planned"])
def test_a_goal_moves_only_along_its_lifecycle(before: GoalLifecycle, after: GoalLifecycle) -> None:
    plan = at_lifecycle(before)
    command = MoveGoal(lifecycle_status=after)
    if after in LEGAL[before]:
        plan, events = move_goal(plan, "goal-1", command, "change-9", because())
        assert plan.goal("goal-1").lifecycle_status == after
        assert only(events)["change"] == "lifecycle"
        assert only(events)["lifecycle_status"] == after
    else:
        with pytest.raises(Conflict, match=f"The goal is {before}") as caught:
            move_goal(plan, "goal-1", command, "change-9", because())
        assert caught.value.context == {"lifecycle_status": before, "allowed": LEGAL[before]}


def test_a_move_leaves_the_achievement_as_it_was() -> None:
    better = RecordProgress(achievement_status="improving", confidence=7)
    plan = record_progress(with_goal(), "goal-1", better, "change-2", because())[0]
    pause = MoveGoal(lifecycle_status="on-hold", note="In hospital")
    plan, events = move_goal(plan, "goal-1", pause, "change-3", because())
    assert only(events)["achievement_status"] == "improving"
    assert only(events)["confidence"] == 7
    assert plan.goal("goal-1").changes[-1].note == "In hospital"
