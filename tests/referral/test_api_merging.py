"""Duplicates found, two records made one, and parted again."""

from __future__ import annotations

from typing import Any

from services.referral import handlers
from services.referral.domain import merging
from shared.events import (
    PersonMerged,
    PersonUnmerged,
)
from tests.referral.conftest import TENANT, Referring, intake
from tests.referral.people import (
    SAMPLE,
    heard,
    lead,
    said,
    service,
    status_of,
)


async def twins(referring: Referring) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two records of one person, the second with the name written otherwise."""
    first = (await referring.refer()).json()
    other = SAMPLE | {"given_names": "SAMPLE", "family_name": "Test-person", "language": "cy"}
    second = (await referring.refer(person=other | {"nhs_number": "9990000018"})).json()
    return first, second


async def test_a_possible_duplicate_is_named_to_whoever_knows_both(referring: Referring) -> None:
    first, second = await twins(referring)
    assert first["possible_duplicates"] == []
    assert second["possible_duplicates"] == [first["person_id"]]
    elsewhere = await referring.http.post(
        "/referrals",
        json=intake(referring.team_service),
        headers=referring.as_("referrer", "Y90002"),
    )
    assert elsewhere.json()["possible_duplicates"] == []
    assert elsewhere.json()["other_possible_duplicates"] is None
    listed = await referring.http.get("/persons/duplicates", headers=lead(referring))
    assert listed.status_code == 200, listed.text
    pairs = {each["person_id"]: set(each["candidates"]) for each in listed.json()["items"]}
    assert pairs[second["person_id"]] == {first["person_id"]}
    assert pairs[elsewhere.json()["person_id"]] == {first["person_id"], second["person_id"]}
    refused = await referring.http.get("/persons/duplicates", headers=referring.team)
    assert refused.status_code == 403
    for other in (first, second):
        await referring.http.post(
            f"/persons/{elsewhere.json()['person_id']}/not-duplicate",
            json={"other_id": other["person_id"]},
            headers=lead(referring),
        )
    listed = await referring.http.get("/persons/duplicates", headers=lead(referring))
    assert [each["person_id"] for each in listed.json()["items"]] == [second["person_id"]]


async def test_merge_persons_reports_conflicts_then_the_alias_answers_everywhere(
    referring: Referring,
) -> None:
    first, second = await twins(referring)
    path = f"/persons/{first['person_id']}"
    body = {"retired_id": second["person_id"], "reason": "Confirmed by telephone."}
    conflict = await referring.http.post(f"{path}/merge", json=body, headers=lead(referring))
    assert conflict.status_code == 409
    assert conflict.json()["conflicts"] == [[first["id"], second["id"]]]
    headers = {**lead(referring), "Idempotency-Key": "merge-1"}
    body |= {"withdraw_referral_ids": [second["id"]]}
    for _ in range(2):
        merged = await referring.http.post(f"{path}/merge", json=body, headers=headers)
        assert merged.status_code == 200, merged.text
        assert merged.json()["withdrawn_referral_ids"] == [second["id"]]
    assert await status_of(referring, second["id"]) == ("withdrawn", "duplicate")
    alias = await referring.http.get(f"/persons/{second['person_id']}", headers=referring.team)
    assert alias.json()["id"] == first["person_id"]
    assert (alias.json()["nhs_number"], alias.json()["language"]) == ("9990000018", "cy")
    reach = await referring.http.get(
        f"/reachability?person_id={second['person_id']}", headers=service(referring)
    )
    [reached] = reach.json()["items"]
    assert (reached["asked_id"], reached["person_id"]) == (
        second["person_id"],
        first["person_id"],
    )
    for person_id in (first["person_id"], second["person_id"]):
        found = await referring.http.get(
            "/referrals", params={"person_id": person_id}, headers=referring.team
        )
        assert {each["id"] for each in found.json()["items"]} == {first["id"], second["id"]}
    again = await referring.refer(person=None, person_id=second["person_id"])
    assert again.json()["referral_id"] == first["id"], "one open referral for one person"
    saved = await referring.stores.persons.get(first["person_id"], TENANT)
    (trail,) = saved.state.merges
    assert (trail.by, trail.reason) == ("team_lead-of-team-org", "Confirmed by telephone.")

    parted = await referring.http.post(
        f"{path}/unmerge",
        json={"retired_id": second["person_id"], "reason": "Twins."},
        headers=lead(referring),
    )
    assert parted.status_code == 200, parted.text
    assert parted.json()["case_ids"] == [second["case_id"]]
    alone = await referring.http.get(f"/persons/{second['person_id']}", headers=referring.team)
    assert (alone.json()["id"], alone.json()["nhs_number"]) == (second["person_id"], "9990000018")
    kept = await referring.http.get(path, headers=referring.team)
    assert (kept.json()["nhs_number"], kept.json()["language"]) == (None, None)
    theirs = await referring.stores.referrals.get(second["id"], TENANT)
    assert theirs.state.person_id == second["person_id"]


async def test_a_merge_cut_short_by_a_crash_is_finished_by_its_fact(referring: Referring) -> None:
    first, second = await twins(referring)
    stores = referring.stores
    retired = (await stores.persons.get(second["person_id"], TENANT)).state
    await stores.persons.update(
        first["person_id"],
        lambda person: merging.merge(
            person, heard(), retired=retired, reason="One.", withdrawing=[second["id"]]
        ),
        heard(),
    )
    fact = PersonMerged(**said(first["person_id"]), retired_id=second["person_id"])
    for _ in range(2):
        await handlers.after_merged(stores, fact, heard())
    survivor = await stores.persons.resolve(second["person_id"], TENANT)
    assert (survivor.id, survivor.state.nhs_number) == (first["person_id"], "9990000018")
    moved = (await stores.referrals.get(second["id"], TENANT)).state
    assert (moved.person_id, moved.reason_code) == (first["person_id"], "duplicate")
    early = PersonUnmerged(**said(first["person_id"]), retired_id=second["person_id"])
    await handlers.after_unmerged(stores, early, heard())
    assert (await stores.persons.resolve(second["person_id"], TENANT)).id == first["person_id"]


async def test_two_nhs_numbers_are_two_persons(referring: Referring) -> None:
    first = (await referring.refer(person=SAMPLE | {"nhs_number": "9990000018"})).json()
    second = (await referring.refer(person=SAMPLE | {"nhs_number": "9990000050"})).json()
    assert second["possible_duplicates"] == []
    refused = await referring.http.post(
        f"/persons/{first['person_id']}/merge",
        json={
            "retired_id": second["person_id"],
            "reason": "Looks alike.",
            "withdraw_referral_ids": [second["id"]],
        },
        headers=lead(referring),
    )
    assert (refused.status_code, refused.json()["current_status"]) == (409, "distinct")
    taken = await referring.http.patch(
        f"/persons/{first['person_id']}",
        json={"nhs_number": "9990000050"},
        headers=referring.team,
    )
    assert (taken.status_code, taken.json()["allowed"]) == (409, ["merge"])
