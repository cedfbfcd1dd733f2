"""The referral service over HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.referral.conftest import Referring, intake


async def test_an_intake_is_created_with_location_and_etag(referring: Referring) -> None:
    answer = await referring.refer()
    assert answer.status_code == 201
    receipt = answer.json()
    assert answer.headers["Location"] == f"/referrals/{receipt['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert receipt["status"] == "submitted"
    assert receipt["case_id"] == receipt["id"]
    assert receipt["version"] == 1


async def test_a_repeat_under_the_same_key_gets_the_first_answer(referring: Referring) -> None:
    body = intake_of(referring)
    headers = {**referring.practice, "Idempotency-Key": "practice-message-7"}
    first = await referring.http.post("/referrals", json=body, headers=headers)
    accepted = await referring.http.post(
        f"/referrals/{first.json()['id']}/accept", json={}, headers=referring.team
    )
    assert accepted.status_code == 200
    again = await referring.http.post("/referrals", json=body, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["ETag"] == '"1"'
    assert await referring.stores.referrals.count("icb-a") == 1
    assert await referring.stores.persons.count("icb-a") == 1


async def test_one_key_stands_for_one_request(referring: Referring) -> None:
    headers = {**referring.practice, "Idempotency-Key": "practice-message-8"}
    await referring.http.post("/referrals", json=intake_of(referring), headers=headers)
    other = intake_of(referring) | {"reason": "Something else."}
    answer = await referring.http.post("/referrals", json=other, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert await referring.stores.referrals.count("icb-a") == 1


async def test_twenty_at_once_under_one_key_make_one_referral(referring: Referring) -> None:
    headers = {**referring.practice, "Idempotency-Key": "practice-message-9"}
    answers = await asyncio.gather(
        *(
            referring.http.post("/referrals", json=intake_of(referring), headers=headers)
            for _ in range(20)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await referring.stores.referrals.count("icb-a") == 1


async def test_a_second_open_referral_to_the_same_service_names_the_first(
    referring: Referring,
) -> None:
    first = (await referring.refer()).json()
    answers = await asyncio.gather(
        *(referring.refer(person=None, person_id=first["person_id"]) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {409}
    assert {answer.json()["referral_id"] for answer in answers} == {first["id"]}
    withdrawn = await referring.http.post(
        f"/referrals/{first['id']}/withdraw",
        json={"reason_code": "no_longer_needed"},
        headers=referring.practice,
    )
    assert withdrawn.status_code == 200
    again = await referring.refer(
        person=None, person_id=first["person_id"], override_reason="They changed their mind."
    )
    assert again.status_code == 201


async def test_a_person_with_a_known_nhs_number_is_not_made_twice(referring: Referring) -> None:
    person = intake_of(referring)["person"] | {"nhs_number": "999 000 0018"}
    first = (await referring.refer(person=person)).json()
    second = await referring.refer(person=person)
    assert second.status_code == 409
    assert second.json()["referral_id"] == first["id"]
    assert await referring.stores.persons.count("icb-a") == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "transfer"}, "/kind"),
        ({"need_codes": []}, "/need_codes"),
        ({"need_codes": ["Not A Code"]}, "/need_codes/0"),
        ({"consent": {"given": False, "method": "verbal"}}, "/consent/given"),
        (
            {"consent": {"given": True, "method": "verbal", "scope": ["contact_details"]}},
            "/consent/scope",
        ),
        (
            {"consent": {"given": True, "method": "verbal", "scope": ["referral_details"] * 2}},
            "/consent/scope",
        ),
        (
            {"consent": {"given": True, "method": "verbal", "scope": ["everything"]}},
            "/consent/scope/0",
        ),
        ({"reason": "   "}, "/reason"),
        ({"surprise": 1}, "/surprise"),
        ({"service_id": "unknown"}, "/service_id"),
        ({"person": None}, "/person"),
        ({"person": None, "person_id": "unknown"}, "/person_id"),
    ],
)
async def test_a_bad_field_is_named_and_nothing_is_kept(
    referring: Referring, change: dict[str, Any], pointer: str
) -> None:
    answer = await referring.refer(**change)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert await referring.stores.referrals.count("icb-a") == 0
    assert await referring.stores.persons.count("icb-a") == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nhs_number", "9990000019"),
        ("birth_date", "2999-01-01"),
        ("birth_date", "14/03/1957"),
        ("given_names", ""),
        ("contact", {"postal_code": "nowhere"}),
        ("contact", {"email": "not-an-address"}),
    ],
)
async def test_a_bad_fact_about_a_person_is_named_without_repeating_it(
    referring: Referring, field: str, value: Any
) -> None:
    answer = await referring.refer(person=intake_of(referring)["person"] | {field: value})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"].startswith(f"/person/{field}")
    if isinstance(value, str) and value:
        assert value not in json.dumps(answer.json())


async def test_every_bad_field_is_named_at_once(referring: Referring) -> None:
    answer = await referring.refer(kind="transfer", need_codes=[], reason="")
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert {"/kind", "/need_codes", "/reason"} <= pointers


async def test_an_illegal_step_names_the_status_and_what_is_allowed(referring: Referring) -> None:
    made = (await referring.refer()).json()
    answer = await referring.http.post(
        f"/referrals/{made['id']}/complete",
        json={"outcome_code": "goals_met"},
        headers=referring.team,
    )
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["status"] == 409
    assert problem["current_status"] == "submitted"
    assert problem["allowed"] == [
        "accept",
        "ask",
        "decline",
        "enter-in-error",
        "expire",
        "reroute",
        "waitlist",
        "withdraw",
    ]


async def test_a_stale_version_is_refused(referring: Referring) -> None:
    made = (await referring.refer()).json()
    path = f"/referrals/{made['id']}/accept"
    stale = await referring.http.post(path, json={}, headers={**referring.team, "If-Match": '"7"'})
    assert stale.status_code == 412
    current = await referring.http.post(
        path, json={}, headers={**referring.team, "If-Match": '"1"'}
    )
    assert (current.status_code, current.headers["ETag"]) == (200, '"2"')


async def test_what_another_may_not_see_is_not_there(referring: Referring) -> None:
    made = (await referring.refer()).json()
    path = f"/referrals/{made['id']}"
    for headers in (
        referring.as_("referrer", "Y90002"),
        referring.group,
        referring.as_("link_worker", "team-org", tenant="icb-b"),
    ):
        assert (await referring.http.get(path, headers=headers)).status_code == 404
        listed = (await referring.http.get("/referrals", headers=headers)).json()
        assert listed["items"] == []
    command = await referring.http.post(
        f"{path}/accept", json={}, headers=referring.as_("provider", "other-org")
    )
    assert command.status_code == 404


async def test_a_provider_learns_who_it_is_only_on_accepting(referring: Referring) -> None:
    case = (await referring.refer()).json()
    await referring.http.post(
        f"/referrals/{case['id']}/accept",
        json={"assigned_to": "worker-1"},
        headers=referring.team,
    )
    made = await referring.http.post(
        "/referrals",
        json={
            "kind": "onward",
            "case_id": case["id"],
            "service_id": referring.group_service,
            "need_codes": ["loneliness"],
            "reason": "A lunch club.",
            "consent": {"given": True, "method": "verbal"},
        },
        headers=referring.team,
    )
    assert made.status_code == 201, made.text
    onward = made.json()
    assert (onward["case_id"], onward["person_id"]) == (case["id"], case["person_id"])
    path = f"/referrals/{onward['id']}"
    deciding = (await referring.http.get(path, headers=referring.group)).json()["person"]
    assert deciding["family_name"] is None
    assert deciding["contact"] is None
    assert deciding["postcode_district"] == "ZZ1"
    await referring.http.post(f"{path}/accept", json={}, headers=referring.group)
    serving = (await referring.http.get(path, headers=referring.group)).json()["person"]
    assert serving["family_name"] == "Testperson"
    assert serving["contact"]["telephone"] == "07700 900123"
    assert serving["nhs_number"] is None
    person = await referring.http.get(f"/persons/{case['person_id']}", headers=referring.team)
    assert person.json()["birth_date"] == "1957-03-14"
    refused = await referring.http.get(f"/persons/{case['person_id']}", headers=referring.group)
    assert refused.status_code == 403


async def test_appointments_start_support_and_are_on_the_timeline(referring: Referring) -> None:
    made = (await referring.refer()).json()
    path = f"/referrals/{made['id']}"
    await referring.http.post(f"{path}/accept", json={}, headers=referring.team)
    booked = await referring.http.post(
        f"{path}/appointments",
        json={"start": "2026-12-01T10:00:00Z", "mode": "in_person"},
        headers=referring.team,
    )
    assert booked.status_code == 201
    appointment = f"{path}/appointments/{booked.json()['appointment_id']}"
    attended = await referring.http.post(f"{appointment}/attend", headers=referring.team)
    assert attended.json()["status"] == "in_progress"
    assert attended.json()["appointment_status"] == "fulfilled"
    again = await referring.http.post(f"{appointment}/miss", headers=referring.team)
    assert again.status_code == 409
    history = (await referring.http.get(f"{path}/history", headers=referring.practice)).json()
    assert [line["summary"] for line in history["items"]] == [
        "Referral made",
        "Counted for reports",
        "Referral accepted",
        "Appointment booked",
        "Appointment attended",
        "Support started",
    ]


async def test_a_list_is_paged_newest_first(referring: Referring) -> None:
    made = [(await referring.refer()).json()["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (
            await referring.http.get("/referrals", params=asked, headers=referring.practice)
        ).json()
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    beyond = await referring.http.get(
        "/referrals", params={"limit": 201}, headers=referring.practice
    )
    assert beyond.status_code == 422


async def test_operations_see_states_and_no_person(referring: Referring) -> None:
    made = (await referring.refer()).json()
    operations = referring.as_("operations", "icb")
    item = (await referring.http.get(f"/referrals/{made['id']}", headers=operations)).json()
    assert item["status"] == "submitted"
    assert item["person"] is None
    assert item["person_id"] is None
    assert item["reason"] is None
    found = await referring.http.get(
        "/referrals", params={"person_id": made["person_id"]}, headers=operations
    )
    assert found.json()["items"] == []


def intake_of(referring: Referring) -> dict[str, Any]:
    return intake(referring.team_service)
