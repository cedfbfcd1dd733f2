"""What is left of a person once erasure is granted: nothing, whatever comes back."""

from __future__ import annotations

import json

import pytest

from services.referral import handlers
from shared.cause import Actor, Cause
from shared.errors import Erased
from shared.events import PersonErased
from shared.ids import new_id
from tests.referral.conftest import TENANT, Referring
from tests.referral.erasing import (
    GRANT,
    NUMBER,
    WORDS,
    admin,
    ask,
    decide,
    erased,
    everything,
    referred,
)
from tests.referral.people import SAMPLE, lead, onward


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


async def test_erasure_request_granted_leaves_tombstones_and_no_key(referring: Referring) -> None:
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
