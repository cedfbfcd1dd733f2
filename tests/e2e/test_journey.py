"""The journey through four services, each step over HTTP or Kafka only."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from shared.testing import eventually
from tests.e2e.conftest import TEAM_ORGANISATION, World
from tests.notifications.receivers import Answer, Taken

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("e2e-journey"),
]

NO_PERSON = ("Sample", "Testperson", "1957", "900123", "ZZ1 2AB", "company")


async def test_a_person_is_referred_supported_and_referred_on(world: World) -> None:
    free_before = await world.available()

    made = await world.post("referral", "/referrals", world.practice, world.intake())
    case = made.json()["id"]
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    assert made.headers["Location"] == f"/referrals/{case}"

    plan = await eventually(lambda: plan_of(world, case))
    assert (plan["status"], plan["goals"]) == ("open", [])
    mail = await eventually(lambda: mail_about(world, case))
    assert mail["To"] == "practice@example.org"
    assert not any(word in mail.as_string() for word in NO_PERSON)

    path = f"/referrals/{case}"
    accepted = await world.post(
        "referral", f"{path}/accept", world.link_worker, {"assigned_to": "worker-1"}
    )
    assert accepted.json()["status"] == "accepted"
    await keep_appointment(world, path, world.link_worker, "attend")
    plan = await eventually(lambda: plan_where(world, case, attended=1))
    assert (plan["attendance"]["attended"], plan["attendance"]["missed"]) == (1, 0)

    assessed = await world.post(
        "outcomes",
        f"/plans/{case}/assessments",
        world.link_worker,
        {
            "strengths": [{"group": "social_connection", "own_words": "I love cooking."}],
            "needs": [{"need_code": "loneliness", "importance": 8}],
        },
    )
    assert assessed.status_code == 201, assessed.text
    goals = [
        await goal_set(world, case, wording)
        for wording in ("Eat with others once a week.", "Ring my sister.")
    ]
    shown = await eventually(lambda: goals_shown(world, case, 2))
    assert {goal["achievement_status"] for goal in shown.values()} == {"in-progress"}

    found: Any = await world.get(
        "directory",
        "/services",
        world.link_worker,
        need="loneliness",
        postcode="ZZ1 2AB",
        proximity=5000,
    )
    (group,) = [each for each in found["items"] if each["id"] == world.group]
    # A hundredth of a degree of latitude is about 1,112 metres.
    assert 1100 < group["distance_metres"] < 1125
    assert group["capacity"]["available"] == free_before

    onward = (
        await world.post("referral", "/referrals", world.link_worker, world.onward(case))
    ).json()["id"]
    taken = await eventually(lambda: webhook_about(world, onward))
    Webhook(world.hook_secret).verify(taken.body, taken.headers)
    message = json.loads(taken.body)
    assert message["type"] == "referral-created"
    assert not any(word in taken.body for word in NO_PERSON)
    await eventually(lambda: world_has_free(world, free_before - 1))

    detail = await world.http.get(message["data"]["dataref"], headers=world.provider)
    assert detail.status_code == 200
    assert detail.json()["person"]["family_name"] is None

    path = f"/referrals/{onward}"
    assert (await world.post("referral", f"{path}/accept", world.provider, {})).status_code == 200
    for outcome in ("attend", "miss", "attend"):
        await keep_appointment(world, path, world.provider, outcome)
    plan = await eventually(lambda: plan_where(world, case, attended=3))
    assert (plan["attendance"]["attended"], plan["attendance"]["missed"]) == (3, 1)

    moved = await world.post(
        "outcomes",
        f"/plans/{case}/goals/{goals[0]}/progress",
        world.link_worker,
        {"achievement_status": "improving", "confidence": 7},
    )
    assert moved.status_code in {200, 201}, moved.text
    await eventually(lambda: goal_is(world, case, goals[0], "improving"))

    done = await world.post(
        "referral", f"{path}/complete", world.provider, {"outcome_code": "goals_met"}
    )
    assert done.json()["status"] == "completed"
    await eventually(lambda: world_has_free(world, free_before))
    told = await eventually(lambda: mail_about(world, onward, "completed"))
    assert told["To"] == "practice@example.org"
    history: Any = await world.get("referral", f"{path}/history", world.practice)
    assert [line["type"] for line in history["items"]][-1] == "referral-completed"


async def test_a_declined_referral_frees_the_place_and_tells_the_practice(world: World) -> None:
    free_before = await world.available()
    case = (await world.accepted_case())["id"]
    onward = await referred_on(world, case)
    await eventually(lambda: world_has_free(world, free_before - 1))
    declined = await world.post(
        "referral",
        f"/referrals/{onward}/decline",
        world.provider,
        {"reason_code": "not_eligible"},
    )
    assert declined.json()["status"] == "declined"
    await eventually(lambda: world_has_free(world, free_before))
    await eventually(lambda: mail_about(world, onward, "declined"))
    seen: Any = await world.get("referral", f"/referrals/{onward}", world.link_worker)
    assert seen["reason_code"] == "not_eligible"


async def test_a_withdrawn_referral_frees_the_place_and_tells_the_provider(world: World) -> None:
    free_before = await world.available()
    case = (await world.accepted_case())["id"]
    onward = await referred_on(world, case)
    await eventually(lambda: world_has_free(world, free_before - 1))
    withdrawn = await world.post(
        "referral",
        f"/referrals/{onward}/withdraw",
        world.link_worker,
        {"reason_code": "person_declined"},
    )
    assert withdrawn.json()["status"] == "withdrawn"
    await eventually(lambda: world_has_free(world, free_before))
    await eventually(lambda: webhook_about(world, onward, "referral-withdrawn"))
    seen: Any = await world.get("referral", f"/referrals/{onward}", world.provider)
    assert seen["person"] is None


async def test_a_second_open_referral_to_the_same_service_names_the_first(world: World) -> None:
    case = (await world.accepted_case())["id"]
    first = await referred_on(world, case)
    second = await world.post("referral", "/referrals", world.link_worker, world.onward(case))
    assert second.status_code == 409
    assert second.json()["referral_id"] == first
    await world.post(
        "referral",
        f"/referrals/{first}/withdraw",
        world.link_worker,
        {"reason_code": "no_longer_needed"},
    )
    # What this test set off must not reach the receiver while the next one has it fail.
    for event_type in ("referral-created", "referral-withdrawn"):
        await eventually(partial(webhook_about, world, first, event_type))


async def test_a_failing_receiver_gets_the_same_message_again(world: World) -> None:
    await eventually(lambda: nothing_waits(world))
    world.hook.answers.extend([Answer(500), Answer(503)])
    case = (await world.accepted_case())["id"]
    onward = await referred_on(world, case)

    def told_three_times() -> list[str]:
        ids = [each.headers["webhook-id"] for each in world.hook.taken if onward in each.body]
        return ids if len(ids) == 3 else []

    ids = await eventually(told_three_times, within=15)
    assert len(set(ids)) == 1


async def test_a_broken_glass_leads_to_one_signed_webhook_to_the_team_without_who_or_why(
    world: World,
) -> None:
    case = (await world.accepted_case())["id"]
    lead = world.platform.headers("team_lead", TEAM_ORGANISATION)
    stranger = world.platform.headers("link_worker", "other-team")
    secret = await hears_of_overrides(world, lead, "team")
    await hears_of_overrides(world, stranger, "others")
    seen: Any = await world.get("referral", f"/referrals/{case}", world.link_worker)
    person, reason = seen["person_id"], "Rang in distress from a neighbour."
    for _ in range(2):
        broken = await world.post(
            "referral",
            f"/persons/{person}/break-glass",
            stranger,
            {"reason_code": "urgent_contact", "reason": reason},
            **{"Idempotency-Key": f"glass-{case}"},
        )
        assert broken.status_code == 201, broken.text

    def told() -> list[Taken]:
        return [each for each in world.hook.taken if each.json["type"] == "access-overridden"]

    (taken,) = await eventually(told, within=20)
    assert taken.path == "/hook/team"
    Webhook(secret).verify(taken.body, taken.headers)
    data = taken.json["data"]
    assert data.keys() == {"event_id", "case_id", "seq", "dataref"}
    assert data["case_id"] == case
    for word in (*NO_PERSON, "distress", "urgent_contact", "link_worker-of", "console"):
        assert word not in taken.body
    found = await world.http.get(data["dataref"], headers=lead)
    assert found.status_code == 200, found.text
    assert [each["reason"] for each in found.json()["items"]] == [reason], "the lead may ask why"
    # A later fact of the same case comes after anything that was still to come of it.
    onward = await referred_on(world, case)
    await eventually(partial(webhook_about, world, onward))
    await eventually(lambda: nothing_waits(world))
    assert len(told()) == 1


async def hears_of_overrides(world: World, who: dict[str, str], path: str) -> str:
    """Subscribe the asker's organisation; the secret that signs what it is sent."""
    made = await world.post(
        "notifications",
        "/subscriptions",
        who,
        {
            "channel": "webhook",
            "url": f"{world.hook.url}/{path}",
            "event_types": ["access-overridden"],
        },
    )
    assert made.status_code == 201, made.text

    async def active() -> bool:
        found: Any = await world.get("notifications", f"/subscriptions/{made.json()['id']}", who)
        return bool(found["status"] == "active")

    await eventually(active, within=30)
    return str(made.json()["secret"])


async def test_one_trace_spans_http_kafka_and_every_consumer(world: World) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    case = (await world.accepted_case())["id"]
    made = await world.post(
        "referral",
        "/referrals",
        world.link_worker,
        world.onward(case),
        traceparent=f"00-{trace_id}-00f067aa0ba902b7-01",
    )
    taken = await eventually(lambda: webhook_about(world, made.json()["id"]))
    assert taken.headers["traceparent"].split("-")[1] == trace_id
    for service in world.platform.urls:
        log = world.platform.processes.log(service)
        await eventually(partial(_has, log, trace_id))


async def test_every_service_is_ready_and_says_what_it_promises(world: World) -> None:
    for service, url in world.platform.urls.items():
        ready = (await world.http.get(f"{url}/ready")).json()
        assert ready["status"] == "ready", service
        assert {"mongo", "kafka", "relay"} <= set(ready["checks"])
        assert (await world.http.get(f"{url}/live")).status_code == 200
        assert (await world.http.get(f"{url}/asyncapi")).json()["asyncapi"] == "3.0.0"
        assert (await world.http.get(f"{url}/openapi.json")).json()["paths"]
        missing = await world.http.get(f"{url}/no-such-thing")
        assert missing.status_code == 404
        assert missing.headers["content-type"] == "application/problem+json"


def _has(log: Path, text: str) -> bool:
    return text in log.read_text()


async def nothing_waits(world: World) -> bool:
    found: Any = await world.get("notifications", "/deliveries", world.provider, status="queued")
    return not found["items"]


async def referred_on(world: World, case: str) -> str:
    made = await world.post("referral", "/referrals", world.link_worker, world.onward(case))
    assert made.status_code == 201, made.text
    referral_id: str = made.json()["id"]
    return referral_id


async def goal_set(world: World, case: str, wording: str) -> str:
    made = await world.post(
        "outcomes",
        f"/plans/{case}/goals",
        world.link_worker,
        {"wording": wording, "need_code": "loneliness", "confidence": 5},
    )
    assert made.status_code == 201, made.text
    goal_id: str = made.json()["id"]
    return goal_id


async def keep_appointment(world: World, path: str, who: dict[str, str], outcome: str) -> None:
    booked = await world.post(
        "referral", f"{path}/appointments", who, {"start": "2026-12-01T10:00:00Z"}
    )
    assert booked.status_code == 201, booked.text
    appointment = booked.json()["appointment_id"]
    kept = await world.post("referral", f"{path}/appointments/{appointment}/{outcome}", who)
    assert kept.status_code == 200, kept.text


async def plan_of(world: World, case: str) -> Any:
    answer = await world.http.get(
        f"{world.platform.urls['outcomes']}/plans/{case}", headers=world.link_worker
    )
    return answer.json() if answer.status_code == 200 else None


async def plan_where(world: World, case: str, *, attended: int) -> Any:
    plan = await plan_of(world, case)
    return plan if plan and plan["attendance"]["attended"] == attended else None


async def goals_shown(world: World, case: str, count: int) -> Any:
    seen: Any = await world.get("referral", f"/referrals/{case}", world.practice)
    return seen["goals"] if len(seen["goals"]) == count else None


async def goal_is(world: World, case: str, goal: str, achievement: str) -> Any:
    seen: Any = await world.get("referral", f"/referrals/{case}", world.practice)
    return seen["goals"] if seen["goals"][goal]["achievement_status"] == achievement else None


async def world_has_free(world: World, places: int) -> bool:
    return await world.available() == places


def webhook_about(world: World, referral_id: str, event_type: str = "referral-created") -> Any:
    return next(
        (
            each
            for each in world.hook.taken
            if referral_id in each.body and each.json["type"] == event_type
        ),
        None,
    )


def mail_about(world: World, referral_id: str, word: str = "") -> Any:
    return next(
        (
            mail
            for mail in world.mail.mails
            if referral_id in mail.get_content()
            and word in (mail["Subject"] + mail.get_content()).lower()
        ),
        None,
    )
