"""Every command of a referral over HTTP, and what the provider hears who comes too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.referral import handlers
from tests.referral.conftest import TENANT, Referring, directory_cause
from tests.referral.test_api_rerouting import accepted_case, post, refer_on, view


async def test_accept_after_withdraw_tells_the_provider_where_it_stands(
    referring: Referring,
) -> None:
    case = await accepted_case(referring)
    made = (await refer_on(referring, case)).json()
    withdrawn = {"reason_code": "person_declined"}
    await post(referring, f"/referrals/{made['id']}/withdraw", referring.team, withdrawn)
    late = await post(referring, f"/referrals/{made['id']}/accept", referring.group)
    assert late.status_code == 409
    assert late.json()["current_status"] == "withdrawn"
    documents = await referring.stores.referrals.collection.read([made["id"]])
    (fact,) = (
        entry for entry in documents[made["id"]]["outbox"] if entry["type"] == "referral-withdrawn"
    )
    assert '"provider_organisation_id":"group-org"' in fact["data"]


async def test_accept_after_expiry_tells_the_provider_where_it_stands(
    referring: Referring,
) -> None:
    case = await accepted_case(referring)
    made = (await refer_on(referring, case)).json()
    saved = await referring.stores.referrals.get(made["id"], TENANT)
    later = replace(directory_cause(), at=datetime.now(UTC) + timedelta(days=15))
    await handlers.ring(referring.stores, saved.state, later)
    late = await post(referring, f"/referrals/{made['id']}/accept", referring.group)
    assert (late.status_code, late.json()["current_status"]) == (409, "expired")
    assert (await view(referring, made["id"]))["reroute_needed"]["reason_code"] == "expired"


async def test_every_command_has_its_route(referring: Referring) -> None:
    case = (await referring.refer()).json()
    path = f"/referrals/{case['id']}"
    steps: list[tuple[str, Any, Any, str]] = [
        ("ask", referring.team, {"question_code": "risk", "text": "Safe?"}, "info_requested"),
        ("answer", referring.practice, {"text": "Yes."}, "submitted"),
        ("accept", referring.team, {}, "accepted"),
    ]
    for name, who, body, status in steps:
        answer = await post(referring, f"{path}/{name}", who, body)
        assert (answer.status_code, answer.json()["status"]) == (200, status), answer.text
    booked = await post(
        referring, f"{path}/appointments", referring.team, {"start": "2026-12-01T10:00:00Z"}
    )
    moved = await post(
        referring,
        f"{path}/appointments/{booked.json()['appointment_id']}/reschedule",
        referring.team,
        {"start": "2026-12-02T10:00:00Z", "moved_by": "person"},
    )
    assert moved.status_code == 201, moved.text
    attended = await post(
        referring,
        f"{path}/appointments/{moved.json()['appointment_id']}/attend",
        referring.team,
    )
    assert attended.json()["status"] == "in_progress"
    last: list[tuple[str, Any, Any, str]] = [
        ("hold", referring.team, {"reason_code": "person_away"}, "on_hold"),
        ("resume", referring.team, {}, "in_progress"),
        ("complete", referring.team, {"outcome_code": "goals_met"}, "completed"),
        (
            "enter-in-error",
            referring.practice,
            {"reason_code": "wrong_person"},
            "entered_in_error",
        ),
    ]
    for name, who, body, status in last:
        answer = await post(referring, f"{path}/{name}", who, body)
        assert (answer.status_code, answer.json()["status"]) == (200, status), answer.text


async def test_a_signpost_is_followed_up(referring: Referring) -> None:
    case = await accepted_case(referring)
    given = (await refer_on(referring, case, kind="signpost")).json()
    assert given["status"] == "given"
    answer = await post(
        referring,
        f"/referrals/{given['id']}/follow-up",
        referring.team,
        {"outcome_code": "unknown"},
    )
    assert answer.json()["status"] == "followed_up"
    draft = await refer_on(referring, case, kind="signpost", draft=True)
    assert draft.status_code == 422
