"""What may be shown, and someone who tries to work out what may not."""

import itertools
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.outcomes.domain.reports import Cell, Contribution, Question, count
from services.outcomes.domain.reports.disclosure import blocks_of, noise_of, publish
from shared.events import AdministrativeGender
from tests.outcomes.examples import PRACTICE, TEAM
from tests.outcomes.reporting import a_contribution, answer, answering, cells_from, paged, question

MONTHS = ("2026-01", "2026-02", "2026-03")
AGES = ("25-34", "65-74")
SEXES = get_args(AdministrativeGender)
RANGES = [(a, b) for a in MONTHS for b in MONTHS if a <= b]
CUTS = [(), ("age_band",), ("sex",), ("practice",), ("age_band", "sex"), ("practice", "sex")]

Key = tuple[tuple[str, ...], tuple[str, ...], tuple[str, str], str]
"""Cut, values, months and scope of one number."""

people = st.lists(
    st.builds(
        a_contribution,
        st.sampled_from(MONTHS),
        age_band=st.sampled_from(AGES),
        sex=st.sampled_from(SEXES),
        practice=st.sampled_from([PRACTICE, "Y90002"]),
    ),
    max_size=120,
)


def asked() -> Iterable[tuple[Question, tuple[str, str], str]]:
    """Everything an attacker may ask: each cut, run of months and scope."""
    for months, cut in itertools.product(RANGES, CUTS):
        yield question("referrals", *cut, months=months), months, "tenant"
        yield (
            question("referrals", *cut, months=months, own={"practice": PRACTICE}),
            months,
            "practice",
        )
        yield question("referrals", *cut, months=months, own={"team": TEAM}), months, "team"


def publication(cells: Sequence[Cell]) -> tuple[Mapping[Key, int | None], Mapping[Key, int]]:
    """All that is shown, and the truth behind it, of the measure ``made``."""
    shown: dict[Key, int | None] = {}
    truth: dict[Key, int] = {}
    for asking, months, scope in asked():
        table = paged(asking, cells, most=3)
        exact = count(asking, list(answering(asking, cells)))
        for line in (*table.lines, *table.totals):
            key = (asking.by, line.values, months, scope)
            shown[key] = line.figures["made"]
            truth[key] = exact.get((line.values, "all"), {}).get("made", 0)
    return shown, truth


@given(st.integers(0, 400), st.integers(-48, 48))
def test_a_number_below_five_is_never_shown_and_others_are_multiples_of_five(
    true: int, noise: int
) -> None:
    shown = publish(true, noise)
    assert (shown is None) if true < 5 else (shown is None or shown >= 5)
    assert shown is None or shown % 5 == 0


@given(st.integers(0, 60), st.integers(-20, 20), st.integers(1, 20))
def test_whatever_is_shown_would_be_possible_with_more_cases(
    true: int, noise: int, more: int
) -> None:
    """So nothing that is shown bounds any count from above, and no suppressed one is solved."""
    shown = publish(true, noise)
    possible = {publish(true + more, other) for other in range(-48, 49)}
    assert shown in possible


@settings(max_examples=25, deadline=None)
@given(people)
def test_no_difference_of_published_numbers_gives_a_suppressed_one(
    found: list[Contribution],
) -> None:
    """Subtraction in every line, between cuts, runs of months and scopes."""
    shown, truth = publication(cells_from(found))
    assert all(truth[key] >= 5 for key, number in shown.items() if number is not None)
    secrets = {key for key, number in truth.items() if 0 < number < 5}
    for key in secrets:
        for claim in claims(key, shown):
            assert claim != truth[key]


@settings(max_examples=8, deadline=None)
@given(people, st.integers(1, 4))
def test_a_line_is_the_same_on_whichever_page_it_stands(
    found: list[Contribution], most: int
) -> None:
    """So turning pages of any length is no second draw, and hides and shows the same numbers."""
    cells = cells_from(found)
    for asking, _, _ in asked():
        pages, whole = paged(asking, cells, most=most), answer(asking, cells)
        assert sorted(pages.lines, key=str) == sorted(whole.lines, key=str)
        assert pages.totals == whole.totals


def claims(key: Key, shown: Mapping[Key, int | None]) -> Iterable[int]:
    """What a suppressed number would be if what is shown added up."""
    cut, values, months, scope = key
    others = [
        number
        for (cut_, values_, months_, scope_), number in shown.items()
        if (cut_, months_, scope_) == (cut, months, scope) and values_ and values_ != values
    ]
    whole = shown.get((cut, (), months, scope))
    if values and whole is not None:
        yield whole - sum(number or 0 for number in others)
    for longer, shorter in itertools.product(RANGES, RANGES):
        if set(spanned(longer)) - set(spanned(shorter)) == set(spanned(months)):
            both = shown.get((cut, values, longer, scope)), shown.get((cut, values, shorter, scope))
            if both[0] is not None and both[1] is not None:
                yield both[0] - both[1]


def spanned(months: tuple[str, str]) -> Sequence[str]:
    return [month for month in MONTHS if months[0] <= month <= months[1]]


def test_the_attackers_best_guess_of_a_suppressed_number_is_hardly_better_than_chance() -> None:
    """One small group beside large ones: the mean of all its estimates, over 200 tenants."""
    chance = random.Random(1)
    right = 0
    for n in range(200):
        small = chance.randint(1, 4)
        rest = {sex: chance.randint(20, 60) for sex in ("female", "male", "other")}
        groups = [*rest.items(), ("unknown", small)]
        cells = cells_from(
            [a_contribution(sex=sex) for sex, number in groups for _ in range(number)]
        )
        estimates = []
        for cut in (("sex",), ("age_band", "sex"), ("practice", "sex"), ("ethnic_group", "sex")):
            for scope in ("practice", "team", None):
                own = {scope: PRACTICE if scope == "practice" else TEAM} if scope else {}
                asking = question("referrals", *cut, months=("2026-03", "2026-03"), own=own)
                table = answer(asking, cells, secret=f"secret {n}")
                lines = [line.figures["made"] or 0 for line in table.lines]
                estimates.append((table.totals[0].figures["made"] or 0) - sum(lines))
        right += round(min(4, max(1, statistics.mean(estimates)))) == small
    assert right / 200 < 0.45


def test_asking_again_another_way_gives_the_same_number() -> None:
    cells = cells_from([a_contribution(sex=sex) for sex in ("female", "male") for _ in range(33)])
    by_practice = answer(question("referrals", "practice", "sex"), cells)
    other_way = answer(question("referrals", "sex", "practice"), cells)
    own = answer(question("referrals", "sex", own={"practice": PRACTICE}), cells)
    numbers = [line.figures["made"] for line in by_practice.lines]
    assert numbers == [line.figures["made"] for line in other_way.lines]
    told = [line.figures["made"] for line in own.lines]
    assert numbers == [number for number in told if number is not None]


@pytest.mark.parametrize(
    ("months", "blocks"),
    [
        (("2026-03",), ("2026-03",)),
        (("2026-01", "2026-02", "2026-03"), ("2026-Q1",)),
        (
            ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04"),
            ("2025-12", "2026-Q1", "2026-04"),
        ),
        (tuple(f"2026-{n:02}" for n in range(1, 13)), ("2026",)),
    ],
)
def test_a_run_of_months_is_made_of_whole_years_quarters_and_months(
    months: tuple[str, ...], blocks: tuple[str, ...]
) -> None:
    assert blocks_of(months) == blocks


def test_the_noise_is_small_fair_and_the_same_each_time() -> None:
    draws = [noise_of("secret", {"sex": str(n)}, ("a",), ("2026",)) for n in range(4000)]
    assert draws == [noise_of("secret", {"sex": str(n)}, ("a",), ("2026",)) for n in range(4000)]
    assert abs(statistics.mean(draws)) < 0.1
    assert 1.3 < statistics.pstdev(draws) < 1.7
    assert 0.39 < draws.count(0) / 4000 < 0.47
