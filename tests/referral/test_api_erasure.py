"""Erasure over HTTP: held at once, and decided by another."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.referral.conftest import TENANT, Referring
from tests.referral.erasing import (
    GRANT,
    REFUSE,
    admin,
    ask,
    decide,
    everything,
    referred,
)
from tests.referral.people import lead, onward


async def test_erasure_request_holds_new_processing_at_once(referring: Referring) -> None:
    referral_id, person_id = await referred(referring)
    going = await onward(referring, referral_id)
    group = await referring.http.get(f"/referrals/{going['id']}", headers=referring.group)
    assert group.json()["person"]["given_names"] == "Sample"

    asked = await ask(referring, person_id)

    assert (asked.status_code, asked.json()["status"]) == (201, "requested")
    hidden = await referring.http.get(f"/referrals/{going['id']}", headers=referring.group)
    assert "Sample" not in hidden.text
    again = await referring.refer(person=None, person_id=person_id)
    assert (again.status_code, again.json()["current_status"]) == (409, "processing_held")
    corrected = await referring.http.patch(
        f"/persons/{person_id}", json={"language": "pl"}, headers=referring.team
    )
    assert corrected.status_code == 409
    reach = await referring.http.get(
        f"/reachability?person_id={person_id}", headers=referring.as_("service", "linkway")
    )
    [reached] = reach.json()["items"]
    assert (reached["suppressed"], reached["channels"]) == ("processing_held", [])


async def test_a_second_request_names_the_one_that_waits(referring: Referring) -> None:
    _, person_id = await referred(referring)
    first = await ask(referring, person_id)

    second = await ask(referring, person_id)

    assert second.status_code == 409
    assert second.json()["erasure_id"] == first.json()["id"]


async def test_a_refusal_lets_things_go_on_and_keeps_its_reason(referring: Referring) -> None:
    _, person_id = await referred(referring)
    asked = await ask(referring, person_id, note="Asked by letter.")

    refused = await decide(referring, asked.json()["id"], REFUSE, admin(referring))

    assert (refused.status_code, refused.json()["status"]) == (200, "refused")
    read = (
        await referring.http.get(f"/erasures/{asked.json()['id']}", headers=lead(referring))
    ).json()
    assert read["request_note"] == "Asked by letter."
    assert read["decision_note"] == "A claim is open."
    assert read["decision"]["legal_basis"] == "art_17_3_e"
    assert (read["acknowledged"], read["waiting_for"]) == ({}, [])
    corrected = await referring.http.patch(
        f"/persons/{person_id}", json={"language": "pl"}, headers=referring.team
    )
    assert corrected.status_code == 200
    assert "by letter" not in await everything(referring)
    assert (await ask(referring, person_id)).status_code == 201


async def test_whoever_asked_does_not_decide(referring: Referring) -> None:
    _, person_id = await referred(referring)
    asked = await ask(referring, person_id)

    own = await decide(referring, asked.json()["id"], GRANT, lead(referring))

    assert own.status_code == 403
    assert (await referring.stores.persons.get(person_id, TENANT)).state.given_names == "Sample"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (GRANT | {"reason_code": "legal_claims"}, "/reason_code"),
        (REFUSE | {"reason_code": "ground_applies"}, "/reason_code"),
        (REFUSE | {"legal_basis": "art_17_3_a"}, "/legal_basis"),
        (GRANT | {"legal_basis": "art_17_3_e"}, "/legal_basis"),
    ],
)
async def test_a_basis_that_does_not_fit_is_refused_and_changes_nothing(
    referring: Referring, body: dict[str, Any], pointer: str
) -> None:
    _, person_id = await referred(referring)
    asked = await ask(referring, person_id)

    answer = await decide(referring, asked.json()["id"], body, admin(referring))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await referring.stores.persons.get(person_id, TENANT)).state.held is not None


async def test_a_record_under_a_legal_hold_is_not_erased(referring: Referring) -> None:
    _, person_id = await referred(referring)
    held = await referring.http.put(
        f"/persons/{person_id}/legal-hold",
        json={"held": True, "reason_code": "inquest"},
        headers=lead(referring),
    )
    assert held.status_code == 200, held.text
    asked = await ask(referring, person_id)

    refused = await decide(referring, asked.json()["id"], GRANT, admin(referring))

    assert (refused.status_code, refused.json()["current_status"]) == (409, "legal_hold")
    await referring.http.put(
        f"/persons/{person_id}/legal-hold", json={"held": False}, headers=lead(referring)
    )
    granted = await decide(referring, asked.json()["id"], GRANT, admin(referring))
    assert granted.status_code == 200


async def test_only_leads_and_admins_ask_and_only_of_those_they_may_know(
    referring: Referring,
) -> None:
    _, person_id = await referred(referring)
    strangers = referring.as_("team_lead", "other-team")

    for headers, status in (
        (referring.practice, 403),
        (referring.team, 403),
        (referring.group, 403),
        (strangers, 404),
        (referring.as_("tenant_admin", "icb", "icb-b"), 404),
    ):
        answer = await referring.http.post(
            f"/persons/{person_id}/erasure", json={"ground": "objection"}, headers=headers
        )
        assert answer.status_code == status

    asked = await ask(referring, person_id)
    read = await referring.http.get(f"/erasures/{asked.json()['id']}", headers=strangers)
    listed = await referring.http.get("/erasures", headers=strangers)
    assert (read.status_code, listed.json()["items"]) == (404, [])
    mine = await referring.http.get("/erasures?status=requested", headers=lead(referring))
    assert [each["id"] for each in mine.json()["items"]] == [asked.json()["id"]]


async def test_an_opted_out_persons_cases_are_profiled_as_not_to_be_counted(
    referring: Referring,
) -> None:
    referral_id, person_id = await referred(referring)
    path = f"/persons/{person_id}/data-opt-out"

    for choice in (True, True, False, True):
        put = await referring.http.put(path, json={"opted_out": choice}, headers=referring.team)
        assert put.status_code == 200, put.text

    saved = await referring.stores.referrals.get(referral_id, TENANT)
    profiled = [line for line in saved.history if line.type == "case-profiled"]
    assert len(profiled) == 4
    sent = [
        json.loads(entry.data)
        for unsent in await referring.stores.referrals.collection.unsent(range(16), 100)
        for entry in unsent.entries
        if entry.type == "case-profiled"
    ]
    assert [(each["secondary_use"], each["age_band"] is None) for each in sent] == [
        (True, False),
        (False, True),
        (True, False),
        (False, True),
    ]
    read = (await referring.http.get(path, headers=referring.team)).json()
    assert read["opted_out"] is True
    assert [each["opted_out"] for each in read["items"]] == [True, False, True]
    assert {each["organisation"] for each in read["items"]} == {"team-org"}
