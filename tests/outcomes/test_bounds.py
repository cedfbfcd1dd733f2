"""A plan is one document: filled to its limits, in the widest letters, MongoDB still takes it."""

from collections.abc import Callable

from services.outcomes.domain import (
    AmendAssessment,
    Changed,
    CompleteAssessment,
    Plan,
    RecordMeasure,
    RewordGoal,
    SetGoal,
    amend_assessment,
    assessments,
    complete_assessment,
    goals,
    measures,
    record_measure,
    reword_goal,
    set_goal,
)
from tests.outcomes.examples import because, opened
from tests.outcomes.packs import item, lookup, pack

WIDE = "\U0001f600"
"""Four bytes in UTF-8, as wide as a letter gets."""

MOST_BYTES = 16 * 1024 * 1024


def filled(plan: Plan, times: int, step: Callable[[Plan, int], Changed]) -> Plan:
    for number in range(times):
        plan = step(plan, number)[0]
    return plan


def test_a_plan_filled_to_its_limits_is_under_sixteen_megabytes() -> None:
    words, note = WIDE * 500, WIDE * 4000
    found = {
        "needs": [
            {"need_code": f"need-{n}", "importance": 5, "own_words": words} for n in range(20)
        ],
        "strengths": [{"group": "housing", "own_words": words}] * 20,
        "notes": note,
    }
    whole = CompleteAssessment.model_validate(found)
    amend = AmendAssessment.model_validate({**found, "reason": WIDE * 1000})
    goal = SetGoal(wording=words, need_code="a", confidence=1, steps=(words,) * goals.STEP_LIMIT)
    reword = RewordGoal(wording=words, note=WIDE * 1000)
    concern_ids = [f"concern-{n}" for n in range(5)]
    named = pack(
        lookup(
            items=[item(id_, named_by_person=True) for id_ in concern_ids],
            scoring={"method": "sum"},
            bands=[],
        )
    )
    measure = RecordMeasure(
        instrument="porch-light",
        stage="review",
        answers=dict.fromkeys(concern_ids, 1),
        concerns=dict.fromkeys(concern_ids, words),
    )

    def reworded(plan: Plan, number: int) -> Changed:
        place = number % goals.LIMIT
        return reword_goal(plan, f"goal-{place}", reword, f"r-{number}", because())

    plan = filled(
        opened(),
        assessments.LIMIT,
        lambda plan, n: complete_assessment(plan, whole, f"a-{n}", because()),
    )
    plan = filled(
        plan,
        assessments.REVISION_LIMIT,
        lambda plan, n: amend_assessment(plan, "a-0", amend, f"r-{n}", because()),
    )
    plan = filled(
        plan, goals.LIMIT, lambda plan, n: set_goal(plan, goal, f"goal-{n}", f"c-{n}", because())
    )
    plan = filled(plan, goals.LIMIT * (goals.CHANGE_LIMIT - 1), reworded)
    plan = filled(
        plan,
        measures.LIMIT,
        lambda plan, n: record_measure(plan, named, measure, f"m-{n}", because()),
    )
    # Facts and history take the rest: a thousand lines of history are some 200 kB.
    size = len(plan.model_dump_json().encode())
    assert MOST_BYTES / 2 < size < MOST_BYTES - 2_000_000
