"""Breaking the glass: what it opens, to whom, for how long, and who hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.clock import Clock
from shared.events import AccessOverridden
from tests.referral.conftest import TENANT, Referring

WHY = {"reason_code": "urgent_contact", "reason": "Rang in distress from a neighbour's telephone."}


@pytest.fixture
async def case(referring: Referring) -> dict[str, Any]:
    made: dict[str, Any] = (await referring.refer()).json()
    await referring.http.post(f"/referrals/{made['id']}/accept", json={}, headers=referring.team)
    return made


def stranger(referring: Referring) -> Mapping[str, str]:
    """A link worker of another team, who has no part in the person."""
    return referring.as_("link_worker", "other-team")


async def broken(
    referring: Referring, case: dict[str, Any], who: Mapping[str, str]
) -> httpx.Response:
    return await referring.http.post(
        f"/persons/{case['person_id']}/break-glass", json=WHY, headers=who
    )


async def seen(referring: Referring, path: str, who: Mapping[str, str]) -> int:
    return (await referring.http.get(path, headers=who)).status_code


async def test_it_opens_the_person_and_their_case_to_read_and_nothing_else(
    referring: Referring, case: dict[str, Any]
) -> None:
    who = stranger(referring)
    person, referral = f"/persons/{case['person_id']}", f"/referrals/{case['id']}"
    for path in (person, referral, f"{person}/consent", f"{referral}/history"):
        assert await seen(referring, path, who) == 404
    opened = await broken(referring, case, who)
    assert opened.status_code == 201
    assert opened.json()["case_ids"] == [case["id"]]
    read = (await referring.http.get(person, headers=who)).json()
    assert (read["family_name"], read["contact"]["telephone"]) == ("Testperson", "07700 900123")
    whole = (await referring.http.get(referral, headers=who)).json()
    assert (whole["reason"], whole["person"]["given_names"]) == ("Would like company.", "Sample")
    for path in (f"{person}/consent", f"{referral}/history"):
        assert await seen(referring, path, who) == 200
    # To read, of this one person, through what is asked by id: nothing else opens.
    for path in (f"{referral}/contacts", f"{referral}/notes"):
        assert await seen(referring, path, who) == 404
    listed = await referring.http.get(
        "/referrals", params={"person_id": case["person_id"]}, headers=who
    )
    assert listed.json()["items"] == []
    changed = await referring.http.patch(person, json={"language": "cy"}, headers=who)
    assert changed.status_code == 404
    withdrawn = await referring.http.post(
        f"{referral}/withdraw", json={"reason_code": "no_longer_needed"}, headers=who
    )
    assert withdrawn.status_code == 404


async def test_it_opens_to_that_worker_alone(referring: Referring, case: dict[str, Any]) -> None:
    await broken(referring, case, stranger(referring))
    person = f"/persons/{case['person_id']}"
    for other in (
        referring.as_("team_lead", "other-team"),
        referring.as_("link_worker", "third-team"),
        referring.as_("link_worker", "other-team", tenant="icb-b"),
    ):
        assert await seen(referring, person, other) == 404


async def test_it_runs_out_after_an_hour(referring: Referring, case: dict[str, Any]) -> None:
    who, person = stranger(referring), f"/persons/{case['person_id']}"
    await broken(referring, case, who)
    clock: Clock = referring.app.state.clock
    clock.advance(timedelta(minutes=59))
    assert await seen(referring, person, who) == 200
    clock.advance(timedelta(minutes=2))
    assert await seen(referring, person, who) == 404


async def test_a_restricted_record_opens_to_a_worker_who_is_not_named(
    referring: Referring, case: dict[str, Any]
) -> None:
    person = f"/persons/{case['person_id']}"
    await referring.http.post(
        f"{person}/restriction", json={"restricted": True}, headers=referring.team
    )
    lead = referring.as_("team_lead", "team-org")
    assert (await referring.http.get(person, headers=lead)).json()["given_names"] is None
    assert (await broken(referring, case, lead)).status_code == 201
    assert (await referring.http.get(person, headers=lead)).json()["given_names"] == "Sample"
    refused = await referring.http.patch(person, json={"language": "cy"}, headers=lead)
    assert refused.status_code == 403


async def test_who_sees_the_record_anyway_breaks_nothing(
    referring: Referring, case: dict[str, Any]
) -> None:
    assert (await broken(referring, case, referring.team)).status_code == 409


@pytest.mark.parametrize("role", ["referrer", "provider", "tenant_admin", "operations", "service"])
async def test_other_roles_break_no_glass(
    referring: Referring, case: dict[str, Any], role: str
) -> None:
    refused = await broken(referring, case, referring.as_(role, "other-team"))
    assert refused.status_code == 403


async def test_a_reason_is_asked_for(referring: Referring, case: dict[str, Any]) -> None:
    path, who = f"/persons/{case['person_id']}/break-glass", stranger(referring)
    for body in ({"reason_code": "curious", "reason": "x"}, {"reason_code": "urgent_contact"}):
        assert (await referring.http.post(path, json=body, headers=who)).status_code == 422
    assert await seen(referring, f"/persons/{case['person_id']}", who) == 404


async def test_the_lead_is_told_by_a_fact_without_who_or_why(
    referring: Referring, case: dict[str, Any]
) -> None:
    await broken(referring, case, stranger(referring))
    unsent = await referring.stores.overrides.collection.unsent(range(16), 100)
    [entry] = [entry for each in unsent for entry in each.entries]
    fact = AccessOverridden.model_validate_json(entry.data)
    assert fact.parties == {"team-org"}
    assert (fact.case_id, fact.person_id) == (case["id"], case["person_id"])
    assert (fact.actor.role, fact.actor.organisation) == ("link_worker", "other-team")
    assert fact.until - fact.occurred_at == timedelta(hours=1)
    text = entry.data.decode() if isinstance(entry.data, bytes) else entry.data
    for secret in ("distress", "urgent_contact", "link_worker-of-other-team"):
        assert secret not in text


async def test_it_stands_on_the_leads_worklist_until_reviewed(
    referring: Referring, case: dict[str, Any]
) -> None:
    made = (await broken(referring, case, stranger(referring))).json()
    lead = referring.as_("team_lead", "team-org")

    async def codes(who: Mapping[str, str]) -> list[str]:
        items = (await referring.http.get("/worklist", headers=who)).json()["items"]
        return [item["code"] for item in items]

    assert (await codes(lead))[0] == "review_access"
    assert "review_access" not in await codes(referring.team)
    assert "review_access" not in await codes(referring.as_("team_lead", "other-team"))
    path = f"/persons/{case['person_id']}/overrides"
    listed = (await referring.http.get(path, headers=lead)).json()["items"]
    assert [(each["worker_id"], each["reason"]) for each in listed] == [
        ("link_worker-of-other-team", WHY["reason"])
    ]
    other = referring.as_("team_lead", "other-team")
    assert await seen(referring, path, other) == 404
    review = f"{path}/{made['id']}/review"
    assert (await referring.http.post(review, headers=other)).status_code == 404
    assert (await referring.http.post(review, headers=lead)).status_code == 200
    assert (await referring.http.post(review, headers=lead)).status_code == 409
    assert "review_access" not in await codes(lead)
    after = (await referring.http.get(path, headers=lead)).json()["items"]
    assert after[0]["reviewed_organisation_ids"] == ["team-org"]


async def test_the_leads_of_named_workers_are_told_as_well(
    referring: Referring, case: dict[str, Any]
) -> None:
    await referring.http.put(
        "/teams/third-team/workers/named.worker",
        json={"limit": 5},
        headers=referring.as_("team_lead", "third-team"),
    )
    await referring.http.post(
        f"/persons/{case['person_id']}/restriction",
        json={"restricted": True, "named_workers": ["named.worker"]},
        headers=referring.team,
    )
    await broken(referring, case, stranger(referring))
    page = await referring.stores.overrides.of_person(
        TENANT, [case["person_id"]], limit=5, cursor=None
    )
    assert page.items[0].state.told == ("team-org", "third-team")
    told = referring.as_("team_lead", "third-team")
    listed = await referring.http.get(f"/persons/{case['person_id']}/overrides", headers=told)
    assert [each["told_organisation_ids"] for each in listed.json()["items"]] == [
        ["team-org", "third-team"]
    ]
    assert await seen(referring, f"/persons/{case['person_id']}", told) == 404


async def test_nobody_is_opened_who_is_not_there(referring: Referring) -> None:
    refused = await broken(referring, {"person_id": "never-was"}, stranger(referring))
    assert refused.status_code == 404
