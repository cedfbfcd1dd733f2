from collections.abc import Callable
from typing import get_args

import pytest

from services.outcomes.domain import (
    GOAL_TABLE,
    AddStep,
    Changed,
    MoveGoal,
    Plan,
    RecordProgress,
    RewordGoal,
    SetGoal,
    StateConfidence,
    add_step,
    complete_step,
    move_goal,
    moves_in_words,
    record_progress,
    reword_goal,
    set_goal,
    state_confidence,
)
from shared.errors import Conflict, NotFound
from shared.events import GoalAchievement, GoalChangeCode, GoalLifecycle
from tests.outcomes.examples import LEAD, because, only, opened, with_goal

GOAL = SetGoal(wording="Swim", need_code="physical_activity", confidence=2)

CHANGES: dict[GoalChangeCode, Callable[[Plan], Changed]] = {
    "set": lambda plan: set_goal(plan, GOAL, "goal-2", "c", because()),
    "progressed": lambda plan: record_progress(
        plan, "goal-1", RecordProgress(achievement_status="improving"), "c", because()
    ),
    "lifecycle": lambda plan: move_goal(
        plan, "goal-1", MoveGoal(lifecycle_status="on-hold"), "c", because()
    ),
    "reworded": lambda plan: reword_goal(
        plan, "goal-1", RewordGoal(wording="Walk to the park"), "c", because()
    ),
    "step_added": lambda plan: add_step(
        plan, "goal-1", AddStep(wording="Buy shoes"), "c", because()
    ),
    "step_completed": lambda plan: complete_step(plan, "goal-1", "goal-1-1", "c", because()),
    "confidence": lambda plan: state_confidence(
        plan, "goal-1", StateConfidence(confidence=9), "c", because()
    ),
}


def test_there_is_a_change_for_every_code() -> None:
    assert set(CHANGES) == set(get_args(GoalChangeCode))


@pytest.mark.parametrize("code", CHANGES)
def test_each_change_of_a_goal_is_told_by_its_code_and_once(code: GoalChangeCode) -> None:
    before = with_goal(steps=["Find my shoes"])
    plan, events = CHANGES[code](before)
    assert only(events)["type"] == "goal-updated"
    assert only(events)["change"] == code
    changed = plan.goals[-1].changes[-1]
    assert (changed.id, changed.change, changed.by) == ("c", code, "worker-1")
    assert CHANGES[code](plan) == (plan, ())


def test_a_goal_said_anew_keeps_the_words_before() -> None:
    plan, events = reword_goal(
        with_goal(), "goal-1", RewordGoal(wording="Walk to the park"), "c-2", because(LEAD, hours=2)
    )
    goal = plan.goal("goal-1")
    assert goal.wording == "Walk to the park"
    assert [(each.wording, each.by) for each in goal.changes] == [
        ("Walk to the shop", "worker-1"),
        ("Walk to the park", "lead-1"),
    ]
    assert "park" not in events[0].model_dump_json()


def test_steps_are_added_and_done_one_by_one() -> None:
    plan = with_goal(steps=["Find my shoes"])
    plan, _ = add_step(plan, "goal-1", AddStep(wording="Ask Sam along"), "step-2", because())
    plan, events = complete_step(plan, "goal-1", "step-2", "c-3", because(hours=5))
    shoes, ask = plan.goal("goal-1").steps
    assert (shoes.wording, shoes.completed_at) == ("Find my shoes", None)
    assert ask.completed_at is not None
    assert ask.completed_at.hour == 17
    assert plan.goal("goal-1").changes[-1].step_id == "step-2"
    assert "Sam" not in events[0].model_dump_json()
    assert complete_step(plan, "goal-1", "step-2", "c-4", because()) == (plan, ())
    with pytest.raises(NotFound):
        complete_step(plan, "goal-1", "never-was", "c-5", because())


def test_a_goal_has_at_most_twenty_steps() -> None:
    plan = with_goal(steps=["One more"] * 20)
    with pytest.raises(Conflict, match="20 steps"):
        add_step(plan, "goal-1", AddStep(wording="Another"), "c", because())


def test_the_fact_carries_the_persons_confidence_and_the_worker_has_their_own() -> None:
    said = StateConfidence(confidence=8, stated_by="worker", note="Saw them dance")
    plan, events = state_confidence(with_goal(), "goal-1", said, "c-2", because())
    goal = plan.goal("goal-1")
    assert (goal.confidence, goal.worker_confidence) == (4, 8)
    assert only(events)["confidence"] == 4
    plan, events = state_confidence(plan, "goal-1", StateConfidence(confidence=6), "c-3", because())
    assert (plan.goal("goal-1").confidence, plan.goal("goal-1").worker_confidence) == (6, 8)
    assert only(events)["confidence"] == 6


def at(status: GoalLifecycle) -> Plan:
    """A plan whose goal came to this lifecycle status by the table's own moves."""
    paths: dict[str, list[str]] = {"proposed": []}
    while status not in paths:
        for before, path in list(paths.items()):
            for after in GOAL_TABLE[before].next:  # type: ignore[index]  # words of the table
                paths.setdefault(after, [*path, after])
    plan = with_goal(lifecycle_status="proposed", steps=["Find my shoes"])
    for number, step in enumerate(paths[status]):
        plan = move_goal(
            plan,
            "goal-1",
            MoveGoal.model_validate({"lifecycle_status": step}),
            f"m-{number}",
            because(),
        )[0]
    return plan


def test_the_table_has_every_word_of_fhir_but_planned() -> None:
    assert set(get_args(GoalLifecycle)) - set(GOAL_TABLE) == {"planned"}
    for standing in GOAL_TABLE.values():
        assert set(standing.next) <= set(GOAL_TABLE)
        assert set(standing.achievements) <= set(get_args(GoalAchievement))


@pytest.mark.parametrize("status", GOAL_TABLE)
@pytest.mark.parametrize("achievement", get_args(GoalAchievement))
def test_an_achievement_is_recorded_where_the_table_allows_it(
    status: GoalLifecycle, achievement: GoalAchievement
) -> None:
    plan = at(status)
    command = RecordProgress(achievement_status=achievement)
    if achievement in GOAL_TABLE[status].achievements:
        plan, _ = record_progress(plan, "goal-1", command, "c", because())
        assert plan.goal("goal-1").achievement_status == achievement
    else:
        with pytest.raises(Conflict, match=f"goal (that )?is {status}") as caught:
            record_progress(plan, "goal-1", command, "c", because())
        assert caught.value.context["lifecycle_status"] == status
        under_way = ["active", "on-hold", "completed"]
        allowed = [str(each) for each in GOAL_TABLE[status].achievements]
        assert caught.value.context["allowed"] == (allowed or under_way)


@pytest.mark.parametrize("status", GOAL_TABLE)
@pytest.mark.parametrize("code", ["reworded", "step_added", "step_completed", "confidence"])
def test_wording_steps_and_confidence_change_until_the_goal_ends(
    status: GoalLifecycle, code: GoalChangeCode
) -> None:
    plan = at(status)
    if status in {"proposed", "accepted", "active", "on-hold"}:
        assert CHANGES[code](plan)[0] != plan
    else:
        with pytest.raises(Conflict) as caught:
            CHANGES[code](plan)
        assert caught.value.context == {
            "lifecycle_status": status,
            "allowed": ["proposed", "accepted", "active", "on-hold"],
        }


def test_what_was_reached_may_last_or_be_lost_but_comes_no_nearer() -> None:
    completed = GOAL_TABLE["completed"].achievements
    assert "sustaining" in completed
    assert "worsening" in completed
    assert "improving" not in completed


def test_the_documentation_is_the_table() -> None:
    lines = moves_in_words().splitlines()
    assert len(lines) == 2 + len(GOAL_TABLE)
    assert lines[2] == "| proposed | accepted, rejected, entered-in-error | none |"


def test_a_goal_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        reword_goal(opened(), "goal-1", RewordGoal(wording="x"), "c", because())
