from dataclasses import replace

import pytest

from services.outcomes.domain import (
    BUILT_IN,
    AssessedNeed,
    CompleteAssessment,
    MoveGoal,
    Need,
    Plan,
    RecordMeasure,
    RecordProgress,
    SetGoal,
    Sight,
    StatedStrength,
    complete_assessment,
    move_goal,
    note_referral,
    permit,
    record_measure,
    record_progress,
    set_goal,
    sight,
)
from shared.cause import Actor
from shared.errors import Conflict, NotFound
from shared.events import ReferralCompleted
from tests.outcomes.examples import (
    CASE,
    LEAD,
    NOON,
    PERSON,
    PRACTICE,
    REFERRER,
    TEAM,
    TENANT,
    WORKER,
    because,
    faults,
    only,
    opened,
    referral_fact,
    with_goal,
)

ASSESSMENT = CompleteAssessment(
    needs=(
        AssessedNeed(need_code="loneliness", importance=9, own_words="The evenings are long"),
        AssessedNeed(need_code="money-advice", importance=3),
    ),
    strengths=(
        StatedStrength(group="practical_support", own_words="I know everyone on the street"),
    ),
    notes="Prefers mornings",
)
ONS4 = BUILT_IN["ons4"]
SATISFIED = {"life_satisfaction": 4, "worthwhile": 5, "happiness": 9, "anxiety": 2}


def closed(plan: Plan) -> Plan:
    return note_referral(plan, referral_fact(ReferralCompleted, 2, outcome_code="goals_met"))


# Assessments


def test_an_assessment_replaces_the_needs_the_referrer_coded() -> None:
    before = opened()
    plan, events = complete_assessment(before, ASSESSMENT, "assessment-1", because())
    assert before.needs == (Need(need_code="loneliness"),)
    assert plan.needs == (
        Need(need_code="loneliness", importance=9, own_words="The evenings are long"),
        Need(need_code="money-advice", importance=3),
    )
    assert plan.assessments[0].completed_at == NOON
    assert plan.assessments[0].completed_by == "worker-1"
    assert only(events) == {
        "type": "assessment-completed",
        "assessment_id": "assessment-1",
        "need_codes": ("loneliness", "money-advice"),
        "stage": "baseline",
        "revision": 1,
    }


def test_a_fact_of_the_plan_names_the_case_and_its_organisations_but_no_worker() -> None:
    (event,) = complete_assessment(opened(), ASSESSMENT, "assessment-1", because())[1]
    said = event.model_dump()
    assert said["tenant"] == TENANT
    assert said["case_id"] == event.key == event.subject == CASE
    assert said["person_id"] == PERSON
    assert said["source_organisation_id"] == PRACTICE
    assert said["team_organisation_id"] == TEAM
    assert said["actor"] == {"role": "link_worker", "organisation": TEAM}
    assert said["occurred_at"] == NOON
    assert "worker-1" not in event.model_dump_json()


def test_an_assessment_names_every_wrong_field_without_repeating_it() -> None:
    needs = [
        {"need_code": "Money Advice", "importance": 3},
        {"need_code": "x" * 65, "importance": 11},
        {"need_code": "loneliness", "importance": "5", "own_words": "o" * 501},
    ]
    found = faults(CompleteAssessment, needs=needs, notes="n" * 4001, mood="low")
    code = "must be lower-case words joined by hyphens or underscores, at most 64 characters"
    assert found == {
        "/needs/0/need_code": code,
        "/needs/1/need_code": code,
        "/needs/1/importance": "Input should be less than or equal to 10",
        "/needs/2/importance": "Input should be a valid integer",
        "/needs/2/own_words": "String should have at most 500 characters",
        "/notes": "String should have at most 4000 characters",
        "/mood": "Extra inputs are not permitted",
    }


def test_an_assessment_names_at_least_one_need_and_each_once() -> None:
    twice = [{"need_code": "loneliness", "importance": 3}] * 2
    assert faults(CompleteAssessment, needs=twice) == {"/needs": "must name each need only once"}
    assert faults(CompleteAssessment, needs=[]) == {"/needs": "must name at least one need"}


# Facts


def test_no_fact_carries_the_persons_words() -> None:
    plan, first = complete_assessment(opened(), ASSESSMENT, "assessment-1", because())
    command = SetGoal(wording="Dance again", need_code="loneliness", confidence=5)
    plan, second = set_goal(plan, command, "goal-1", "change-1", because())
    progress = RecordProgress(achievement_status="improving", note="Danced in the kitchen")
    _, third = record_progress(plan, "goal-1", progress, "change-2", because())
    told = "".join(event.model_dump_json() for event in (*first, *second, *third)).lower()
    for words in ("evenings", "street", "mornings", "danc", "kitchen"):
        assert words not in told


# What a closed plan takes


def test_nothing_new_is_begun_on_a_closed_plan() -> None:
    plan = closed(with_goal())
    review = RecordMeasure(instrument="ons4", stage="review", answers=SATISFIED)
    goal = SetGoal(wording="Swim", need_code="physical_activity", confidence=2)
    with pytest.raises(Conflict, match="The plan is closed") as caught:
        complete_assessment(plan, ASSESSMENT, "assessment-1", because())
    assert caught.value.context["plan_status"] == "closed"
    with pytest.raises(Conflict, match="The plan is closed"):
        set_goal(plan, goal, "goal-2", "change-2", because())
    with pytest.raises(Conflict, match="The plan is closed"):
        record_measure(plan, ONS4, review, "measure-1", because())


def test_a_closed_plan_still_takes_results() -> None:
    plan = closed(with_goal())
    done = RecordProgress(achievement_status="achieved", confidence=9)
    plan = record_progress(plan, "goal-1", done, "change-2", because())[0]
    plan = move_goal(plan, "goal-1", MoveGoal(lifecycle_status="completed"), "c-3", because())[0]
    final = RecordMeasure(instrument="ons4", stage="final", answers=SATISFIED)
    plan = record_measure(plan, ONS4, final, "measure-1", because())[0]
    assert plan.goal("goal-1").lifecycle_status == "completed"
    assert [measure.stage for measure in plan.measures] == ["final"]


# Bounds, repetition, access


def test_a_plan_takes_at_most_twenty_goals() -> None:
    goal = SetGoal(wording="Swim", need_code="physical_activity", confidence=2)
    plan = opened()
    for number in range(20):
        plan = set_goal(plan, goal, f"goal-{number}", f"change-{number}", because())[0]
    with pytest.raises(Conflict, match="already holds 20 goals"):
        set_goal(plan, goal, "goal-20", "change-20", because())


def test_doing_the_same_thing_again_changes_nothing() -> None:
    plan = complete_assessment(with_goal(), ASSESSMENT, "assessment-1", because())[0]
    measure = RecordMeasure(instrument="ons4", stage="baseline", answers=SATISFIED)
    plan = record_measure(plan, ONS4, measure, "measure-1", because())[0]
    progress = RecordProgress(achievement_status="improving")
    plan = record_progress(plan, "goal-1", progress, "change-2", because())[0]
    pause = MoveGoal(lifecycle_status="on-hold")
    plan = move_goal(plan, "goal-1", pause, "change-3", because())[0]
    goal = SetGoal(wording="Walk to the shop", need_code="physical_activity", confidence=4)
    assert complete_assessment(plan, ASSESSMENT, "assessment-1", because()) == (plan, ())
    assert record_measure(plan, ONS4, measure, "measure-1", because()) == (plan, ())
    assert record_progress(plan, "goal-1", progress, "change-2", because()) == (plan, ())
    assert move_goal(plan, "goal-1", pause, "change-3", because()) == (plan, ())
    assert set_goal(plan, goal, "goal-1", "change-1", because()) == (plan, ())


def test_an_unknown_goal_is_not_found() -> None:
    with pytest.raises(NotFound):
        record_progress(
            opened(), "goal-1", RecordProgress(achievement_status="achieved"), "c", because()
        )
    with pytest.raises(NotFound):
        move_goal(opened(), "goal-1", MoveGoal(lifecycle_status="active"), "c", because())


def test_the_team_sees_all_the_source_a_summary_and_nobody_else_anything() -> None:
    plan = opened()
    assert sight(plan, WORKER) is Sight.FULL
    assert sight(plan, LEAD) is Sight.FULL
    assert sight(plan, REFERRER) is Sight.SUMMARY
    for stranger in (
        Actor("worker-2", "link_worker", "another-team", TENANT),
        Actor("practice-2", "referrer", "Y90002", TENANT),
        Actor("provider-1", "provider", TEAM, TENANT),
        Actor("worker-3", "link_worker", PRACTICE, TENANT),
        Actor("operator-1", "operations", TEAM, TENANT),
    ):
        with pytest.raises(NotFound):
            sight(plan, stranger)


def test_the_team_writes_and_the_practice_adds_its_own_figures_alone() -> None:
    goals, contacts = "POST /plans/{case_id}/goals", "PUT /plans/{case_id}/gp-contacts"
    permit(opened(), replace(WORKER, operation=goals))
    permit(opened(), replace(WORKER, operation=contacts))
    permit(opened(), replace(REFERRER, operation=contacts))
    with pytest.raises(NotFound):
        permit(opened(), replace(REFERRER, operation=goals))
    with pytest.raises(NotFound):
        permit(opened(), WORKER)
