"""What a provider sees of a referral to it, field by field, at each point of its life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.referral.conftest import Referring, intake

ALWAYS = {
    "id", "version", "kind", "status", "case_id", "service_id", "provider_organisation_id",
    "referrer_organisation_id", "created_at",
}  # fmt: skip
"""That it happened."""

TO_DECIDE = {"need_codes", "priority", "reason", "questions", "person_id", "person", "consent"}
PERSON_TO_DECIDE = {
    "id", "restricted", "age", "deceased", "postcode_district", "interpreter_needed",
    "communication_needs", "accessibility_needs",
}  # fmt: skip
PERSON_TO_SERVE = PERSON_TO_DECIDE | {"given_names", "family_name", "contact"}
NEVER = {
    "nhs_number", "birth_date", "source_code", "previous_case_id", "override_reason", "goals",
}  # fmt: skip
"""The team's and the practice's alone, however far the provider has come."""
SECRETS = ("Testperson", "Sample", "1957-03-14", "07700", "1AB", "999 000 0018", "9990000018")


async def referred(referring: Referring) -> str:
    """The group's referral, sent and not answered; its id."""
    body = intake(referring.team_service)
    body["person"] |= {
        "nhs_number": "9990000018",
        "contact": {
            "telephone": "07700 900123",
            "postal_code": "ZZ1 1AB",
            "address": "1 Sample Rd",
        },
    }
    case = (await referring.http.post("/referrals", json=body, headers=referring.practice)).json()
    await referring.http.post(f"/referrals/{case['id']}/accept", json={}, headers=referring.team)
    onward = intake(referring.group_service) | {"kind": "onward", "case_id": case["id"]}
    del onward["person"]
    made = await referring.http.post("/referrals", json=onward, headers=referring.team)
    return str(made.json()["id"])


async def does(referring: Referring, referral: str, command: str, **body: Any) -> None:
    asking = command == "withdraw"
    answer = await referring.http.post(
        f"/referrals/{referral}/{command}",
        json=body,
        headers=referring.team if asking else referring.group,
    )
    assert answer.is_success, (command, answer.text)


async def shown(referring: Referring, referral: str) -> tuple[dict[str, Any], str]:
    """What of the referral is not null to the provider, and the whole text."""
    answer = await referring.http.get(f"/referrals/{referral}", headers=referring.group)
    assert answer.status_code == 200
    said = {name: value for name, value in answer.json().items() if value not in (None, [], {})}
    return said, answer.text


def filled(person: dict[str, Any]) -> set[str]:
    return {name for name, value in person.items() if value is not None}


async def statuses(referring: Referring, referral: str) -> dict[str, int]:
    """How each part of it answers the provider."""
    parts = ("history", "contacts", "notes")
    return {
        part: (
            await referring.http.get(f"/referrals/{referral}/{part}", headers=referring.group)
        ).status_code
        for part in parts
    }


async def test_before_accepting_only_what_it_takes_to_decide(referring: Referring) -> None:
    referral = await referred(referring)
    said, text = await shown(referring, referral)
    assert said.keys() <= ALWAYS | TO_DECIDE
    assert said.keys() >= ALWAYS | {"need_codes", "reason", "person"}
    assert filled(said["person"]) <= PERSON_TO_DECIDE | {"language"}
    assert said["person"]["postcode_district"] == "ZZ1"
    assert not [secret for secret in SECRETS if secret in text]
    assert await statuses(referring, referral) == {"history": 200, "contacts": 404, "notes": 200}
    person = await referring.http.get(f"/persons/{said['person_id']}", headers=referring.group)
    assert person.status_code == 403


async def test_after_accepting_who_it_is_and_how_to_reach_them(referring: Referring) -> None:
    referral = await referred(referring)
    await does(referring, referral, "accept")
    start = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    await does(referring, referral, "appointments", start=start)
    await does(referring, referral, "contacts", channel="telephone", outcome_code="no_answer")
    said, text = await shown(referring, referral)
    assert said.keys() <= ALWAYS | TO_DECIDE | {"assigned_to", "appointments", "closure_proposed"}
    assert not said.keys() & NEVER
    assert filled(said["person"]) >= PERSON_TO_SERVE
    assert not filled(said["person"]) & (NEVER | {"moved", "named_workers"})
    assert said["person"]["contact"]["telephone"] == "07700 900123"
    assert len(said["appointments"]) == 1
    assert not [secret for secret in ("9990000018", "1957-03-14") if secret in text]
    assert await statuses(referring, referral) == {"history": 200, "contacts": 200, "notes": 200}


@pytest.mark.parametrize(
    ("command", "reason", "accepted_first"),
    [
        ("decline", "no_capacity", False),
        ("withdraw", "no_longer_needed", False),
        ("withdraw", "no_longer_needed", True),
    ],
)
async def test_after_decline_or_withdrawal_only_that_it_happened(
    referring: Referring, *, command: str, reason: str, accepted_first: bool
) -> None:
    referral = await referred(referring)
    if accepted_first:
        await does(referring, referral, "accept")
        start = (datetime.now(UTC) + timedelta(days=2)).isoformat()
        await does(referring, referral, "appointments", start=start)
        await does(referring, referral, "contacts", channel="telephone", outcome_code="no_answer")
    await does(referring, referral, command, reason_code=reason)
    said, text = await shown(referring, referral)
    assert said.keys() == ALWAYS | {"reason_code", "ended_at"}
    assert not [secret for secret in (*SECRETS, "company", "loneliness") if secret in text]
    assert await statuses(referring, referral) == {"history": 200, "contacts": 404, "notes": 200}
    history = await referring.http.get(f"/referrals/{referral}/history", headers=referring.group)
    assert len(history.json()["items"]) == 1


async def test_a_group_session_shows_referrals_by_id_and_no_person(referring: Referring) -> None:
    referral = await referred(referring)
    await does(referring, referral, "accept")
    start = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    session = {"service_id": referring.group_service, "start": start, "maximum": 5}
    made = (await referring.http.post("/sessions", json=session, headers=referring.group)).json()
    path = f"/sessions/{made['id']}"
    await referring.http.post(
        f"{path}/places", json={"referral_id": referral}, headers=referring.group
    )
    await does(referring, referral, "contacts", channel="telephone", outcome_code="no_answer")
    seen = await referring.http.get(path, headers=referring.group)
    assert seen.json()["places"] == [{"referral_id": referral, "attendance": None}]
    assert not [secret for secret in SECRETS if secret in seen.text]
    assert (await referring.http.get(path, headers=referring.team)).status_code == 404
