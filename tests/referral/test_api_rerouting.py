"""Drafts, duplicates, re-referrals and rerouting over HTTP."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx

from services.referral import handlers
from shared.events import EventActor, ReferralCreated, ServiceClosed
from shared.ids import new_id
from tests.referral.conftest import TENANT, Referring, directory_cause, published

AGREED = {"given": True, "method": "verbal"}


async def accepted_case(referring: Referring, **changes: object) -> Any:
    case = (await referring.refer(**changes)).json()
    await post(referring, f"/referrals/{case['id']}/accept", referring.team)
    return case


async def post(
    referring: Referring, path: str, headers: Any, body: object | None = None
) -> httpx.Response:
    return await referring.http.post(path, json=body or {}, headers=headers)


async def refer_on(referring: Referring, case: Any, **changes: object) -> httpx.Response:
    body = {
        "kind": "onward",
        "case_id": case["id"],
        "service_id": referring.group_service,
        "need_codes": ["loneliness"],
        "reason": "A lunch club.",
        "consent": AGREED,
    }
    return await post(referring, "/referrals", referring.team, body | changes)


async def another_service(referring: Referring, organisation: str = "other-org") -> str:
    service = new_id()
    fact = published(service, organisation, "community")
    await handlers.note_listing(referring.stores, fact, directory_cause())
    return service


async def close(referring: Referring, service: str, seq: int = 2) -> None:
    closed = ServiceClosed(
        tenant=TENANT,
        seq=seq,
        occurred_at=datetime.now(UTC),
        actor=EventActor(role="directory_curator", organisation="icb"),
        service_id=service,
        organisation_id="group-org",
        service_role="community",
    )
    await handlers.note_listing(referring.stores, closed, directory_cause())


async def made_event(referring: Referring, referral_id: str) -> ReferralCreated:
    """The fact of a referral, as its outbox holds it."""
    documents = await referring.stores.referrals.collection.read([referral_id])
    return ReferralCreated.model_validate_json(documents[referral_id]["outbox"][0]["data"])


async def view(referring: Referring, referral_id: str, headers: Any = None) -> Any:
    answer = await referring.http.get(
        f"/referrals/{referral_id}", headers=headers or referring.team
    )
    return answer.json()


async def test_a_draft_is_known_to_no_one_else_until_it_is_submitted(referring: Referring) -> None:
    draft = (await referring.refer(draft=True)).json()
    path = f"/referrals/{draft['id']}"
    assert draft["status"] == "draft"
    assert (await referring.http.get(path, headers=referring.practice)).status_code == 200
    assert (await referring.http.get(path, headers=referring.team)).status_code == 404
    listed = (await referring.http.get("/referrals", headers=referring.team)).json()
    assert listed["items"] == []
    documents = await referring.stores.referrals.collection.read([draft["id"]])
    assert documents[draft["id"]]["outbox"] == []
    submitted = await post(referring, f"{path}/submit", referring.practice)
    assert submitted.json()["status"] == "submitted"
    assert (await made_event(referring, draft["id"])).due_by is not None
    assert (await referring.http.get(path, headers=referring.team)).status_code == 200


async def test_a_draft_is_submitted_only_while_no_like_referral_is_open(
    referring: Referring,
) -> None:
    draft = (await referring.refer(draft=True)).json()
    first = (await referring.refer(person=None, person_id=draft["person_id"])).json()
    refused = await post(referring, f"/referrals/{draft['id']}/submit", referring.practice)
    assert refused.status_code == 409
    assert refused.json()["referral_id"] == first["id"]


async def test_duplicate_referral_that_ended_lately_needs_a_reason(referring: Referring) -> None:
    first = (await referring.refer()).json()
    withdrawn = {"reason_code": "no_longer_needed"}
    await post(referring, f"/referrals/{first['id']}/withdraw", referring.practice, withdrawn)
    again = {"person": None, "person_id": first["person_id"]}
    refused = await referring.refer(**again)
    assert refused.status_code == 409
    assert refused.json()["referral_id"] == first["id"]
    second = await referring.refer(**again, override_reason="They changed their mind.")
    assert second.status_code == 201
    shown = await view(referring, second.json()["id"], referring.practice)
    assert shown["override_reason"] == "They changed their mind."
    assert shown["previous_case_id"] == first["id"]


async def test_a_repeat_gets_the_first_answer_even_when_it_would_be_refused_by_now(
    referring: Referring,
) -> None:
    first = (await referring.refer()).json()
    body = {
        "kind": "intake",
        "service_id": referring.team_service,
        "person_id": first["person_id"],
        "need_codes": ["loneliness"],
        "reason": "Again.",
        "override_reason": "New needs.",
        "consent": AGREED,
    }
    withdrawn = {"reason_code": "no_longer_needed"}
    await post(referring, f"/referrals/{first['id']}/withdraw", referring.practice, withdrawn)
    keyed = {**referring.practice, "Idempotency-Key": "again-1"}
    second = await post(referring, "/referrals", keyed, body)
    await close(referring, referring.team_service)
    repeated = await post(referring, "/referrals", keyed, body)
    assert (repeated.status_code, repeated.json()) == (201, second.json())


async def test_an_earlier_case_is_stated_only_if_it_is_the_persons(referring: Referring) -> None:
    other = (await referring.refer()).json()
    refused = await referring.refer(previous_case_id=other["id"])
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/previous_case_id"]


async def test_a_reroute_makes_a_new_referral_and_the_old_one_names_it(
    referring: Referring,
) -> None:
    case = await accepted_case(referring)
    old = (await refer_on(referring, case)).json()
    service = await another_service(referring)
    body = {"service_id": service, "reason": "It is nearer.", "consent": AGREED}
    keyed = {**referring.team, "Idempotency-Key": "reroute-1"}
    made = await post(referring, f"/referrals/{old['id']}/reroute", keyed, body)
    assert made.status_code == 201, made.text
    new = made.json()
    assert (new["case_id"], new["person_id"]) == (case["id"], old["person_id"])
    event = await made_event(referring, new["id"])
    assert event.replaces == old["id"]
    for _ in range(2):
        await handlers.note_referral_made(referring.stores, event, directory_cause())
    shown = await view(referring, old["id"])
    assert (shown["status"], shown["rerouted_to"]) == ("withdrawn", new["id"])
    assert (await view(referring, new["id"]))["replaces"] == old["id"]
    again = await post(referring, f"/referrals/{old['id']}/reroute", keyed, body)
    assert again.json() == new
    other = await post(referring, f"/referrals/{old['id']}/reroute", referring.team, body)
    assert (other.status_code, other.json()["referral_id"]) == (409, new["id"])
    saved = await referring.stores.referrals.get(old["id"], TENANT)
    assert [line.type for line in saved.history][-2:] == [
        "referral-withdrawn",
        "referral-rerouted",
    ]


async def test_two_reroutes_at_once_make_one_new_referral(referring: Referring) -> None:
    case = await accepted_case(referring)
    old = (await refer_on(referring, case)).json()
    services = [await another_service(referring, f"org-{n}") for n in range(4)]
    answers = await asyncio.gather(
        *(
            post(
                referring,
                f"/referrals/{old['id']}/reroute",
                referring.team,
                {"service_id": service, "reason": "Nearer.", "consent": AGREED},
            )
            for service in services
        )
    )
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]
    (new,) = (each.json()["id"] for each in answers if each.status_code == 201)
    assert {each.json()["referral_id"] for each in answers if each.status_code == 409} == {new}


async def test_service_closes_and_every_open_referral_to_it_is_marked(
    referring: Referring,
) -> None:
    cases = [await accepted_case(referring) for _ in range(3)]
    onward = [(await refer_on(referring, case)).json()["id"] for case in cases]
    declined = {"reason_code": "no_capacity"}
    await post(referring, f"/referrals/{onward[0]}/decline", referring.group, declined)
    await close(referring, referring.group_service)
    shown = [await view(referring, each) for each in onward]
    assert [each["reroute_needed"]["reason_code"] for each in shown] == [
        "declined",
        "service_closed",
        "service_closed",
    ]
    assert [each["status"] for each in shown] == ["declined", "submitted", "submitted"]
    dismissal = {"reason": "They go elsewhere."}
    dismissed = await post(
        referring, f"/referrals/{onward[1]}/dismiss-reroute", referring.team, dismissal
    )
    assert dismissed.status_code == 200
    await close(referring, referring.group_service)
    kept = await view(referring, onward[1])
    assert kept["reroute_needed"] is None
    assert kept["reroute_dismissed"]["reason"] == "They go elsewhere."


async def test_organisation_closes_and_its_cases_are_marked_for_the_practice(
    referring: Referring,
) -> None:
    case = (await referring.refer()).json()
    await close(referring, referring.team_service)
    shown = await view(referring, case["id"], referring.practice)
    assert shown["reroute_needed"]["reason_code"] == "service_closed"


async def test_late_events_a_referral_made_while_its_service_closed_is_marked_too(
    referring: Referring,
) -> None:
    case = await accepted_case(referring)
    # This replica looked the service up a moment ago, and another one heard that it closed.
    await referring.stores.listings.look_up(referring.group_service, TENANT)
    await close(referring, referring.group_service)
    made = (await refer_on(referring, case)).json()
    assert (await view(referring, made["id"]))["reroute_needed"] is None
    event = await made_event(referring, made["id"])
    await handlers.note_referral_made(referring.stores, event, directory_cause())
    assert (await view(referring, made["id"]))["reroute_needed"] is not None
