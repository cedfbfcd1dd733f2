"""Erasure over HTTP: held at once, decided by another, and nothing left of the person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from services.referral import handlers
from shared.cause import Actor, Cause
from shared.errors import Erased
from shared.events import PersonErased
from shared.ids import new_id
from tests.referral.conftest import TENANT, Referring
from tests.referral.people import SAMPLE, lead, onward

GRANT = {
    "granted": True,
    "reason_code": "ground_applies",
    "legal_basis": "art_17_1",
    "note": "Nothing stands against it.",
}
REFUSE = {
    "granted": False,
    "reason_code": "legal_claims",
    "legal_basis": "art_17_3_e",
    "note": "A claim is open.",
}
NUMBER = "9990000018"
WORDS = ("Sample", "Testperson", "1957-03-14", "07700 900123", "ZZ1 2AB", NUMBER, "company")


def admin(referring: Referring) -> Mapping[str, str]:
    return referring.as_("tenant_admin", "icb")


async def referred(referring: Referring) -> tuple[str, str]:
    """A referral of someone with a number: its id, and the person's."""
    made = await referring.refer(person=SAMPLE | {"nhs_number": NUMBER})
    assert made.status_code == 201, made.text
    referral_id = made.json()["id"]
    saved = await referring.stores.referrals.get(referral_id, TENANT)
    return referral_id, saved.state.person_id


async def ask(referring: Referring, person_id: str, **body: Any) -> httpx.Response:
    return await referring.http.post(
        f"/persons/{person_id}/erasure",
        json={"ground": "consent_withdrawn"} | body,
        headers=lead(referring),
    )


async def decide(
    referring: Referring, erasure_id: str, body: Mapping[str, Any], by: Mapping[str, str]
) -> httpx.Response:
    return await referring.http.post(f"/erasures/{erasure_id}/decision", json=body, headers=by)


async def erased(referring: Referring) -> tuple[str, str, str]:
    """Someone referred, and erased: referral, person, erasure."""
    referral_id, person_id = await referred(referring)
    asked = await ask(referring, person_id)
    granted = await decide(referring, asked.json()["id"], GRANT, admin(referring))
    assert granted.status_code == 200, granted.text
    return referral_id, person_id, asked.json()["id"]


async def everything(referring: Referring) -> str:
    """All that lies in the service's database, as text."""
    stores = referring.stores
    collections = (
        stores.persons,
        stores.referrals,
        stores.notes,
        stores.concerns,
        stores.erasures,
        stores.person_keys,
    )
    documents = [
        document
        for store in collections
        for document in await getattr(store.collection, "_inner", store.collection).find(
            {}, 500, None
        )
    ]
    return json.dumps(documents, default=str)


async def test_nothing_that_identifies_a_person_lies_readable_in_the_database(
    referring: Referring,
) -> None:
    referral_id, person_id = await referred(referring)
    await referring.http.post(
        f"/referrals/{referral_id}/notes", json={"text": "Likes chess."}, headers=referring.team
    )
    await referring.http.post(
        "/safeguarding-concerns",
        json={
            "person_id": person_id,
            "category": "neglect",
            "severity": "high",
            "details": "Seen without a coat.",
        },
        headers=referring.team,
    )

    kept = await everything(referring)

    for words in (*WORDS, "chess", "coat"):
        assert words not in kept, words
    read = await referring.http.get(f"/persons/{person_id}", headers=referring.team)
    assert read.json()["nhs_number"] == NUMBER


async def test_a_second_referral_with_the_same_number_finds_the_person_by_its_mark(
    referring: Referring,
) -> None:
    _, person_id = await referred(referring)
    other = await referring.refer(
        person=SAMPLE | {"nhs_number": "999 000 0018", "given_names": "Other"}
    )

    assert other.status_code == 409
    assert "referral_id" in other.json()
    assert await referring.stores.persons.collection.count({}) == 1
    assert person_id


async def test_a_request_holds_new_processing_at_once(referring: Referring) -> None:
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
        f"/persons/{person_id}/reachability", headers=referring.as_("service", "linkway")
    )
    assert reach.json()["suppressed"] == "processing_held"
    assert reach.json()["channels"] == []


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


async def test_a_granted_request_leaves_tombstones_and_no_key(referring: Referring) -> None:
    referral_id, person_id = await referred(referring)
    going = await onward(referring, referral_id)
    await referring.http.post(
        f"/referrals/{referral_id}/notes", json={"text": "Likes chess."}, headers=referring.team
    )
    concern = await referring.http.post(
        "/safeguarding-concerns",
        json={
            "person_id": person_id,
            "category": "neglect",
            "severity": "high",
            "details": "Seen without a coat.",
        },
        headers=referring.team,
    )
    asked = await ask(referring, person_id)

    granted = await decide(referring, asked.json()["id"], GRANT, admin(referring))

    assert (granted.status_code, granted.json()["status"]) == (200, "granted")
    assert await referring.stores.person_keys.is_destroyed(person_id, TENANT)
    for path in (
        f"/persons/{person_id}",
        f"/referrals/{referral_id}",
        f"/referrals/{going['id']}",
        f"/referrals/{referral_id}/notes",
    ):
        read = await referring.http.get(path, headers=referring.team)
        assert read.status_code == 404, path
    hidden = await referring.http.get(
        f"/safeguarding-concerns/{concern.json()['id']}", headers=referring.team
    )
    assert hidden.status_code == 404
    status = (
        await referring.http.get(f"/erasures/{asked.json()['id']}", headers=admin(referring))
    ).json()
    assert status["waiting_for"] == ["directory", "outcomes", "notifications"]
    assert list(status["acknowledged"]) == ["referral"]
    assert status["decision_note"] == "Nothing stands against it."


async def test_what_was_open_ends_and_the_erasure_is_told(referring: Referring) -> None:
    referral_id, person_id = await referred(referring)
    going = await onward(referring, referral_id)
    asked = await ask(referring, person_id)
    await decide(referring, asked.json()["id"], GRANT, admin(referring))

    stores = referring.stores
    told = [
        entry
        for store in (stores.referrals, stores.erasures)
        for unsent in await store.collection.unsent(range(16), 100)
        for entry in unsent.entries
    ]

    ended = {entry.subject for entry in told if entry.type == "referral-withdrawn"}
    assert {referral_id, going["id"]} <= ended | {
        entry.subject for entry in told if entry.type == "referral-not-completed"
    }
    (fact,) = [json.loads(entry.data) for entry in told if entry.type == "person-erased"]
    assert fact["person_ids"] == [person_id]
    assert fact["case_ids"] == [referral_id]
    assert set(fact["referral_ids"]) == {referral_id, going["id"]}
    assert set(fact["service_ids"]) == {referring.team_service, referring.group_service}
    for words in WORDS:
        assert words not in json.dumps(fact)


async def test_a_backup_restored_without_the_key_reads_as_erased(referring: Referring) -> None:
    referral_id, person_id = await referred(referring)
    inner = {
        name: getattr(referring.stores, name).collection._inner for name in ("persons", "referrals")
    }
    backup = {
        "persons": (await inner["persons"].read([person_id]))[person_id],
        "referrals": (await inner["referrals"].read([referral_id]))[referral_id],
    }
    asked = await ask(referring, person_id)
    await decide(referring, asked.json()["id"], GRANT, admin(referring))

    for name, document in backup.items():
        await inner[name]._documents.replace_one({"_id": document["_id"]}, document)

    for path in (f"/persons/{person_id}", f"/referrals/{referral_id}"):
        assert (await referring.http.get(path, headers=referring.team)).status_code == 404
    with pytest.raises(Erased):
        await referring.stores.persons.get(person_id, TENANT)


async def test_a_repeat_of_the_request_that_made_the_person_brings_nothing_back(
    referring: Referring,
) -> None:
    key = {"Idempotency-Key": "once"}
    body = {
        "kind": "intake",
        "service_id": referring.team_service,
        "person": SAMPLE,
        "need_codes": ["loneliness"],
        "reason": "Would like company.",
        "consent": {"given": True, "method": "verbal"},
    }
    first = await referring.http.post(
        "/referrals", json=body, headers={**referring.practice, **key}
    )
    saved = await referring.stores.referrals.get(first.json()["id"], TENANT)
    asked = await ask(referring, saved.state.person_id)
    await decide(referring, asked.json()["id"], GRANT, admin(referring))

    again = await referring.http.post(
        "/referrals", json=body, headers={**referring.practice, **key}
    )

    assert again.status_code == 404
    assert await referring.stores.person_keys.is_destroyed(saved.state.person_id, TENANT)
    with pytest.raises(Erased):
        await referring.stores.referrals.get(first.json()["id"], TENANT)


async def test_a_new_referral_of_the_same_person_is_a_new_record(referring: Referring) -> None:
    _, person_id, _ = await erased(referring)

    new_referral, new_person = await referred(referring)

    assert new_person != person_id
    read = await referring.http.get(f"/persons/{new_person}", headers=referring.team)
    assert read.json()["nhs_number"] == NUMBER
    assert new_referral


async def test_merged_records_go_together(referring: Referring) -> None:
    _, survivor = await referred(referring)
    other = await referring.refer(person=SAMPLE | {"given_names": "Sampel"})
    retired = (await referring.stores.referrals.get(other.json()["id"], TENANT)).state.person_id
    merged = await referring.http.post(
        f"/persons/{survivor}/merge",
        json={
            "retired_id": retired,
            "reason": "The same person.",
            "withdraw_referral_ids": [other.json()["id"]],
        },
        headers=lead(referring),
    )
    assert merged.status_code == 200, merged.text
    # Asked for by the retired id: the request is the survivor's.
    asked = await ask(referring, retired)
    await decide(referring, asked.json()["id"], GRANT, admin(referring))

    for person_id in (survivor, retired):
        assert await referring.stores.person_keys.is_destroyed(person_id, TENANT)
        with pytest.raises(Erased):
            await referring.stores.persons.get(person_id, TENANT)
    kept = await everything(referring)
    for words in (*WORDS, "Sampel", "The same person"):
        assert words not in kept, words


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


async def test_the_fact_finishes_what_a_crash_left(
    referring: Referring, monkeypatch: pytest.MonkeyPatch
) -> None:
    referral_id, person_id = await referred(referring)
    asked = await ask(referring, person_id)

    async def crash(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(referring.stores.notes, "bury", crash)
        await decide(referring, asked.json()["id"], GRANT, admin(referring))
    assert not await referring.stores.person_keys.is_destroyed(person_id, TENANT)
    erasure = (await referring.stores.erasures.get(asked.json()["id"], TENANT)).state

    fact = PersonErased(
        tenant=TENANT,
        seq=1,
        occurred_at=erasure.requested_at,
        actor={"role": "tenant_admin", "organisation": "icb"},
        person_id=person_id,
        erasure_id=erasure.id,
        person_ids=erasure.person_ids,
        case_ids=erasure.case_ids,
        referral_ids=erasure.referral_ids,
        service_ids=erasure.service_ids,
    )
    cause = Cause(
        new_id(), Actor("referral", "service", "icb", TENANT), erasure.requested_at, repeatable=True
    )
    for _ in range(2):
        await handlers.after_erased(referring.stores, fact, cause)

    assert await referring.stores.person_keys.is_destroyed(person_id, TENANT)
    with pytest.raises(Erased):
        await referring.stores.referrals.get(referral_id, TENANT)


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
