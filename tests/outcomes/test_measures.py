import pytest

from services.outcomes.domain import (
    BUILT_IN,
    RecordMeasure,
    record_measure,
    score,
)
from shared.errors import Invalid
from tests.outcomes.examples import (
    because,
    only,
    opened,
)

SATISFIED = {"life_satisfaction": 4, "worthwhile": 5, "happiness": 9, "anxiety": 2}


@pytest.mark.parametrize(
    ("answer", "wellbeing", "anxiety"),
    [
        (0, "low", "very_low"),
        (1, "low", "very_low"),
        (2, "low", "low"),
        (3, "low", "low"),
        (4, "low", "medium"),
        (5, "medium", "medium"),
        (6, "medium", "high"),
        (7, "high", "high"),
        (8, "high", "high"),
        (9, "very_high", "high"),
        (10, "very_high", "high"),
    ],
)
def test_ons4_is_read_item_by_item_and_never_summed(
    answer: int, wellbeing: str, anxiety: str
) -> None:
    scored = score(BUILT_IN["ons4"], dict.fromkeys(SATISFIED, answer))
    assert scored.bands == {
        "life_satisfaction": wellbeing,
        "worthwhile": wellbeing,
        "happiness": wellbeing,
        "anxiety": anxiety,
    }
    assert scored.total is None


@pytest.mark.parametrize(
    ("companionship", "left_out", "isolated", "total"),
    [(1, 1, 1, 3), (3, 3, 3, 9), (1, 2, 3, 6)],
)
def test_ucla3_is_the_sum_of_its_items(
    companionship: int, left_out: int, isolated: int, total: int
) -> None:
    answers = {"companionship": companionship, "left_out": left_out, "isolated": isolated}
    scored = score(BUILT_IN["ucla3"], answers)
    assert scored.total == total
    assert scored.bands == {}


def test_answers_name_every_item_missing_or_out_of_range_and_what_is_allowed() -> None:
    with pytest.raises(Invalid) as caught:
        score(
            BUILT_IN["ons4"], {"life_satisfaction": 11, "worthwhile": 0, "anxiety": -1, "cheer": 2}
        )
    range_allowed = "must be a whole number from 0 to 10"
    assert {fault.pointer: fault.reason for fault in caught.value.errors} == {
        "/answers": "takes only the items life_satisfaction, worthwhile, happiness, anxiety",
        "/answers/life_satisfaction": range_allowed,
        "/answers/happiness": range_allowed,
        "/answers/anxiety": range_allowed,
    }
    with pytest.raises(Invalid) as caught:
        score(BUILT_IN["ucla3"], {"companionship": 0, "left_out": 4, "isolated": 2})
    assert {fault.pointer: fault.reason for fault in caught.value.errors} == {
        "/answers/companionship": "must be a whole number from 1 to 3",
        "/answers/left_out": "must be a whole number from 1 to 3",
    }


def test_a_measures_fact_tells_that_it_was_taken_but_no_score() -> None:
    command = RecordMeasure(instrument="ons4", stage="baseline", answers=SATISFIED)
    plan, events = record_measure(opened(), BUILT_IN["ons4"], command, "measure-1", because())
    assert plan.measures[0].answers == SATISFIED
    assert plan.measures[0].scorer == 1
    assert plan.measures[0].version == "2011"
    assert only(events) == {
        "type": "measure-recorded",
        "measure_id": "measure-1",
        "instrument": "ons4",
        "stage": "baseline",
    }
