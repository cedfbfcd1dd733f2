from collections.abc import Mapping

import pytest

from services.outcomes.domain import (
    BUILT_IN,
    CAVEATS,
    Comparison,
    Instrument,
    Measure,
    RecordMeasure,
    changes_since_baseline,
    record_measure,
)
from tests.outcomes.examples import because, opened
from tests.outcomes.packs import concerns, lookup, pack

ONS4 = BUILT_IN["ons4"]
UCLA3 = BUILT_IN["ucla3"]


def taken(
    instrument: Instrument,
    stage: str,
    answers: Mapping[str, int],
    *,
    day: int = 0,
    named: Mapping[str, str] | None = None,
) -> Measure:
    command = RecordMeasure.model_validate(
        {
            "instrument": instrument.id,
            "stage": stage,
            "answers": answers,
            "concerns": named or {},
        }
    )
    cause = because(hours=24 * day)
    return record_measure(opened(), instrument, command, f"{stage}-{day}", cause)[0].measures[0]


def feelings(satisfaction: int, worthwhile: int, happiness: int, anxiety: int) -> dict[str, int]:
    values = (satisfaction, worthwhile, happiness, anxiety)
    names = ("life_satisfaction", "worthwhile", "happiness", "anxiety")
    return dict(zip(names, values, strict=True))


def lonely(each: int) -> dict[str, int]:
    return dict.fromkeys(("companionship", "left_out", "isolated"), each)


def ways(comparison: Comparison) -> dict[str, tuple[float, str]]:
    return {line.name: (line.difference, line.way) for line in comparison.lines}


def codes(comparison: Comparison) -> list[str]:
    return [caveat.code for caveat in comparison.caveats]


def test_ons4_changes_item_by_item_and_less_anxiety_is_better() -> None:
    (found,) = changes_since_baseline(
        [
            taken(ONS4, "baseline", feelings(3, 5, 8, 6)),
            taken(ONS4, "review", feelings(5, 5, 7, 2), day=90),
        ]
    )
    assert ways(found) == {
        "life_satisfaction": (2, "better"),
        "worthwhile": (0, "same"),
        "happiness": (-1, "worse"),
        "anxiety": (-4, "better"),
    }
    assert (found.baseline_id, found.latest_id) == ("baseline-0", "review-90")


def test_ucla3_changes_by_its_total_and_lower_is_better() -> None:
    (found,) = changes_since_baseline(
        [taken(UCLA3, "baseline", lonely(3)), taken(UCLA3, "final", lonely(2), day=90)]
    )
    assert ways(found) == {"total": (-3, "better")}
    assert (found.lines[0].before, found.lines[0].after) == (9, 6)


def test_a_looked_up_metric_changes_in_its_own_unit() -> None:
    light = pack(lookup())
    (found,) = changes_since_baseline(
        [
            taken(light, "baseline", {"warmth": 2, "light": 2}),
            taken(light, "review", {"warmth": 2, "light": 1}, day=30),
        ]
    )
    assert ways(found) == {"total": (-19.5, "worse")}


def test_the_latest_answers_are_compared_with_the_first_baseline() -> None:
    (found,) = changes_since_baseline(
        [
            taken(UCLA3, "final", lonely(1), day=90),
            taken(UCLA3, "review", lonely(2), day=30),
            taken(UCLA3, "baseline", lonely(3)),
        ]
    )
    assert (found.baseline_id, found.latest_id) == ("baseline-0", "final-90")


def test_without_a_baseline_or_anything_after_it_nothing_is_compared() -> None:
    baseline = taken(UCLA3, "baseline", lonely(3), day=60)
    assert changes_since_baseline([baseline]) == ()
    assert changes_since_baseline([taken(UCLA3, "review", lonely(3))]) == ()
    assert changes_since_baseline([baseline, taken(UCLA3, "review", lonely(3))]) == ()


# Caveats


def test_two_answers_never_show_what_brought_a_change_about() -> None:
    (found,) = changes_since_baseline(
        [taken(UCLA3, "baseline", lonely(3)), taken(UCLA3, "review", lonely(3), day=366)]
    )
    assert codes(found) == ["two_answers"]
    assert "no comparison group" in found.caveats[0].words


@pytest.mark.parametrize(("day", "long"), [(366, False), (367, True)])
def test_more_than_a_year_apart_is_said(day: int, *, long: bool) -> None:
    (found,) = changes_since_baseline(
        [taken(UCLA3, "baseline", lonely(3)), taken(UCLA3, "review", lonely(2), day=day)]
    )
    assert ("over_a_year_apart" in codes(found)) is long


def test_other_versions_of_the_instrument_or_of_the_scorer_are_said() -> None:
    first = taken(pack(lookup()), "baseline", {"warmth": 2, "light": 2})
    second = taken(pack(lookup(version="2.0")), "final", {"warmth": 2, "light": 2}, day=9)
    (found,) = changes_since_baseline([first, second.model_copy(update={"scorer": 9})])
    assert codes(found) == ["two_answers", "other_version", "other_scorer"]


def test_a_concern_that_changed_is_not_compared_and_said() -> None:
    pebbles = pack(concerns())
    answers = {"first": 5, "second": 4, "wellbeing": 4}
    before = taken(pebbles, "baseline", answers, named={"first": "Sleep", "second": "Money"})
    answers = {"first": 2, "second": 1, "wellbeing": 4}
    after = taken(pebbles, "final", answers, day=50, named={"first": " sleep ", "second": "Noise"})
    (found,) = changes_since_baseline([before, after])
    assert ways(found) == {"first": (-3, "better"), "wellbeing": (0, "same")}
    assert codes(found) == ["two_answers", "concern_changed"]


def test_a_mean_over_another_concern_is_not_compared_either() -> None:
    pebbles = pack(concerns(scoring={"method": "mean"}))
    before = taken(pebbles, "baseline", {"first": 5, "wellbeing": 4}, named={"first": "Sleep"})
    after = taken(pebbles, "final", {"first": 1, "wellbeing": 4}, day=5, named={"first": "Cold"})
    (found,) = changes_since_baseline([before, after])
    assert found.lines == ()
    assert codes(found) == ["two_answers", "concern_changed"]


def test_an_item_answered_once_is_left_out_and_said() -> None:
    pebbles = pack(concerns())
    answers = {"first": 5, "second": 3, "wellbeing": 4}
    before = taken(pebbles, "baseline", answers, named={"first": "Sleep", "second": "Money"})
    after = taken(pebbles, "final", {"first": 4, "wellbeing": 5}, day=5, named={"first": "Sleep"})
    (found,) = changes_since_baseline([before, after])
    assert ways(found) == {"first": (-1, "better"), "wellbeing": (1, "worse")}
    assert codes(found) == ["two_answers", "answered_once"]


def test_every_caveat_has_its_words() -> None:
    assert all(words.endswith(".") for words in CAVEATS.values())
