"""Who looks after whom."""

from __future__ import annotations

import pytest

from services.referral.domain import caseload
from services.referral.domain.caseload import Team, Worker
from shared.errors import Conflict, Invalid


def team(**workers: Worker) -> Team:
    return Team(tenant="icb-a", organisation_id="team-org", workers=workers)


def test_the_worker_with_most_room_for_their_limit_gets_the_case() -> None:
    two = team(full_time=Worker(limit=40), part_time=Worker(limit=10))
    assert caseload.least_loaded(two, {"full_time": 20, "part_time": 4}) == "part_time"
    assert caseload.least_loaded(two, {"full_time": 20, "part_time": 6}) == "full_time"


def test_equals_go_by_the_number_of_cases_then_by_name() -> None:
    assert caseload.least_loaded(team(b=Worker(limit=5), a=Worker(limit=9)), {}) == "a"
    loaded = {"a": 2, "b": 1}
    assert caseload.least_loaded(team(a=Worker(limit=4), b=Worker(limit=2)), loaded) == "b"


def test_nobody_gets_more_than_their_limit_by_default() -> None:
    assert caseload.least_loaded(team(a=Worker(limit=1)), {"a": 1}) is None
    assert caseload.least_loaded(team(a=Worker(limit=0)), {}) is None


def test_who_takes_no_new_cases_is_passed_over() -> None:
    away = team(a=Worker(limit=9, active=False), b=Worker(limit=9))
    assert caseload.least_loaded(away, {"b": 8}) == "b"


def test_by_hand_a_case_goes_to_one_of_the_team_within_the_limit_unless_said() -> None:
    one = team(a=Worker(limit=1))
    with pytest.raises(Invalid) as stranger:
        caseload.check_by_hand(one, {}, "stranger", over_limit=True)
    assert stranger.value.errors[0].pointer == "/assigned_to"
    with pytest.raises(Conflict) as full:
        caseload.check_by_hand(one, {"a": 1}, "a", over_limit=False)
    assert full.value.context == {"limit": 1, "open_cases": 1}
    caseload.check_by_hand(one, {"a": 1}, "a", over_limit=True)


def test_without_a_team_stated_anyone_may_be_named() -> None:
    caseload.check_by_hand(team(), {}, "anyone", over_limit=False)
