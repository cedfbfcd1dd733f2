"""Unmet need: noted by hand or known from referrals, counted without persons."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from services.directory import handlers
from services.directory.domain import UnmetNeed, gap_map, hear
from services.directory.store import Stores
from shared.cause import Actor
from shared.events import (
    NeedUnmet,
    ReferralAccepted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralExpired,
)
from shared.ids import derived_id
from tests.directory.examples import (
    CURATOR,
    PROVIDER,
    TENANT,
    WORKER,
    Api,
    because,
    fact,
    listing,
    pointers,
)

REPORTER = Actor("analyst-1", "reporter", "org-icb", TENANT)


def created(referral: str = "r-1", *needs: str) -> ReferralCreated:
    return fact(ReferralCreated, 1, referral).model_copy(
        update={"need_codes": needs or ("loneliness",)}
    )


def declined(reason: str, referral: str = "r-1") -> ReferralDeclined:
    return fact(ReferralDeclined, 2, referral).model_copy(update={"reason_code": reason})


def heard(facts: Sequence[ReferralEvent]) -> tuple[UnmetNeed | None, list[tuple[str, str]]]:
    """What is known after the facts, and what was told: each need with its reason."""
    known: UnmetNeed | None = None
    told: list[tuple[str, str]] = []
    for each in facts:
        known, events = hear(known, each, "ZZ1", because())
        told += [(event.need_code, event.reason_code) for event in events]
    return known, told


# Referrals that lead nowhere


@pytest.mark.parametrize(
    ("code", "reason", "district"),
    [
        ("no_capacity", "no_place", "ZZ1"),
        ("out_of_area", "too_far", None),
        ("not_eligible", "not_suitable", "ZZ1"),
        ("wrong_service", "not_suitable", "ZZ1"),
        ("risk_too_high", "not_suitable", "ZZ1"),
    ],
)
def test_provider_declines_and_says_why_the_need_was_not_met(
    code: str, reason: str, district: str | None
) -> None:
    known, told = heard([created(), declined(code)])
    assert told == [("loneliness", reason)]
    assert known is not None
    assert known.district == district


@pytest.mark.parametrize("code", ["duplicate", "insufficient_information", "other"])
def test_a_decline_that_says_nothing_of_the_need_does_not_count(code: str) -> None:
    assert heard([created(), declined(code)])[1] == []


def test_who_never_answers_has_no_place() -> None:
    assert heard([created(), fact(ReferralExpired, 2)])[1] == [("loneliness", "no_place")]


def test_each_need_of_a_referral_counts() -> None:
    _, told = heard([created("r-1", "loneliness", "debt_advice"), declined("no_capacity")])
    assert told == [("loneliness", "no_place"), ("debt_advice", "no_place")]


def test_in_any_order_and_however_often_a_need_is_told_once() -> None:
    facts = [created(), declined("no_capacity"), created(), declined("no_capacity")]
    for order in itertools.permutations(facts):
        known, told = heard(order)
        assert told == [("loneliness", "no_place")]
        assert known == heard(facts)[0]


def test_what_was_entered_in_error_does_not_count() -> None:
    facts = [created(), declined("no_capacity"), fact(ReferralEnteredInError, 3)]
    for order in itertools.permutations(facts):
        known, _ = heard(order)
        assert known is not None
        assert not known.counts


def test_a_fact_of_unmet_need_names_no_person_and_no_referral() -> None:
    events: Sequence[NeedUnmet] = ()
    known: UnmetNeed | None = None
    for each in (created(), declined("no_capacity")):
        known, events = hear(known, each, "ZZ1", because())
    (event,) = events
    text = event.model_dump_json()
    assert event.unmet_id == derived_id("r-1", "loneliness")
    assert not any(word in text for word in ("person-1", "r-1", "case-of"))


async def test_facts_of_referrals_sent_again_at_once_count_once(stores: Stores) -> None:
    places = [{"postal_code": "ZZ4 1AB"}]
    await handlers.put_services(stores, [listing(locations=places)], because())
    facts = [
        each for n in range(6) for each in (created(f"r-{n}"), declined("no_capacity", f"r-{n}"))
    ]
    accepted = [created("r-met"), fact(ReferralAccepted, 2, "r-met")]
    intake = fact(ReferralDeclined, 2, "r-in", referral_kind="intake")
    await asyncio.gather(
        *(
            handlers.follow_need(stores, each, because())
            for each in [*facts, *facts, *accepted, intake]
        )
    )
    counted = await stores.unmet.counts(TENANT, ["need", "area", "month"], "2026-03", "2026-03")
    assert counted == {("loneliness", "ZZ4", "2026-03"): 6}
    unsent = await stores.unmet.collection.unsent(range(16), 100)
    assert [entry.type for each in unsent for entry in each.entries] == ["need-unmet"] * 6


# Small numbers


def lines(counts: dict[tuple[str | None, ...], int]) -> list[tuple[str | None, str | None, Any]]:
    return [(gap.need_code, gap.district, gap.count) for gap in gap_map(["need", "area"], counts)]


def test_counts_under_five_are_left_out() -> None:
    assert lines(
        {("debt_advice", "ZZ1"): 5, ("food_support", "ZZ2"): 4, ("food_support", None): 0}
    ) == [
        ("debt_advice", "ZZ1", 5),
        ("food_support", None, None),
        ("food_support", "ZZ2", None),
    ]


def test_a_small_count_cannot_be_had_by_subtracting_from_a_coarser_table() -> None:
    assert lines(
        {("debt_advice", "ZZ1"): 3, ("debt_advice", "ZZ2"): 9, ("debt_advice", "ZZ3"): 7}
    ) == [
        ("debt_advice", "ZZ1", None),
        ("debt_advice", "ZZ2", 9),
        ("debt_advice", "ZZ3", None),
    ]


def test_hiding_one_more_does_not_give_away_another_line() -> None:
    told = lines(
        {
            ("debt_advice", "ZZ1"): 3,
            ("debt_advice", "ZZ2"): 6,
            ("food_support", "ZZ1"): 8,
            ("food_support", "ZZ2"): 20,
        }
    )
    assert [count for *_, count in told] == [None, None, None, None]


# Over HTTP


async def note(api: Api, times: int, **said: str) -> None:
    body = {"need_code": "loneliness", "postcode_district": "zz1", "reason_code": "no_service"}
    for _ in range(times):
        answer = await api("POST", "/unmet-needs", {**body, **said}, actor=WORKER)
        assert answer.status_code == 201


async def test_the_map_counts_by_what_is_asked_for(api: Api) -> None:
    await note(api, 6)
    await note(api, 7, postcode_district="ZZ2")
    await note(api, 2, need_code="debt_advice")
    by_need = (await api("GET", "/unmet-needs?by=need", actor=REPORTER)).json()
    assert by_need["smallest_told"] == 5
    assert by_need["items"] == [
        {"need_code": "debt_advice", "count": None, "suppressed": True},
        {"need_code": "loneliness", "count": None, "suppressed": True},
    ]
    by_area = (await api("GET", "/unmet-needs?by=area,need", actor=CURATOR)).json()
    assert by_area["by"] == ["need", "area"]
    table = await api("GET", "/unmet-needs?by=area&format=csv", actor=REPORTER)
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.splitlines() == [
        "district,count,suppressed",
        "ZZ1,8,false",
        "ZZ2,7,false",
    ]


async def test_months_bound_the_map(api: Api) -> None:
    await note(api, 6)
    past = await api("GET", "/unmet-needs?by=need&from=2020-01&to=2020-12", actor=REPORTER)
    assert past.json()["items"] == []
    now = await api("GET", "/unmet-needs?by=need", actor=REPORTER)
    assert [each["count"] for each in now.json()["items"]] == [6]


async def test_a_note_sent_again_under_its_key_counts_once(api: Api) -> None:
    body = {"need_code": "debt_advice", "postcode_district": "ZZ1", "reason_code": "too_far"}
    ids = {
        (
            await api(
                "POST", "/unmet-needs", body, actor=WORKER, headers={"idempotency-key": "k-1"}
            )
        ).json()["id"]
        for _ in range(3)
    }
    assert len(ids) == 1


async def test_who_may_note_and_who_may_count(api: Api) -> None:
    body = {"need_code": "debt_advice", "postcode_district": "ZZ1", "reason_code": "too_far"}
    assert (await api("POST", "/unmet-needs", body, actor=PROVIDER)).status_code == 403
    assert (await api("GET", "/unmet-needs", actor=WORKER)).status_code == 403
    wrong = await api(
        "POST",
        "/unmet-needs",
        {**body, "person_id": "x", "postcode_district": "ZZ1 1AA"},
        actor=WORKER,
    )
    assert pointers(wrong.json()) == ["/postcode_district", "/person_id"]
    for query, pointer in (
        ("by=person", "/query/by"),
        ("by=", "/query/by"),
        ("from=2026-13", "/query/from"),
    ):
        bad = await api("GET", f"/unmet-needs?{query}", actor=REPORTER)
        assert (bad.status_code, pointers(bad.json())) == (422, [pointer])
