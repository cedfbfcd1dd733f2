"""Teams, worklists, contact logs, notes and a tenant's own times, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.referral.clockwork import Clockwork
from tests.referral.conftest import Referring

LEAD_OF_TEAM = ("team_lead", "team-org")


async def state_worker(
    referring: Referring, worker: str, limit: int, *, active: bool = True
) -> None:
    answer = await referring.http.put(
        f"/teams/team-org/workers/{worker}",
        json={"limit": limit, "active": active},
        headers=referring.as_(*LEAD_OF_TEAM),
    )
    assert answer.status_code == 200, answer.text


async def accepted(referring: Referring, **body: object) -> Mapping[str, Any]:
    made = (await referring.refer()).json()
    answer = await referring.http.post(
        f"/referrals/{made['id']}/accept", json=body, headers=referring.team
    )
    assert answer.status_code == 200, answer.text
    read = await referring.http.get(f"/referrals/{made['id']}", headers=referring.team)
    seen: dict[str, Any] = read.json()
    return seen


async def open_cases(referring: Referring) -> dict[str, int]:
    team = await referring.http.get("/teams/team-org", headers=referring.team)
    return {each["worker_id"]: each["open_cases"] for each in team.json()["workers"]}


async def test_cases_are_shared_out_by_the_room_each_worker_has(referring: Referring) -> None:
    await state_worker(referring, "worker-a", 2)
    await state_worker(referring, "worker-b", 4)
    for _ in range(6):
        await accepted(referring)
    assert await open_cases(referring) == {"worker-a": 2, "worker-b": 4}
    assert (await accepted(referring))["assigned_to"] is None


async def test_a_case_can_be_given_by_hand_and_beyond_the_limit_only_if_said(
    referring: Referring,
) -> None:
    await state_worker(referring, "worker-a", 1)
    await state_worker(referring, "worker-b", 1)
    case = await accepted(referring, assigned_to="worker-b")
    assert case["assigned_to"] == "worker-b"
    other = await accepted(referring)
    path = f"/referrals/{other['id']}/assign"
    full = await referring.http.post(path, json={"assigned_to": "worker-b"}, headers=referring.team)
    assert (full.status_code, full.json()["limit"]) == (409, 1)
    said = await referring.http.post(
        path, json={"assigned_to": "worker-b", "over_limit": True}, headers=referring.team
    )
    assert said.status_code == 200
    assert await open_cases(referring) == {"worker-a": 0, "worker-b": 2}


async def test_who_leaves_hands_their_cases_over_and_what_nobody_has_room_for_is_named(
    referring: Referring,
) -> None:
    await state_worker(referring, "worker-a", 5)
    cases = {(await accepted(referring))["id"] for _ in range(3)}
    await state_worker(referring, "worker-b", 2)
    path = "/teams/team-org/workers/worker-a/hand-over"
    still_here = await referring.http.post(path, headers=referring.as_(*LEAD_OF_TEAM))
    assert still_here.status_code == 422
    await state_worker(referring, "worker-a", 5, active=False)
    done = (await referring.http.post(path, headers=referring.as_(*LEAD_OF_TEAM))).json()
    assert set(done["given"].values()) == {"worker-b"}
    assert len(done["given"]) == 2
    assert set(done["given"]) | set(done["left"]) == cases


async def test_a_team_is_arranged_by_its_own_lead_alone(referring: Referring) -> None:
    path = "/teams/team-org/workers/worker-a"
    worker = await referring.http.put(path, json={"limit": 1}, headers=referring.team)
    assert worker.status_code == 403
    stranger = referring.as_("team_lead", "other-org")
    assert (await referring.http.put(path, json={"limit": 1}, headers=stranger)).status_code == 404
    assert (await referring.http.get("/teams/team-org", headers=stranger)).status_code == 404


async def worklist(referring: Referring, headers: Mapping[str, str], worker: str = "") -> list[Any]:
    answer = await referring.http.get(
        "/worklist", params={"worker": worker} if worker else {}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    return [(item["referral_id"], item["code"]) for item in answer.json()["items"]]


async def test_the_worklist_says_what_to_do_first(referring: Referring) -> None:
    routine = (await referring.refer()).json()["id"]
    urgent = (await referring.refer(priority="urgent")).json()["id"]
    taken = (await accepted(referring))["id"]
    assert await worklist(referring, referring.team) == [
        (urgent, "answer"),
        (routine, "answer"),
        (taken, "arrange_first_contact"),
    ]
    assert await worklist(referring, referring.group) == []
    assert await worklist(referring, referring.practice) == []


async def test_a_workers_worklist_holds_their_own_cases_and_those_of_nobody(
    referring: Referring,
) -> None:
    new = (await referring.refer()).json()["id"]
    mine = (await accepted(referring, assigned_to="worker-a"))["id"]
    await accepted(referring, assigned_to="worker-b")
    assert await worklist(referring, referring.team, "worker-a") == [
        (new, "answer"),
        (mine, "arrange_first_contact"),
    ]


async def test_an_expired_onward_referral_is_back_on_the_link_workers_list(
    referring: Referring,
) -> None:
    case = await accepted(referring, assigned_to="worker-a")
    onward = await referring.http.post(
        "/referrals",
        json={
            "kind": "onward",
            "case_id": case["id"],
            "service_id": referring.group_service,
            "need_codes": ["loneliness"],
            "reason": "Would like company.",
            "consent": {"given": True, "method": "verbal"},
        },
        headers=referring.team,
    )
    clock = referring.app.state.clock
    clock.advance(timedelta(days=15))
    await Clockwork(referring.stores, clock.now, poll=timedelta(seconds=1)).ring_due()
    items = await worklist(referring, referring.team, "worker-a")
    assert items[0] == (onward.json()["id"], "choose_another_service")


async def test_contacts_are_logged_and_closing_is_proposed_then_set_aside(
    referring: Referring,
) -> None:
    case = await accepted(referring)
    path = f"/referrals/{case['id']}"
    early = await referring.http.post(
        f"{path}/not-complete", json={"reason_code": "uncontactable"}, headers=referring.team
    )
    assert early.status_code == 422
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for channel, at in (("telephone", yesterday), ("sms", None), ("telephone", None)):
        logged = await referring.http.post(
            f"{path}/contacts",
            json={
                "channel": channel,
                "outcome_code": "no_answer",
                "note": "Rang out.",
                "at": at,
            },
            headers=referring.team,
        )
        assert logged.status_code == 201, logged.text
    log = (await referring.http.get(f"{path}/contacts", headers=referring.team)).json()
    assert [item["channel"] for item in log["items"]] == ["telephone", "sms", "telephone"]
    assert (case["id"], "confirm_closing") in await worklist(referring, referring.team)
    kept = await referring.http.post(f"{path}/go-on", headers=referring.team)
    assert kept.status_code == 200
    assert (case["id"], "confirm_closing") not in await worklist(referring, referring.team)


async def test_notes_stay_with_the_organisation_that_wrote_them_and_out_of_events(
    referring: Referring,
) -> None:
    case = await accepted(referring)
    path = f"/referrals/{case['id']}/notes"
    written = await referring.http.post(
        path, json={"text": "Prefers mornings."}, headers=referring.team
    )
    assert written.status_code == 201
    own = (await referring.http.get(path, headers=referring.team)).json()
    assert [note["text"] for note in own["items"]] == ["Prefers mornings."]
    practice = referring.as_("link_worker", "Y90001")
    assert (await referring.http.get(path, headers=practice)).json()["items"] == []
    stranger = referring.as_("link_worker", "other-org")
    assert (await referring.http.get(path, headers=stranger)).status_code == 404
    history = await referring.http.get(f"/referrals/{case['id']}/history", headers=referring.team)
    assert "mornings" not in history.text


async def test_a_tenant_states_its_own_times(referring: Referring) -> None:
    admin = referring.as_("tenant_admin", "icb")
    assert (await referring.http.get("/rules", headers=referring.team)).json()["expiry_days"] == 14
    refused = await referring.http.put("/rules", json={"expiry_days": 7}, headers=referring.team)
    assert refused.status_code == 403
    stated = await referring.http.put("/rules", json={"expiry_days": 7}, headers=admin)
    assert stated.status_code == 200, stated.text
    read = await referring.http.get("/rules", headers=referring.team)
    assert read.json()["expiry_days"] == 7
    bad = await referring.http.put("/rules", json={"expiry_days": 0}, headers=admin)
    assert bad.json()["errors"][0]["pointer"] == "/expiry_days"
