"""What is shown and allowed of days goes by the service's clock, and by the day in England."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.clock import Clock
from tests.referral.conftest import Referring
from tests.referral.people import SAMPLE
from tests.referral.test_api_answers import link_to
from tests.referral.test_api_rerouting import accepted_case, post, refer_on


class Stopped(Clock):
    """A clock that stands still."""

    def __init__(self, year: int, month: int, day: int, hour: int, minute: int = 0) -> None:
        super().__init__()
        self._at = datetime(year, month, day, hour, minute, tzinfo=UTC)

    def now(self) -> datetime:
        return self._at


@pytest.mark.parametrize(
    ("birth_date", "at", "age"),
    [
        ("1957-03-14", (2031, 3, 13, 23, 59), 73),
        ("1957-03-14", (2031, 3, 14, 0, 0), 74),
        ("1957-07-02", (2031, 7, 1, 22, 59), 73),
        ("1957-07-02", (2031, 7, 1, 23, 0), 74),  # summer time: midnight in England
    ],
)
async def test_an_age_is_that_of_the_services_clock_in_england(
    referring: Referring, birth_date: str, at: tuple[int, int, int, int, int], age: int
) -> None:
    made = (await referring.refer(person=SAMPLE | {"birth_date": birth_date})).json()
    referring.app.state.clock = Stopped(*at)
    for path in (f"/referrals/{made['id']}", f"/persons/{made['person_id']}"):
        shown = (await referring.http.get(path, headers=referring.practice)).json()
        assert shown.get("person", shown)["age"] == age, path


async def test_the_page_behind_a_link_shows_the_age_by_the_services_clock(
    referring: Referring,
) -> None:
    referring.app.state.clock = Stopped(2031, 3, 13, 12)
    made = (await refer_on(referring, await accepted_case(referring))).json()
    link = await link_to(referring, made["id"])
    assert "<dt>Age</dt><dd>73</dd>" in (await referring.http.get(link)).text
    referring.app.state.clock = Stopped(2031, 3, 14, 12)
    assert "<dt>Age</dt><dd>74</dd>" in (await referring.http.get(link)).text


@pytest.mark.parametrize(
    ("at", "day", "status"),
    [
        ((2031, 3, 14, 12, 0), "2031-03-14", 200),
        ((2031, 3, 14, 12, 0), "2031-03-15", 422),
        ((2031, 7, 1, 22, 59), "2031-07-02", 422),
        ((2031, 7, 1, 23, 0), "2031-07-02", 200),  # summer time: midnight in England
        ((2031, 7, 1, 23, 0), "1899-12-31", 422),
    ],
)
async def test_a_past_day_is_one_that_has_come_by_the_services_clock_in_england(
    referring: Referring, at: tuple[int, int, int, int, int], day: str, status: int
) -> None:
    made = (await referring.refer()).json()
    path = f"/persons/{made['person_id']}"
    referring.app.state.clock = Stopped(*at)
    bodies: dict[str, dict[str, Any]] = {
        "moved": {"effective_on": day, "out_of_area": False},
        "deceased": {"died_on": day},
    }
    await post(referring, f"/referrals/{made['id']}/accept", referring.team)
    for command, body in bodies.items():
        answer = await post(referring, f"{path}/{command}", referring.team, body)
        assert answer.status_code == status, answer.text
        if status == 422:
            error = {
                "pointer": f"/{next(iter(body))}",
                "reason": "must be a past date, 1900-01-01 or later",
            }
            assert answer.json()["errors"] == [error]


async def test_nobody_is_born_after_the_services_day(referring: Referring) -> None:
    referring.app.state.clock = Stopped(2026, 1, 1, 12)
    refused = await referring.refer(person=SAMPLE | {"birth_date": "2026-01-02"})
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/person/birth_date"]
