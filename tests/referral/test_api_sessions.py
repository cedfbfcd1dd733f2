"""Group sessions over HTTP, and what their facts do to referrals over a real broker."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.ids import new_id
from shared.testing import eventually
from tests.referral.conftest import TENANT, Referring
from tests.referral.test_api_rerouting import (
    AGREED,
    accepted_case,
    another_service,
    post,
    refer_on,
    view,
)


async def arranged(referring: Referring, maximum: int = 3) -> str:
    answer = await post(
        referring,
        "/sessions",
        referring.group,
        {
            "service_id": referring.group_service,
            "start": "2026-12-01T10:00:00Z",
            "maximum": maximum,
        },
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/sessions/{answer.json()['id']}"
    return str(answer.json()["id"])


async def joined(referring: Referring) -> str:
    """An accepted referral to the group."""
    case = await accepted_case(referring)
    made = (await refer_on(referring, case)).json()
    await post(referring, f"/referrals/{made['id']}/accept", referring.group)
    return str(made["id"])


async def take(referring: Referring, session: str, referral: str) -> Any:
    return await post(
        referring, f"/sessions/{session}/places", referring.group, {"referral_id": referral}
    )


async def test_the_last_place_is_taken_once_however_many_ask(referring: Referring) -> None:
    session = await arranged(referring, maximum=2)
    people = [await joined(referring) for _ in range(5)]
    answers = await asyncio.gather(*(take(referring, session, each) for each in people))
    assert sorted(each.status_code for each in answers) == [201, 201, 409, 409, 409]
    shown = (await referring.http.get(f"/sessions/{session}", headers=referring.group)).json()
    assert (shown["status"], shown["available"], len(shown["places"])) == ("full", 0, 2)


async def test_a_place_is_for_an_accepted_referral_to_that_service(referring: Referring) -> None:
    session = await arranged(referring)
    case = await accepted_case(referring)
    waiting = (await refer_on(referring, case)).json()["id"]
    assert (await take(referring, session, waiting)).status_code == 409
    assert (await take(referring, session, case["id"])).status_code == 422
    assert (await take(referring, session, new_id())).status_code == 422


async def test_a_session_is_its_organisations_alone(referring: Referring) -> None:
    session = await arranged(referring)
    stranger = referring.as_("provider", "other-org")
    assert (await referring.http.get(f"/sessions/{session}", headers=stranger)).status_code == 404
    assert (await post(referring, f"/sessions/{session}/cancel", stranger)).status_code == 404
    listed = (await referring.http.get("/sessions", headers=stranger)).json()
    assert listed["items"] == []
    mine = await referring.http.get("/sessions", params={"status": "open"}, headers=referring.group)
    assert [each["id"] for each in mine.json()["items"]] == [session]
    refused = await post(
        referring,
        "/sessions",
        stranger,
        {
            "service_id": referring.group_service,
            "start": "2026-12-01T10:00:00Z",
            "maximum": 3,
        },
    )
    assert refused.status_code == 422


async def test_places_and_attendance_become_appointments(consuming: Referring) -> None:
    referring = consuming
    session = await arranged(referring)
    here, away, leaves = [await joined(referring) for _ in range(3)]

    async def appointments(referral: str) -> list[tuple[str, str]]:
        shown = await view(referring, referral, referring.team)
        return [(shown["status"], each["status"]) for each in shown["appointments"]]

    async def all_are(**wanted: list[tuple[str, str]]) -> bool:
        people = {"here": here, "away": away, "leaves": leaves}
        found = {name: await appointments(people[name]) for name in wanted}
        assert found == wanted
        return True

    for each in (here, away, leaves, here):
        assert (await take(referring, session, each)).status_code == 201
    booked = [("accepted", "booked")]
    await eventually(lambda: all_are(here=booked, away=booked, leaves=booked), within=30)

    # Whoever ends the referral frees the place, without a word about the session.
    withdrawn = {"reason_code": "moved"}
    await post(referring, f"/referrals/{leaves}/withdraw", referring.team, withdrawn)

    async def freed() -> bool:
        state = (await referring.stores.sessions.get(session, TENANT)).state
        return set(state.places) == {here, away}

    await eventually(freed, within=30)
    await post(referring, f"/sessions/{session}/hold", referring.group)

    async def record(said: dict[str, str]) -> None:
        answer = await post(
            referring, f"/sessions/{session}/attendance", referring.group, {"attendance": said}
        )
        assert answer.status_code == 200, answer.text

    await record({here: "attended", away: "attended"})
    came = [("in_progress", "fulfilled")]
    await eventually(lambda: all_are(here=came, away=came), within=30)
    await record({away: "missed"})
    await eventually(
        lambda: all_are(
            here=[("in_progress", "fulfilled")],
            away=[("in_progress", "noshow")],
            leaves=[("withdrawn", "cancelled")],
        ),
        within=30,
    )


async def test_a_session_called_off_and_a_reroute_are_carried_out_by_the_service_itself(
    consuming: Referring,
) -> None:
    referring = consuming
    session = await arranged(referring)
    person = await joined(referring)
    await take(referring, session, person)

    async def stands(status: str) -> bool:
        shown = await view(referring, person, referring.team)
        assert [each["status"] for each in shown["appointments"]] == [status]
        return True

    await eventually(lambda: stands("booked"), within=30)
    await post(referring, f"/sessions/{session}/cancel", referring.group)
    await eventually(lambda: stands("cancelled"), within=30)

    body = {
        "service_id": await another_service(referring),
        "reason": "The group has no other day.",
        "consent": AGREED,
    }
    new = (await post(referring, f"/referrals/{person}/reroute", referring.team, body)).json()

    async def rerouted() -> bool:
        shown = await view(referring, person, referring.team)
        return bool(shown["rerouted_to"] == new["id"] and shown["status"] == "withdrawn")

    await eventually(rerouted, within=30)
