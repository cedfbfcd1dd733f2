"""Providers without an account answer by a signed link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.referral.conftest import TENANT, Referring
from tests.referral.test_api_rerouting import accepted_case, post, refer_on, view


async def link_to(referring: Referring, referral_id: str) -> str:
    """The path of a new link."""
    answer = await post(
        referring,
        f"/referrals/{referral_id}/answer-links",
        referring.as_("service", "notifications"),
    )
    assert answer.status_code == 201, answer.text
    return urlsplit(str(answer.json()["url"])).path


async def referred(referring: Referring) -> tuple[Any, str]:
    case = await accepted_case(referring)
    made = (await refer_on(referring, case)).json()
    return made, await link_to(referring, made["id"])


async def send(referring: Referring, path: str, **form: str) -> httpx.Response:
    return await referring.http.post(path, data=form)


async def version(referring: Referring, made: Any) -> str:
    return str((await referring.stores.referrals.get(made["id"], TENANT)).version)


async def test_reading_the_page_changes_nothing_and_says_not_who_it_is(
    referring: Referring,
) -> None:
    made, path = await referred(referring)
    before = await version(referring, made)
    page = await referring.http.get(path)
    assert page.status_code == 200
    assert "A lunch club." in page.text
    assert "Testperson" not in page.text
    assert "07700" not in page.text
    assert "<script" not in page.text
    assert await version(referring, made) == before


async def test_accepting_by_link_shows_who_it_is_and_counts_once(referring: Referring) -> None:
    made, path = await referred(referring)
    form = {"action": "accept", "version": await version(referring, made)}
    for _ in range(2):
        page = await send(referring, path, **form)
        assert page.status_code == 200
        assert "You accepted this referral" in page.text
        assert "Testperson" in page.text
    saved = await referring.stores.referrals.get(made["id"], TENANT)
    accepted = [line for line in saved.history if line.type == "referral-accepted"]
    assert [(line.actor_role, line.actor_organisation) for line in accepted] == [
        ("provider", "group-org")
    ]
    assert "You accepted this referral" in (await referring.http.get(path)).text


async def test_declining_by_link_needs_a_code_and_ends_what_may_be_seen(
    referring: Referring,
) -> None:
    made, path = await referred(referring)
    wrong = await send(referring, path, action="decline", reason_code="bored", version="1")
    assert wrong.status_code == 422
    assert "bored" not in wrong.text
    page = await send(referring, path, action="decline", reason_code="no_capacity", version="1")
    assert "You declined this referral" in page.text
    assert "A lunch club." not in page.text
    shown = await view(referring, made["id"])
    assert (shown["status"], shown["reason_code"]) == ("declined", "no_capacity")


async def test_asking_by_link_shows_the_answer_there(referring: Referring) -> None:
    made, path = await referred(referring)
    text = "Is a ground-floor room needed?"
    form = {"action": "ask", "question_code": "access_needs", "text": text, "version": "1"}
    page = await send(referring, path, **form)
    assert "You asked a question about this referral" in page.text
    await send(referring, path, **form)
    assert len((await view(referring, made["id"]))["questions"]) == 1
    reply = {"text": "Yes, please."}
    await post(referring, f"/referrals/{made['id']}/answer", referring.team, reply)
    assert "Yes, please." in (await referring.http.get(path)).text


async def test_attendance_is_recorded_by_link(referring: Referring) -> None:
    made, path = await referred(referring)
    await send(referring, path, action="accept", version="1")
    booked = await post(
        referring,
        f"/referrals/{made['id']}/appointments",
        referring.group,
        {"start": "2026-03-02T10:00:00Z"},
    )
    appointment = booked.json()["appointment_id"]
    assert appointment in (await referring.http.get(path)).text
    page = await send(referring, path, action="attend", appointment_id=appointment, version="3")
    assert "You are supporting this person" in page.text
    unknown = await send(referring, path, action="miss", appointment_id="none", version="4")
    assert unknown.status_code == 404


async def test_accept_after_withdraw_by_link_says_so(referring: Referring) -> None:
    made, path = await referred(referring)
    withdrawn = {"reason_code": "person_declined"}
    await post(referring, f"/referrals/{made['id']}/withdraw", referring.team, withdrawn)
    page = await send(referring, path, action="accept", version="1")
    assert page.status_code == 409
    assert "This referral was withdrawn" in page.text
    assert "Nothing was changed" in page.text
    late = await post(
        referring,
        f"/referrals/{made['id']}/answer-links",
        referring.as_("service", "notifications"),
    )
    assert late.status_code == 409


async def test_an_expired_link_says_whom_to_ask_and_nothing_else(referring: Referring) -> None:
    made, path = await referred(referring)
    referring.app.state.clock.advance(timedelta(days=15))
    for page in (
        await referring.http.get(path),
        await send(referring, path, action="accept", version="1"),
    ):
        assert page.status_code == 410
        assert "team-org" in page.text
        assert made["id"] in page.text
        assert "A lunch club." not in page.text
    assert (await view(referring, made["id"]))["status"] == "submitted"


@pytest.mark.parametrize("path", ["/answers/forged", "/answers/" + "x" * 3000])
async def test_a_link_not_made_here_tells_nothing(referring: Referring, path: str) -> None:
    assert (await referring.http.get(path)).status_code == 404
    assert (await send(referring, path, action="accept")).status_code == 404


async def test_only_a_service_makes_links(referring: Referring) -> None:
    made, _ = await referred(referring)
    for headers in (referring.group, referring.team):
        refused = await post(referring, f"/referrals/{made['id']}/answer-links", headers)
        assert refused.status_code == 403
