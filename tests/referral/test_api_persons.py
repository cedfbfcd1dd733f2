"""Who a person is, over HTTP: described, corrected, protected, told to nobody."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime

import httpx
import pytest

from tests.referral.conftest import TENANT, Referring
from tests.referral.people import (
    SAMPLE,
    lead,
    onward,
    service,
    stated,
)


async def test_a_correction_is_seen_by_those_who_hold_the_case(referring: Referring) -> None:
    case = (await referring.refer()).json()
    path = f"/persons/{case['person_id']}"
    read = await referring.http.get(path, headers=referring.team)
    changed = await referring.http.patch(
        path,
        json={"contact": {"telephone": "07700 900456"}, "language": "bfi"},
        headers={**referring.team, "If-Match": read.headers["ETag"]},
    )
    assert changed.status_code == 200, changed.text
    now = (await referring.http.get(path, headers=referring.practice)).json()
    assert now["contact"]["telephone"] == "07700 900456"
    assert now["contact"]["postal_code"] == "ZZ1 2AB", "what was not sent stays"
    assert now["language"] == "bfi"
    stale = await referring.http.patch(
        path, json={"language": "cy"}, headers={**referring.team, "If-Match": '"1"'}
    )
    assert stale.status_code == 412
    stranger = await referring.http.patch(
        path, json={"language": "cy"}, headers=referring.as_("referrer", "Y90002")
    )
    assert stranger.status_code == 404
    nameless = await referring.http.patch(path, json={"family_name": None}, headers=referring.team)
    assert nameless.status_code == 422


async def test_interpreter_and_communication_needs_reach_the_provider_before_it_decides(
    referring: Referring,
) -> None:
    person = SAMPLE | {
        "language": "bfi",
        "interpreter_needed": True,
        "communication_needs": ["large_print"],
        "accessibility_needs": ["step_free"],
    }
    case = (await referring.refer(person=person)).json()
    await referring.http.post(f"/referrals/{case['id']}/accept", json={}, headers=referring.team)
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
    seen = (
        await referring.http.get(f"/referrals/{made.json()['id']}", headers=referring.group)
    ).json()["person"]
    assert (seen["language"], seen["interpreter_needed"]) == ("bfi", True)
    assert (seen["communication_needs"], seen["accessibility_needs"]) == (
        ["large_print"],
        ["step_free"],
    )
    assert seen["given_names"] is None


async def test_under_18_an_intake_names_what_is_missing_and_keeps_nobody(
    referring: Referring,
) -> None:
    child = SAMPLE | {"birth_date": f"{datetime.now(UTC).year - 12}-01-01"}
    alone = await referring.refer(person=child)
    assert alone.status_code == 422
    assert [each["pointer"] for each in alone.json()["errors"]] == ["/person/representative"]
    assert await referring.stores.persons.count(TENANT) == 0


async def test_proxy_a_parent_agrees_for_a_child(referring: Referring) -> None:
    child = SAMPLE | {
        "birth_date": f"{datetime.now(UTC).year - 12}-01-01",
        "representative": {
            "name": "A Parent",
            "relationship": "parent",
            "authority": "parental_responsibility",
            "telephone": "07700 900789",
        },
    }
    made = await referring.refer(person=child)
    assert made.status_code == 201, made.text
    person = await referring.http.get(
        f"/persons/{made.json()['person_id']}", headers=referring.team
    )
    assert person.json()["representative"]["authority"] == "parental_responsibility"


async def test_no_nhs_number_is_no_hindrance(referring: Referring) -> None:
    made = await asyncio.gather(
        *(
            referring.refer(person=SAMPLE | {"family_name": name})
            for name in ("Firstperson", "Secondperson")
        )
    )
    assert [answer.status_code for answer in made] == [201, 201]
    assert len({answer.json()["person_id"] for answer in made}) == 2


async def test_a_case_is_profiled_with_its_intake(referring: Referring) -> None:
    person = SAMPLE | {"administrative_gender": "female", "deprivation_decile": 2}
    case = (await referring.refer(person=person)).json()
    assert (await stated(referring, case["id"]))[:2] == ["referral-created", "case-profiled"]
    draft = (await referring.refer(person=SAMPLE | {"family_name": "Other"}, draft=True)).json()
    assert await stated(referring, draft["id"]) == []
    await referring.http.post(f"/referrals/{draft['id']}/submit", headers=referring.practice)
    assert "case-profiled" in await stated(referring, draft["id"])


async def test_domestic_abuse_safe_contact_is_kept_from_providers(referring: Referring) -> None:
    contact = {
        "telephone": "07700 900123",
        "email": "sample@example.org",
        "address": "1 Sample Road",
        "postal_code": "ZZ1 2AB",
        "preferences": ["email", "sms"],
        "safety": {"sms": {"safe": True, "safe_from": "10:00", "safe_to": "14:00"}},
        "safe_hours": [{"days": [1, 2, 3], "from": "10:00", "to": "14:00"}],
        "neutral_sender": True,
        "address_hidden": True,
    }
    case = (await referring.refer(person=SAMPLE | {"contact": contact})).json()
    made = await onward(referring, case["id"])
    seen = (await referring.http.get(f"/referrals/{made['id']}", headers=referring.group)).json()[
        "person"
    ]
    assert seen["given_names"] == "Sample"
    assert seen["contact"]["address"] is None
    assert seen["contact"]["postal_code"] is None
    assert seen["postcode_district"] is None
    assert "Sample Road" not in json.dumps(seen)
    path = f"/reachability?person_id={case['person_id']}&person_id=none-such"
    reach = (await referring.http.get(path, headers=service(referring))).json()
    assert [each["asked_id"] for each in reach["items"]] == [case["person_id"]]
    assert reach["items"][0] == {
        "asked_id": case["person_id"],
        "person_id": case["person_id"],
        "suppressed": None,
        "channels": [
            {
                "channel": "email",
                "address": "sample@example.org",
                "safe_from": None,
                "safe_to": None,
            },
            {
                "channel": "sms",
                "address": "07700900123",
                "safe_from": "10:00",
                "safe_to": "14:00",
            },
        ],
        "neutral_sender": True,
        "language": None,
        "safe_hours": [{"days": [1, 2, 3], "from": "10:00", "to": "14:00"}],
        "given_names": "Sample",
    }
    elsewhere = referring.as_("service", "linkway", tenant="icb-b")
    assert (await referring.http.get(path, headers=elsewhere)).json()["items"] == []
    for headers in (referring.team, referring.group, lead(referring)):
        assert (await referring.http.get(path, headers=headers)).status_code == 403


async def test_no_fact_about_a_person_says_who_it_is(referring: Referring) -> None:
    case = (await referring.refer()).json()
    person = f"/persons/{case['person_id']}"
    for path, body in (
        ("deceased", {}),
        ("deceased/revoke", None),
        ("consent", {"method": "verbal", "note": "A private note."}),
        ("consent/withdraw", {"method": "verbal", "note": "A private note."}),
        ("moved", {"effective_on": "2026-01-01", "out_of_area": False, "address": "2 New Road"}),
    ):
        answer = await referring.http.post(f"{person}/{path}", json=body, headers=referring.team)
        assert answer.status_code in {200, 201}, answer.text
    raw = await referring.stores.persons.collection.read([case["person_id"]])
    outbox = json.dumps(raw[case["person_id"]]["outbox"], default=str)
    # An id made at random may hold any four digits.
    outbox = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", outbox)
    assert outbox.count('"type"') == 6
    for secret in ("Testperson", "Sample", "1957", "07700", "ZZ1", "private", "New Road"):
        assert secret not in outbox


@pytest.mark.parametrize("role", ["provider", "operations", "reporter", "tenant_admin"])
async def test_other_roles_learn_nothing_of_a_person(referring: Referring, role: str) -> None:
    case = (await referring.refer()).json()
    answer: httpx.Response = await referring.http.get(
        f"/persons/{case['person_id']}", headers=referring.as_(role, "other-org")
    )
    nobody = await referring.http.get(
        "/persons/never-was", headers=referring.as_(role, "other-org")
    )
    assert answer.status_code == nobody.status_code == 403
    assert answer.json()["detail"] == nobody.json()["detail"]
