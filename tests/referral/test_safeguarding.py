"""Safeguarding: written down whatever else fails, and seen by the lead and the author alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from services.referral.store import Concerns
from shared.cause import Actor, Cause
from shared.events import ReferralCreated
from shared.testing import eventually
from tests.referral.conftest import TENANT, Referring

SECRET = "Bruises seen at the lunch club"


def keeper(referring: Referring) -> Mapping[str, str]:
    return referring.as_("safeguarding_lead", "icb")


async def raised(referring: Referring, **changes: Any) -> dict[str, Any]:
    case = (await referring.refer()).json()
    answer = await referring.http.post(
        "/safeguarding-concerns",
        json={
            "person_id": case["person_id"],
            "category": "physical",
            "severity": "high",
            "details": SECRET,
            **changes,
        },
        headers=referring.team,
    )
    assert answer.status_code == 201, answer.text
    assert "999" in answer.json()["note"]
    concern: dict[str, Any] = answer.json()
    return concern


async def test_safeguarding_is_seen_by_the_lead_and_the_author_alone(referring: Referring) -> None:
    """Kafka is away throughout: nothing here needs it."""
    concern = await raised(referring)
    path = f"/safeguarding-concerns/{concern['id']}"
    for allowed in (keeper(referring), referring.team):
        seen = await referring.http.get(path, headers=allowed)
        assert (seen.status_code, seen.json()["details"]) == (200, SECRET)
    for role, organisation, status in (
        ("link_worker", "another-org", 404),
        ("team_lead", "team-org", 404),
        ("referrer", "Y90001", 404),
        ("operations", "icb", 403),
        ("tenant_admin", "icb", 403),
        ("service", "linkway", 403),
    ):
        for url in (path, "/safeguarding-concerns"):
            refused = await referring.http.get(url, headers=referring.as_(role, organisation))
            if url == path or status == 403:
                assert refused.status_code == status, (role, url)
            else:
                assert refused.json()["items"] == [], "what one does not lead on is not listed"
    elsewhere = referring.as_("safeguarding_lead", "icb", tenant="icb-b")
    assert (await referring.http.get(path, headers=elsewhere)).status_code == 404


async def test_safeguarding_alerts_say_how_many_and_how_old_and_nothing_else(
    referring: Referring,
) -> None:
    concern = await raised(referring)
    alerts = (
        await referring.http.get("/safeguarding-concerns/alerts", headers=keeper(referring))
    ).json()
    assert alerts["open"] == 1
    assert alerts["items"][0].keys() == {"id", "severity", "age_seconds"}
    path = f"/safeguarding-concerns/{concern['id']}"
    body = {"outcome_code": "action_taken", "note": "Social care informed."}
    assert (
        await referring.http.post(f"{path}/close", json=body, headers=referring.team)
    ).status_code == 404, "the author does not close it"
    closed = await referring.http.post(f"{path}/close", json=body, headers=keeper(referring))
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    again = await referring.http.post(f"{path}/close", json=body, headers=keeper(referring))
    assert again.status_code == 409
    alerts = (
        await referring.http.get("/safeguarding-concerns/alerts", headers=keeper(referring))
    ).json()
    assert (alerts["open"], alerts["oldest_seconds"]) == (0, None)


async def test_a_named_lead_sees_the_concern_whatever_their_role(referring: Referring) -> None:
    concern = await raised(referring, lead_subject="team_lead-of-team-org")
    listed = await referring.http.get(
        "/safeguarding-concerns", headers=referring.as_("team_lead", "team-org")
    )
    assert [each["id"] for each in listed.json()["items"]] == [concern["id"]]


async def test_safeguarding_goes_into_no_event_no_log_and_no_label(
    referring: Referring, capfd: pytest.CaptureFixture[str]
) -> None:
    concern = await raised(referring)
    await referring.http.get(f"/safeguarding-concerns/{concern['id']}", headers=keeper(referring))
    stores = referring.stores
    saved = await stores.concerns.get(concern["id"], TENANT)
    raw = await stores.concerns.collection.read([concern["id"]])
    assert raw[concern["id"]]["outbox"] == []
    for store in (stores.referrals, stores.persons):
        for document in await store.aggregate([{"$match": {"tenant": TENANT}}]):
            said = json.dumps([document["outbox"], document["history"]], default=str)
            assert SECRET not in said
            assert "safeguarding" not in said
            assert concern["id"] not in said
    out, err = capfd.readouterr()
    for secret in (SECRET, concern["id"], saved.state.person_id):
        assert secret not in out + err
    metrics = (await referring.http.get("/metrics")).text
    assert concern["id"] not in metrics
    assert saved.state.person_id not in metrics


async def test_the_figure_to_alert_on_counts_open_concerns(referring: Referring) -> None:
    async def shown() -> bool:
        metrics = (await referring.http.get("/metrics")).text
        return "safeguarding_concerns_open 0.0" in metrics

    await eventually(shown, within=10)
    await raised(referring)
    number, oldest = await referring.stores.concerns.open_everywhere()
    assert number == 1
    assert oldest is not None


async def test_a_fact_about_a_concern_is_refused_by_the_store(referring: Referring) -> None:
    concern = await raised(referring)
    concerns: Concerns = referring.stores.concerns
    case = (await referring.stores.referrals.find(TENANT, limit=1)).items[0]
    fact = ReferralCreated.model_validate(
        {
            **case.state.model_dump(),
            "occurred_at": case.created_at,
            "actor": {"role": "link_worker", "organisation": "team-org"},
            "referral_id": case.id,
        }
    )
    actor = Actor("w", "link_worker", "team-org", TENANT)
    cause = Cause(id="c", actor=actor, at=case.created_at)
    with pytest.raises(ValueError, match="names no source"):
        await concerns.update(
            concern["id"],
            lambda state: (state.model_copy(update={"severity": "low"}), [fact]),
            cause,
        )


async def test_how_long_a_concern_waits_goes_by_the_services_own_clock(
    referring: Referring,
) -> None:
    await raised(referring)
    referring.app.state.clock.advance(timedelta(days=2))
    answer = await referring.http.get("/safeguarding-concerns/alerts", headers=keeper(referring))
    assert 2 * 86400 <= answer.json()["oldest_seconds"] < 3 * 86400
