from typing import Any

import pytest

from services.outcomes.domain import (
    AmendAssessment,
    CompleteAssessment,
    Plan,
    SaveAssessment,
    StartAssessment,
    amend_assessment,
    complete_assessment,
    finish_assessment,
    note_referral,
    save_assessment,
    start_assessment,
    suggested_searches,
)
from services.outcomes.domain.assessments import LIMIT, REVISION_LIMIT
from shared.errors import Conflict, Invalid
from shared.events import ReferralCompleted
from tests.outcomes.examples import LEAD, because, faults, only, opened, referral_fact

LONELY = {
    "need_code": "loneliness",
    "group": "social_connection",
    "importance": 8,
    "readiness": 3,
    "own_words": "Nobody rings",
}
DEBT = {"need_code": "debt_advice", "group": "money_and_work", "importance": 8, "readiness": 7}
KIND = {"group": "social_connection", "own_words": "My neighbour is kind"}


def whole(*needs: dict[str, Any], **said: Any) -> CompleteAssessment:
    return CompleteAssessment.model_validate({"needs": needs or (LONELY,), **said})


def assessed(plan: Plan, *needs: dict[str, Any], name: str = "assessment-1", **said: Any) -> Plan:
    return complete_assessment(plan, whole(*needs, **said), name, because())[0]


def test_an_assessment_keeps_strengths_and_needs_in_the_persons_words() -> None:
    plan = assessed(opened(), LONELY, DEBT, strengths=[KIND])
    (assessment,) = plan.assessments
    assert (assessment.stage, assessment.status, assessment.revision) == (
        "baseline",
        "completed",
        1,
    )
    assert assessment.findings.strengths[0].own_words == "My neighbour is kind"
    lonely, debt = assessment.findings.needs
    assert (lonely.group, lonely.importance, lonely.readiness) == ("social_connection", 8, 3)
    assert lonely.own_words == "Nobody rings"
    assert (debt.readiness, debt.own_words) == (7, None)


def test_a_strength_belongs_to_one_of_the_seven_groups() -> None:
    found = faults(CompleteAssessment, needs=[LONELY], strengths=[KIND | {"group": "faith"}])
    assert list(found) == ["/strengths/0/group"]
    assert "'housing'" in found["/strengths/0/group"]


def test_an_assessment_may_be_begun_saved_and_completed_later() -> None:
    plan, events = start_assessment(opened(), StartAssessment(), "assessment-1", because())
    assert events == ()
    assert plan.assessment("assessment-1").status == "in-progress"
    assert [need.need_code for need in plan.needs] == ["loneliness"]

    command = SaveAssessment.model_validate({"needs": [DEBT]})
    plan, events = save_assessment(plan, "assessment-1", command)
    assert events == ()
    assert [need.need_code for need in plan.needs] == ["loneliness"]

    plan, events = finish_assessment(plan, "assessment-1", because(LEAD, hours=24))
    assert [need.need_code for need in plan.needs] == ["debt_advice"]
    assert plan.assessment("assessment-1").completed_by == "lead-1"
    assert only(events) == {
        "type": "assessment-completed",
        "assessment_id": "assessment-1",
        "need_codes": ("debt_advice",),
        "stage": "baseline",
        "revision": 1,
    }


def test_an_assessment_is_not_completed_before_it_names_a_need() -> None:
    plan = start_assessment(opened(), StartAssessment(), "assessment-1", because())[0]
    with pytest.raises(Invalid) as caught:
        finish_assessment(plan, "assessment-1", because())
    assert [fault.pointer for fault in caught.value.errors] == ["/needs"]


def test_one_assessment_is_under_way_at_a_time() -> None:
    plan = start_assessment(opened(), StartAssessment(), "assessment-1", because())[0]
    with pytest.raises(Conflict) as caught:
        start_assessment(plan, StartAssessment(), "assessment-2", because())
    with pytest.raises(Conflict) as also:
        complete_assessment(plan, whole(), "assessment-2", because())
    for refused in (caught.value, also.value):
        assert refused.context == {
            "assessment_id": "assessment-1",
            "allowed": ["save", "complete"],
        }


def test_a_review_starts_from_the_last_assessment() -> None:
    plan = assessed(opened(), LONELY, DEBT, strengths=[KIND])
    plan = start_assessment(plan, StartAssessment(), "assessment-2", because(hours=600))[0]
    review = plan.assessment("assessment-2")
    assert (review.stage, review.status) == ("review", "in-progress")
    assert review.started_from == "assessment-1"
    assert review.findings == plan.assessment("assessment-1").findings
    plan, events = finish_assessment(plan, "assessment-2", because(hours=601))
    assert only(events)["stage"] == "review"
    assert len(plan.assessments) == 2


def test_a_plan_has_one_baseline() -> None:
    plan = assessed(opened())
    with pytest.raises(Conflict) as caught:
        complete_assessment(plan, whole(stage="baseline"), "assessment-2", because())
    assert caught.value.context == {
        "assessment_id": "assessment-1",
        "allowed": ["review", "final"],
    }
    assert assessed(plan, name="assessment-2").assessments[1].stage == "review"


def test_a_closed_plan_takes_a_final_assessment_and_no_other() -> None:
    done = referral_fact(ReferralCompleted, 2, outcome_code="goals_met")
    plan = note_referral(assessed(opened()), done)
    with pytest.raises(Conflict, match="closed"):
        complete_assessment(plan, whole(stage="review"), "assessment-2", because())
    plan = assessed(plan, name="assessment-2", stage="final")
    assert plan.assessments[1].stage == "final"


def test_an_amendment_keeps_what_was_said_before_with_who_when_and_why() -> None:
    plan = assessed(opened(), LONELY)
    command = AmendAssessment.model_validate({"needs": [DEBT], "reason": "Wrong form"})
    plan, events = amend_assessment(
        plan, "assessment-1", command, "amendment-1", because(LEAD, hours=3)
    )
    assessment = plan.assessment("assessment-1")
    assert (assessment.status, assessment.revision) == ("amended", 2)
    assert [need.need_code for need in assessment.findings.needs] == ["debt_advice"]
    (before,) = assessment.superseded
    assert (before.revision, before.amended_by, before.reason) == (1, "lead-1", "Wrong form")
    assert before.amended_at.hour == 15
    assert before.findings.needs[0].own_words == "Nobody rings"
    assert [need.need_code for need in plan.needs] == ["debt_advice"]
    assert only(events) == {
        "type": "assessment-amended",
        "assessment_id": "assessment-1",
        "need_codes": ("debt_advice",),
        "stage": "baseline",
        "revision": 2,
    }
    again = amend_assessment(plan, "assessment-1", command, "amendment-1", because())
    assert again == (plan, ())


def test_amending_an_earlier_assessment_leaves_the_plans_needs_as_the_latest_found() -> None:
    plan = assessed(assessed(opened(), LONELY), DEBT, name="assessment-2")
    command = AmendAssessment.model_validate({"needs": [LONELY], "reason": "Typing"})
    plan, _ = amend_assessment(plan, "assessment-1", command, "amendment-1", because())
    assert [need.need_code for need in plan.needs] == ["debt_advice"]


def test_an_assessment_under_way_is_saved_and_a_complete_one_amended() -> None:
    begun = start_assessment(opened(), StartAssessment(), "assessment-1", because())[0]
    amend = AmendAssessment.model_validate({"needs": [DEBT], "reason": "x"})
    save = SaveAssessment.model_validate({"needs": [DEBT]})
    with pytest.raises(Conflict) as caught:
        amend_assessment(begun, "assessment-1", amend, "amendment-1", because())
    assert caught.value.context == {"current_status": "in-progress", "allowed": ["save"]}
    with pytest.raises(Conflict) as caught:
        save_assessment(assessed(opened()), "assessment-1", save)
    assert caught.value.context == {"current_status": "completed", "allowed": ["amend"]}


def test_a_plan_holds_twenty_assessments_and_thirty_earlier_revisions() -> None:
    plan = opened()
    for number in range(LIMIT):
        plan = assessed(plan, name=f"assessment-{number}")
    with pytest.raises(Conflict, match="20 assessments"):
        assessed(plan, name="one-more")
    amend = AmendAssessment.model_validate({"needs": [DEBT], "reason": "x"})
    for number in range(REVISION_LIMIT):
        plan = amend_assessment(plan, "assessment-0", amend, f"a-{number}", because())[0]
    with pytest.raises(Conflict, match="30 earlier revisions"):
        amend_assessment(plan, "assessment-1", amend, "one-more", because())


# Suggested searches


def searches(*needs: dict[str, Any]) -> list[dict[str, Any]]:
    plan = assessed(opened(), *needs)
    return [each.model_dump(mode="json") for each in suggested_searches(plan.assessments[0])]


def test_searches_go_by_what_matters_then_by_what_the_person_is_ready_for() -> None:
    friends = LONELY | {"need_code": "befriending", "importance": 5}
    nothing = {"need_code": "transport", "group": "practical_support", "importance": 0}
    assert searches(LONELY, friends, DEBT, nothing) == [
        {"group": None, "body": {"need_codes": ["debt_advice", "loneliness", "befriending"]}},
        {"group": "money_and_work", "body": {"need_codes": ["debt_advice"]}},
        {"group": "social_connection", "body": {"need_codes": ["loneliness", "befriending"]}},
    ]


def test_needs_of_one_group_make_one_search_and_none_that_matter_make_none() -> None:
    assert searches(LONELY) == [{"group": None, "body": {"need_codes": ["loneliness"]}}]
    assert searches(LONELY | {"importance": 0}) == []


def test_a_search_names_no_more_needs_than_the_directory_takes() -> None:
    many = [{"need_code": f"need-{n}", "importance": 5} for n in range(12)]
    (search,) = searches(*many)
    assert search["body"]["need_codes"] == [f"need-{n}" for n in range(10)]
