"""What bars a service, near misses, and needs that nothing meets."""

from datetime import date
from typing import Any

from services.directory.domain import (
    Candidate,
    Ranking,
    Session,
    Sought,
    rank,
    why_missed,
)
from services.directory.domain.matching import judge
from services.directory.domain.parts import CostOption

TODAY = date(2026, 3, 2)  # a Monday
TUESDAY = Session(date=date(2026, 3, 3))


def candidate(**known: Any) -> Candidate:
    return Candidate(**{"id": "svc-1", "needs": ("loneliness",), **known})


def sought(**asked: Any) -> Sought:
    return Sought(**{"need_codes": ("loneliness",), **asked})


def ranked(*candidates: Candidate, wanted: Sought | None = None, **known: Any) -> Ranking:
    return rank(candidates, wanted or sought(), TODAY, limit=10, near_misses=10, **known)


def missed(known: Candidate, **asked: Any) -> list[tuple[str, str]]:
    """What bars a service, as codes and words."""
    wanted = sought(**asked)
    judged = judge(known, wanted, TODAY)
    return [(why.code, why.text) for why in why_missed(judged, wanted, TODAY)]


def order(ranking: Ranking) -> list[str]:
    return [match.candidate.id for match in ranking.matches]


# Requirements and near misses


def test_a_service_too_far_is_a_near_miss_that_says_by_how_much() -> None:
    here = {"placed": True, "metres": 5000}
    assert missed(candidate(metres=9000), **here) == [("distance", "4 km beyond your limit")]
    assert missed(candidate(metres=5350), **here) == [("distance", "350 m beyond your limit")]
    assert missed(candidate(), **here) == [("distance", "no place stated to measure from")]
    assert missed(candidate(remote=True), **here) == []


def test_a_service_for_another_age_is_a_near_miss_that_says_for_whom() -> None:
    assert missed(candidate(minimum_age=60), age=59) == [("age", "only for ages 60+")]
    assert missed(candidate(maximum_age=25), age=26) == [("age", "only for ages up to 25")]
    between = candidate(minimum_age=18, maximum_age=25)
    assert missed(between, age=17) == [("age", "only for ages 18 to 25")]
    assert missed(between, age=18) == []
    assert missed(between, age=25) == []


def test_access_that_is_not_stated_is_not_taken_for_granted() -> None:
    ways = {"accessibility": ("step_free", "hearing_loop")}
    assert missed(candidate(accessibility=("hearing_loop",)), **ways) == [
        ("accessibility", "no step-free access stated")
    ]
    assert missed(candidate(accessibility=("step_free",)), **ways) == [
        ("accessibility", "no hearing loop stated")
    ]
    assert len(missed(candidate(), **ways)) == 2


def test_any_of_the_languages_will_do_and_english_is_taken_for_granted() -> None:
    assert missed(candidate(languages=("en", "ur")), languages=("pl", "ur")) == []
    assert missed(candidate(), languages=("en",)) == []
    assert missed(candidate(), languages=("pl", "ur")) == [("language", "no Polish or Urdu stated")]
    assert missed(candidate(languages=("cy",)), languages=("en",)) == [
        ("language", "no English stated")
    ]


def test_only_a_cost_that_is_known_bars_a_service() -> None:
    five = candidate(free=False, cost_options=(CostOption(amount=5),))
    assert missed(five, maximum_cost=0) == [("cost", "costs £5")]
    assert missed(five, maximum_cost=5) == []
    assert missed(candidate(free=False), maximum_cost=0) == [("cost", "not free")]
    assert missed(candidate(free=False), maximum_cost=5) == []
    assert missed(candidate(), maximum_cost=0) == []


def test_days_that_are_stated_bar_days_that_are_not_do_not() -> None:
    known = candidate(days=("TU", "TH"))
    assert missed(known, days=("MO", "FR")) == [("days", "open only on Tuesday and Thursday")]
    assert missed(known, days=("TH",)) == []
    assert missed(candidate(), days=("MO",)) == []


def test_a_full_service_is_barred_only_where_a_free_place_is_required() -> None:
    full = candidate(available=0, waiting=3)
    assert missed(full, free_place=True) == [("place", "no place free: waiting list of 3")]
    assert missed(full) == []
    assert missed(candidate(), free_place=True) == []


def test_a_near_miss_fails_exactly_one_requirement() -> None:
    wanted = sought(placed=True, metres=5000, age=40)
    one = candidate(id="one", metres=6000)
    two = candidate(id="two", metres=6000, minimum_age=60)
    fits = candidate(id="fits", metres=100)
    ranking = ranked(one, two, fits, wanted=wanted)
    assert order(ranking) == ["fits"]
    assert [near.candidate.id for near in ranking.near_misses] == ["one"]


def test_a_service_that_answers_none_of_the_needs_is_passed_over() -> None:
    ranking = ranked(candidate(needs=("debt_advice",)))
    assert (ranking.matches, ranking.near_misses) == ((), ())


def test_only_so_many_are_given() -> None:
    several = [candidate(id=f"svc-{n}") for n in range(5)]
    barred = [candidate(id=f"old-{n}", minimum_age=60) for n in range(5)]
    ranking = rank([*several, *barred], sought(age=30), TODAY, limit=2, near_misses=3)
    assert order(ranking) == ["svc-0", "svc-1"]
    assert [near.candidate.id for near in ranking.near_misses] == ["old-0", "old-1", "old-2"]


# Unmet needs


def unmet(ranking: Ranking) -> list[tuple[str, str]]:
    return [(each.need_code, each.reason_code) for each in ranking.unmet]


def test_a_need_that_no_service_answers_is_unmet_as_no_service() -> None:
    assert unmet(ranked()) == [("loneliness", "no_service")]


def test_a_need_answered_only_elsewhere_is_unmet_as_too_far() -> None:
    assert unmet(ranked(answered=frozenset({"loneliness"}))) == [("loneliness", "too_far")]
    wanted = sought(placed=True, metres=5000, age=40)
    beyond = candidate(metres=6000, minimum_age=60)
    assert unmet(ranked(beyond, wanted=wanted)) == [("loneliness", "too_far")]


def test_a_need_answered_only_by_full_services_is_unmet_as_no_place() -> None:
    wanted = sought(free_place=True, age=40)
    full, old = candidate(id="a", available=0), candidate(id="b", minimum_age=60)
    assert unmet(ranked(full, old, wanted=wanted)) == [("loneliness", "no_place")]


def test_a_need_answered_only_for_others_is_unmet_as_not_suitable() -> None:
    wanted = sought(placed=True, metres=5000, age=40, languages=("pl",))
    near = candidate(id="a", metres=100, minimum_age=60)
    far = candidate(id="b", metres=6000, languages=("pl",), minimum_age=60)
    assert unmet(ranked(near, far, wanted=wanted)) == [("loneliness", "not_suitable")]


def test_each_need_is_met_or_unmet_on_its_own() -> None:
    wanted = sought(need_codes=("loneliness", "debt_advice"))
    assert unmet(ranked(candidate(), wanted=wanted)) == [("debt_advice", "no_service")]
    assert unmet(ranked(candidate(needs=("loneliness", "debt_advice")), wanted=wanted)) == []
