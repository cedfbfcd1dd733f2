"""Ranking, with every figure worked out by hand from the table of weights."""

from datetime import date
from typing import Any

import pytest

from services.directory.domain import (
    WEIGHTS,
    Candidate,
    Ranking,
    Session,
    Sought,
    rank,
    why_found,
)
from services.directory.domain.matching import Judged
from services.directory.domain.matching_parts import freshness
from services.directory.domain.matching_words import kilometres
from services.directory.domain.parts import CostOption

TODAY = date(2026, 3, 2)  # a Monday
TUESDAY = Session(date=date(2026, 3, 3))


def candidate(**known: Any) -> Candidate:
    return Candidate(**{"id": "svc-1", "needs": ("loneliness",), **known})


def sought(**asked: Any) -> Sought:
    return Sought(**{"need_codes": ("loneliness",), **asked})


def ranked(*candidates: Candidate, wanted: Sought | None = None, **known: Any) -> Ranking:
    return rank(candidates, wanted or sought(), TODAY, limit=10, near_misses=10, **known)


def texts(judged: Judged, wanted: Sought, session: Session | None = None) -> list[str]:
    return [why.text for why in why_found(judged, wanted, TODAY, session)]


# The score


def test_the_weights_come_to_100() -> None:
    assert sum(WEIGHTS.values()) == 100


def test_a_service_that_has_everything_asked_for_scores_100() -> None:
    wanted = sought(
        placed=True,
        metres=5000,
        age=67,
        languages=("pl",),
        accessibility=("step_free",),
        maximum_cost=0,
        days=("TU",),
    )
    perfect = candidate(
        metres=0,
        minimum_age=60,
        languages=("en", "pl"),
        accessibility=("step_free", "hearing_loop"),
        free=True,
        days=("TU", "TH"),
        available=3,
        assured_date=TODAY,
    )
    [match] = ranked(perfect, wanted=wanted).matches
    assert match.score == 100
    assert [(part.code, part.points) for part in match.parts] == list(WEIGHTS.items())


def test_the_parts_of_a_score_sum_to_it() -> None:
    wanted = sought(
        need_codes=("loneliness", "debt_advice"), placed=True, metres=5000, days=("MO", "TU", "WE")
    )
    known = candidate(
        metres=1200,  # 1 - 1200/5000 = 0.76 of 20 = 15.2
        available=None,  # half of 15 = 7.5
        assured_date=date(2025, 9, 15),  # 168 days: 1 - 138/335 = 0.588 of 10 = 5.9
        free=None,  # half of 5 = 2.5
        days=("TU",),  # a third of 4 = 1.3
    )
    [match] = ranked(known, wanted=wanted).matches
    assert {part.code: part.points for part in match.parts} == {
        "need": 20.0,  # one of two
        "distance": 15.2,
        "place": 7.5,
        "freshness": 5.9,
        "cost": 2.5,
        "days": 1.3,
    }
    assert match.score == 52.4


def test_what_was_not_asked_for_is_no_part_of_the_score() -> None:
    [match] = ranked(candidate(metres=None)).matches
    assert [part.code for part in match.parts] == ["need", "place", "freshness", "cost"]


def test_the_more_needs_a_service_answers_the_higher_it_ranks() -> None:
    wanted = sought(need_codes=("loneliness", "nature"))
    both = candidate(id="both", needs=("nature", "loneliness"))
    one = candidate(id="one", free=True)
    assert order(ranked(one, both, wanted=wanted)) == ["both", "one"]


def test_the_nearer_of_two_like_services_comes_first() -> None:
    wanted = sought(placed=True, metres=5000)
    far, near = candidate(id="a", metres=4000.0), candidate(id="b", metres=400.0)
    assert order(ranked(far, near, wanted=wanted)) == ["b", "a"]


def test_equals_are_ordered_by_distance_and_then_by_id() -> None:
    wanted = sought(placed=True, metres=5000)
    metres = {"c": 1000.0, "b": 1001.0, "a": 1000.0}  # 1001 m earns as much, to a tenth
    assert order(
        ranked(*(candidate(id=i, metres=m) for i, m in metres.items()), wanted=wanted)
    ) == [
        "a",
        "c",
        "b",
    ]


@pytest.mark.parametrize(
    ("assured", "share"),
    [
        (date(2026, 3, 2), 1.0),
        (date(2026, 1, 31), 1.0),  # 30 days
        (date(2025, 8, 16), 0.5),  # 198 days: half way from 30 to 365, to a hundredth
        (date(2025, 3, 2), 0.0),  # 365 days
        (date(2005, 1, 1), 0.0),
        (None, 0.0),
    ],
)
def test_what_was_confirmed_long_ago_counts_less(assured: date | None, share: float) -> None:
    assert freshness(assured, TODAY) == pytest.approx(share, abs=0.01)


def test_of_two_like_services_the_one_confirmed_of_late_comes_first() -> None:
    stale = candidate(id="a", assured_date=date(2025, 4, 1))
    fresh = candidate(id="b", assured_date=date(2026, 2, 18))
    assert order(ranked(stale, fresh)) == ["b", "a"]


def test_a_full_service_ranks_lower_and_says_how_many_wait() -> None:
    full = candidate(id="a", available=0, waiting=4)
    unknown, free = candidate(id="b"), candidate(id="c", available=1)
    ranking = ranked(full, unknown, free)
    assert order(ranking) == ["c", "b", "a"]
    assert "Full: waiting list of 4" in texts(ranking.matches[2], sought())


def order(ranking: Ranking) -> list[str]:
    return [match.candidate.id for match in ranking.matches]


# The reasons


def test_every_match_says_why_in_plain_words() -> None:
    wanted = sought(
        placed=True, metres=5000, age=67, languages=("pl",), accessibility=("step_free",)
    )
    known = candidate(
        metres=1234.5,
        minimum_age=60,
        languages=("pl",),
        accessibility=("step_free",),
        free=True,
        available=2,
        assured_date=date(2026, 2, 18),
    )
    [match] = ranked(known, wanted=wanted).matches
    assert texts(match, wanted, TUESDAY) == [
        "Helps with loneliness",
        "1.2 km away",
        "Free",
        "Place available, next session Tuesday",
        "For ages 60+",
        "In Polish",
        "Has step-free access",
        "Details confirmed 12 days ago",
    ]


def test_what_a_service_does_not_say_one_is_told_to_ask() -> None:
    wanted = sought(placed=True, days=("MO",))
    [match] = ranked(candidate(remote=True), wanted=wanted).matches
    assert texts(match, wanted) == [
        "Helps with loneliness",
        "Online or by telephone",
        "Cost not stated: ask",
        "Places not stated: ask",
        "Days not stated: ask",
        "Details never confirmed",
    ]


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (date(2026, 3, 2), "today"),
        (date(2026, 3, 8), "Sunday"),
        (date(2026, 3, 9), "Monday 9 March"),
    ],
)
def test_the_next_session_is_said_as_people_say_a_day(on: date, said: str) -> None:
    [match] = ranked(candidate(available=1)).matches
    assert f"Place available, next session {said}" in texts(match, sought(), Session(date=on))


@pytest.mark.parametrize(
    ("assured", "said"),
    [
        (TODAY, "Details confirmed today"),
        (date(2026, 3, 1), "Details confirmed yesterday"),
        (date(2025, 12, 2), "Details confirmed 90 days ago"),
        (date(2025, 9, 2), "Details confirmed 6 months ago"),
        (date(2025, 3, 2), "Details not confirmed for over a year"),
    ],
)
def test_the_age_of_a_confirmation_is_said_in_words(assured: date, said: str) -> None:
    [match] = ranked(candidate(assured_date=assured)).matches
    assert texts(match, sought())[-1] == said


def test_a_price_is_the_least_that_holds_today() -> None:
    costs = (
        CostOption(amount=2, valid_to=date(2025, 12, 31)),
        CostOption(amount=4.5),
        CostOption(amount=8),
        CostOption(amount=1, valid_from=date(2026, 4, 1)),
    )
    [match] = ranked(candidate(free=False, cost_options=costs)).matches
    assert "Costs from £4.50" in texts(match, sought())


@pytest.mark.parametrize(
    ("metres", "said"),
    [(3, "10 m"), (350, "350 m"), (1000, "1 km"), (1234, "1.2 km"), (14_400, "14 km")],
)
def test_distances_are_said_as_people_say_them(metres: float, said: str) -> None:
    assert kilometres(metres) == said
