"""What happens in a person's life: death, a move, a restriction, a consent withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.referral import handlers
from services.referral.domain.person import Move
from shared.events import (
    ConsentWithdrawn,
    PersonDeceased,
    PersonDeceasedRevoked,
)
from shared.testing import eventually
from tests.referral.conftest import TENANT, Referring
from tests.referral.people import (
    heard,
    lead,
    onward,
    said,
    service,
    settled,
    stated,
    status_of,
)


async def reachability(referring: Referring, person_id: str) -> dict[str, Any]:
    answer = await referring.http.get(
        f"/reachability?person_id={person_id}", headers=service(referring)
    )
    [found] = answer.json()["items"]
    return dict(found)


async def test_deceased_is_silent_at_once_and_everything_open_ends(consuming: Referring) -> None:
    referring = consuming
    case = (await referring.refer()).json()
    made = await onward(referring, case["id"])
    person = f"/persons/{case['person_id']}"
    dead = await referring.http.post(f"{person}/deceased", json={}, headers=referring.team)
    assert dead.status_code == 200, dead.text
    reach = await reachability(referring, case["person_id"])
    assert (reach["suppressed"], reach["channels"]) == ("deceased", [])

    async def over() -> None:
        assert await status_of(referring, case["id"]) == ("not_completed", "deceased")
        assert await status_of(referring, made["id"]) == ("withdrawn", "deceased")

    await eventually(settled(over), within=20)
    saved = await referring.stores.referrals.get(made["id"], TENANT)
    assert [each.status.value for each in saved.state.appointments] == ["cancelled"]
    again = await referring.refer(person=None, person_id=case["person_id"])
    assert again.status_code == 409
    assert again.json()["current_status"] == "deceased"


async def test_deceased_heard_again_or_after_its_revocation_changes_nothing(
    referring: Referring,
) -> None:
    case = (await referring.refer()).json()
    made = await onward(referring, case["id"])
    person, stores = f"/persons/{case['person_id']}", referring.stores
    await referring.http.post(f"{person}/deceased", json={}, headers=referring.team)
    death = PersonDeceased(**said(case["person_id"]))
    for _ in range(2):
        await handlers.after_death(stores, death, heard())
    assert await status_of(referring, case["id"]) == ("not_completed", "deceased")
    assert (await stated(referring, made["id"])).count("referral-withdrawn") == 1

    revoked = await referring.http.post(f"{person}/deceased/revoke", headers=referring.team)
    assert revoked.status_code == 200
    assert "not reopened" in revoked.json()["note"]
    back = PersonDeceasedRevoked(**said(case["person_id"]))
    await handlers.after_death_revoked(stores, back, heard())
    flagged = (await referring.http.get(f"/referrals/{case['id']}", headers=referring.team)).json()
    assert (flagged["status"], flagged["attention"]) == ("not_completed", "death_revoked")
    fresh = await referring.refer(
        person=None, person_id=case["person_id"], override_reason="The death was an error."
    )
    assert fresh.status_code == 201, fresh.text
    await handlers.after_death(stores, death, heard())
    assert (await status_of(referring, fresh.json()["id"]))[0] == "submitted"


async def test_moves_area_ends_the_practice_link_and_marks_the_case(consuming: Referring) -> None:
    referring = consuming
    case = (await referring.refer()).json()
    await referring.http.post(f"/referrals/{case['id']}/accept", json={}, headers=referring.team)
    person = f"/persons/{case['person_id']}"
    moved = await referring.http.post(
        f"{person}/moved",
        json={
            "effective_on": datetime.now(UTC).date().isoformat(),
            "out_of_area": True,
            "postal_code": "ZZ9 9ZZ",
        },
        headers=referring.team,
    )
    assert moved.status_code == 200, moved.text
    assert (await referring.http.get(person, headers=referring.practice)).status_code == 404
    seen = await referring.http.get(f"/referrals/{case['id']}", headers=referring.practice)
    assert seen.json()["person"] is None
    theirs = (await referring.http.get(person, headers=referring.team)).json()
    assert theirs["contact"]["postal_code"] == "ZZ9 9ZZ"

    async def marked() -> bool:
        saved = await referring.stores.referrals.get(case["id"], TENANT)
        return saved.state.attention == "moved_out_of_area"

    await eventually(marked, within=20)


async def test_a_restricted_record_is_there_and_closed_to_the_rest_of_the_team(
    referring: Referring,
) -> None:
    case = (await referring.refer()).json()
    person = f"/persons/{case['person_id']}"
    closed = await referring.http.post(
        f"{person}/restriction",
        json={"restricted": True, "named_workers": [], "reason_code": "known_to_staff"},
        headers=lead(referring),
    )
    assert closed.status_code == 200, closed.text
    other = (await referring.http.get(person, headers=referring.team)).json()
    assert (other["id"], other["restricted"]) == (case["person_id"], True)
    assert {other[name] for name in ("given_names", "family_name", "age", "contact")} == {None}
    seen = (await referring.http.get(f"/referrals/{case['id']}", headers=referring.team)).json()
    assert seen["person"]["restricted"] is True
    assert (seen["reason"], seen["need_codes"]) == (None, None)
    listed = (await referring.http.get("/referrals", headers=referring.team)).json()["items"]
    assert listed[0]["reason"] is None
    refused = await referring.http.patch(person, json={"language": "cy"}, headers=referring.team)
    assert refused.status_code == 403
    notes = await referring.http.get(f"/referrals/{case['id']}/notes", headers=referring.team)
    assert notes.status_code == 404
    named = (await referring.http.get(person, headers=lead(referring))).json()
    assert named["family_name"] == "Testperson"
    reach = await reachability(referring, case["person_id"])
    assert reach["suppressed"] == "restricted"


async def test_person_withdraws_consent_and_every_recipient_hears(consuming: Referring) -> None:
    referring = consuming
    case = (await referring.refer()).json()
    made = await onward(referring, case["id"])
    person = f"/persons/{case['person_id']}"
    withdrawn = await referring.http.post(
        f"{person}/consent/withdraw",
        json={"method": "verbal", "recipient_organisation_ids": ["group-org"]},
        headers=referring.team,
    )
    assert withdrawn.status_code == 201, withdrawn.text
    at_once = await referring.http.get(f"/referrals/{made['id']}", headers=referring.group)
    assert (at_once.json()["person"], at_once.json()["reason"]) == (None, None)
    listed = (await referring.http.get("/referrals", headers=referring.group)).json()["items"]
    assert [(each["reason"], each["person_id"]) for each in listed] == [(None, None)]

    async def told() -> None:
        types = await stated(referring, made["id"])
        assert types.count("referral-consent-withdrawn") == 1
        assert await status_of(referring, made["id"]) == ("withdrawn", "consent_withdrawn")

    await eventually(settled(told), within=20)
    assert (await status_of(referring, case["id"]))[0] == "accepted", "the case was not named"
    late = ConsentWithdrawn(**said(case["person_id"]), recipient_organisation_ids=("group-org",))
    await handlers.after_consent_withdrawn(referring.stores, late, heard())
    assert (await stated(referring, made["id"])).count("referral-consent-withdrawn") == 1
    record = (await referring.http.get(f"{person}/consent", headers=referring.team)).json()
    assert [each["decision"] for each in record["items"]] == ["withdrawn"], "it stays on record"
    assert record["items"][0]["recorded_by"] == "link_worker-of-team-org"


async def test_consent_says_what_and_a_provider_never_sees_contact_details_kept_back(
    referring: Referring,
) -> None:
    case = (await referring.refer()).json()
    agreed = {"given": True, "method": "written", "scope": ["referral_details"]}
    made = await onward(referring, case["id"], consent=agreed)
    path, person = f"/referrals/{made['id']}", f"/persons/{case['person_id']}"
    served = (await referring.http.get(path, headers=referring.group)).json()
    assert (served["status"], served["person"]["postcode_district"]) == ("accepted", "ZZ1")
    assert (served["person"]["family_name"], served["person"]["contact"]) == (None, None)
    assert (served["consent"]["method"], served["consent"]["scope"]) == (
        "written",
        ["referral_details"],
    )
    teams = (await referring.http.get(path, headers=referring.team)).json()
    assert teams["person"]["family_name"] == "Testperson", "the team knows the person"
    granted = await referring.http.post(
        f"{person}/consent",
        json={"method": "verbal", "scope": ["referral_details", "assessment_and_goals"]},
        headers=referring.team,
    )
    assert granted.status_code == 201, granted.text
    unknown = await referring.http.post(
        f"{person}/consent",
        json={"method": "verbal", "scope": ["bank_details"]},
        headers=referring.team,
    )
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/scope/0")
    record = (await referring.http.get(f"{person}/consent", headers=referring.team)).json()
    assert [each["scope"] for each in record["items"]] == [
        ["referral_details", "assessment_and_goals"]
    ]
    copy = (await referring.http.get(f"{person}/export", headers=lead(referring))).json()
    assert copy["consents"][0]["scope"] == ["referral_details", "assessment_and_goals"]
    assert [(each["kind"], each["consent_scope"]) for each in copy["referrals"]] == [
        ("intake", ["referral_details", "contact_details"]),
        ("onward", ["referral_details"]),
    ]


async def test_consent_withdrawn_from_all_silences_until_the_person_agrees_again(
    referring: Referring,
) -> None:
    case = (await referring.refer()).json()
    person = f"/persons/{case['person_id']}"
    await referring.http.post(
        f"{person}/consent/withdraw", json={"method": "written"}, headers=referring.practice
    )
    fact = ConsentWithdrawn(**said(case["person_id"]))
    await handlers.after_consent_withdrawn(referring.stores, fact, heard())
    assert await status_of(referring, case["id"]) == ("withdrawn", "consent_withdrawn")
    reach = await reachability(referring, case["person_id"])
    assert (reach["suppressed"], reach["given_names"]) == ("no_consent", None)
    again = await referring.refer(
        person=None, person_id=case["person_id"], override_reason="They agreed after all."
    )
    assert again.status_code == 201, again.text
    reach = await reachability(referring, case["person_id"])
    assert reach["suppressed"] is None


async def test_the_services_own_clock_ends_what_the_practice_sees(referring: Referring) -> None:
    case = (await referring.refer()).json()
    day = datetime.now(UTC).date() + timedelta(days=2)
    moved = Move(effective_on=day, out_of_area=True, recorded_at=datetime.now(UTC), recorded_by="w")
    await referring.stores.persons.update(
        case["person_id"], lambda person: (person.with_(moved=moved), []), heard()
    )
    paths = (f"/persons/{case['person_id']}", f"/referrals/{case['id']}")
    before = [await referring.http.get(path, headers=referring.practice) for path in paths]
    assert before[0].status_code == 200
    assert before[1].json()["person"]["family_name"] == "Testperson"
    referring.app.state.clock.advance(timedelta(days=3))
    after = [await referring.http.get(path, headers=referring.practice) for path in paths]
    assert after[0].status_code == 404
    assert after[1].json()["person"] is None
