"""A restricted record: who is not named on it can do nothing about its referrals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.referral.domain.person import Restriction
from tests.referral.conftest import TENANT, Referring
from tests.referral.people import heard, lead, onward
from tests.referral.test_api_answers import link_to
from tests.referral.test_api_caseload import state_worker
from tests.referral.test_api_rerouting import AGREED, accepted_case, post, refer_on
from tests.referral.test_api_sessions import arranged, joined, take

_A_MONTH = timedelta(days=31)
SAID = "This record is restricted to the workers named on it."
START = {"start": "2026-12-01T10:00:00Z"}
COMMANDS: dict[str, dict[str, Any]] = {
    "accept": {},
    "answer": {"text": "Yes."},
    "appointments": START,
    "appointments/{appointment_id}/cancel": {"cancelled_by": "person"},
    "appointments/{appointment_id}/reschedule": {**START, "moved_by": "person"},
    "appointments/{appointment_id}/{step}": {},
    "ask": {"question_code": "needs", "text": "What does she like?"},
    "assign": {"assigned_to": "worker-a"},
    "complete": {"outcome_code": "goals_met"},
    "contacts": {"channel": "telephone", "outcome_code": "no_answer"},
    "decline": {"reason_code": "no_capacity"},
    "dismiss-reroute": {"reason": "They asked to stop."},
    "enter-in-error": {"reason_code": "wrong_person"},
    "follow-up": {"outcome_code": "attended"},
    "go-on": {},
    "hold": {"reason_code": "other"},
    "not-complete": {"reason_code": "person_declined"},
    "reroute": {"service_id": "group", "reason": "Nearer.", "consent": AGREED},
    "resume": {},
    "review": {},
    "submit": {},
    "waitlist": {},
    "withdraw": {"reason_code": "no_longer_needed"},
}
"""Each command on one referral by its path, with a body that is right in form."""


async def restrict(referring: Referring, case: Mapping[str, Any]) -> None:
    """The team's lead names nobody else."""
    answer = await post(
        referring,
        f"/persons/{case['person_id']}/restriction",
        lead(referring),
        {"restricted": True, "named_workers": [], "reason_code": "known_to_staff"},
    )
    assert answer.status_code == 200, answer.text


async def version(referring: Referring, referral_id: str) -> int:
    return (await referring.stores.referrals.get(referral_id, TENANT)).version


def test_every_command_on_a_referral_is_tried(referring: Referring) -> None:
    prefix = "/referrals/{referral_id}/"
    routes = {
        path.removeprefix(prefix)
        for path, item in referring.app.openapi()["paths"].items()
        if path.startswith(prefix) and "post" in item
    }
    own_rules = {"answer-links", "notes"}
    assert routes - own_rules == COMMANDS.keys()


async def test_who_is_not_named_commands_nothing_and_changes_nothing(
    referring: Referring,
) -> None:
    case = await accepted_case(referring)
    await restrict(referring, case)
    before = await version(referring, case["id"])
    stranger = referring.as_("link_worker", "another-org")
    for command, body in COMMANDS.items():
        step = command.replace("{appointment_id}", "app-1").replace("{step}", "attend")
        path = f"/referrals/{case['id']}/{step}"
        refused = await post(referring, path, referring.team, body)
        assert (refused.status_code, refused.json().get("detail")) == (403, SAID), command
        hidden = await post(referring, path, stranger, body)
        assert hidden.status_code == 404, "a stranger is not told that there is something"
    assert await version(referring, case["id"]) == before


async def test_who_is_named_goes_on_as_before(referring: Referring) -> None:
    case = (await referring.refer()).json()
    await restrict(referring, case)
    taken = await post(referring, f"/referrals/{case['id']}/accept", lead(referring))
    assert taken.status_code == 200, taken.text


async def test_a_provider_not_named_cannot_answer_what_it_cannot_read(
    referring: Referring,
) -> None:
    case = await accepted_case(referring)
    made = (await refer_on(referring, case)).json()
    await restrict(referring, case)
    refused = await post(referring, f"/referrals/{made['id']}/accept", referring.group)
    assert (refused.status_code, refused.json()["detail"]) == (403, SAID)


async def test_nobody_refers_on_or_anew_who_may_not_see_the_record(referring: Referring) -> None:
    case = await accepted_case(referring)
    await restrict(referring, case)
    on = await refer_on(referring, case)
    assert (on.status_code, on.json()["detail"]) == (403, SAID)
    again = await referring.refer(
        person=None, person_id=case["person_id"], override_reason="Worse again."
    )
    assert (again.status_code, again.json()["detail"]) == (403, SAID)
    page = await referring.stores.referrals.find(TENANT, {}, limit=10)
    assert [each.id for each in page.items] == [case["id"]]


async def test_handing_over_leaves_what_the_lead_may_not_see(referring: Referring) -> None:
    await state_worker(referring, "worker-a", 5)
    ours, theirs = [await accepted_case(referring) for _ in range(2)]
    await state_worker(referring, "worker-b", 5)
    await state_worker(referring, "worker-a", 5, active=False)
    other = Restriction(
        named_workers=("worker-a",),
        reason_code="known_to_staff",
        recorded_at=datetime.now(UTC),
        recorded_by="worker-a",
    )
    await referring.stores.persons.update(
        theirs["person_id"], lambda person: (person.with_(restriction=other), []), heard()
    )
    handed = await post(referring, "/teams/team-org/workers/worker-a/hand-over", lead(referring))
    assert handed.json() == {"given": {ours["id"]: "worker-b"}, "left": [theirs["id"]]}


async def test_the_worklist_says_of_a_restricted_record_only_that_it_is_there(
    referring: Referring,
) -> None:
    hidden = (await referring.refer(priority="urgent")).json()
    shown = (await referring.refer()).json()
    await restrict(referring, hidden)
    items = (await referring.http.get("/worklist", headers=referring.team)).json()["items"]
    assert [(each["referral_id"], each["code"]) for each in items] == [
        (shown["id"], "answer"),
        (hidden["id"], "restricted"),
    ]
    assert {items[1][name] for name in ("since", "priority", "assigned_to")} == {None}
    assert "answer" not in items[1]["words"].lower()
    named = (await referring.http.get("/worklist", headers=lead(referring))).json()["items"]
    assert [(each["referral_id"], each["code"]) for each in named] == [
        (hidden["id"], "answer"),
        (shown["id"], "answer"),
    ]


async def test_the_worklist_has_nothing_for_who_sees_only_that_it_happened(
    referring: Referring,
) -> None:
    case = (await referring.refer()).json()
    made = await onward(referring, case["id"])
    await post(
        referring,
        f"/persons/{case['person_id']}/consent/withdraw",
        referring.team,
        {"method": "verbal", "recipient_organisation_ids": ["group-org"]},
    )
    referring.app.state.clock.advance(_A_MONTH)
    items = (await referring.http.get("/worklist", headers=referring.group)).json()["items"]
    assert made["id"] not in [each["referral_id"] for each in items]


async def test_a_link_shows_no_form_for_a_restricted_record_and_does_nothing(
    referring: Referring,
) -> None:
    case = await accepted_case(referring)
    made = (await refer_on(referring, case)).json()
    path = await link_to(referring, made["id"])
    await restrict(referring, case)
    page = await referring.http.get(path)
    assert page.status_code == 200
    assert "Only workers named" in page.text
    assert "<form" not in page.text
    before = await version(referring, made["id"])
    sent = await referring.http.post(path, data={"action": "accept", "version": str(before)})
    assert (sent.status_code, SAID in sent.text) == (403, True)
    assert await version(referring, made["id"]) == before


async def test_a_session_takes_and_records_nobody_whose_record_is_restricted(
    referring: Referring,
) -> None:
    session = await arranged(referring)
    await post(referring, f"/sessions/{session}/open", referring.group)
    placed, other = await joined(referring), await joined(referring)
    assert (await take(referring, session, placed)).status_code == 201
    for referral in (placed, other):
        state = (await referring.stores.referrals.get(referral, TENANT)).state
        await restrict(referring, {"person_id": state.person_id})
    before = (await referring.stores.sessions.get(session, TENANT)).version
    refused = await take(referring, session, other)
    assert (refused.status_code, refused.json()["detail"]) == (403, SAID)
    path = f"/sessions/{session}"
    said = {"attendance": {placed: "attended"}}
    recorded = await post(referring, f"{path}/attendance", referring.group, said)
    assert (recorded.status_code, recorded.json()["detail"]) == (403, SAID)
    released = await referring.http.delete(f"{path}/places/{placed}", headers=referring.group)
    assert (released.status_code, released.json()["detail"]) == (403, SAID)
    assert (await referring.stores.sessions.get(session, TENANT)).version == before


async def sessions_of(referring: Referring, session: str, who: Mapping[str, str]) -> Any:
    """The session as it is read, which is also how it is listed."""
    read = (await referring.http.get(f"/sessions/{session}", headers=who)).json()
    listed = (await referring.http.get("/sessions", headers=who)).json()
    assert listed["items"] == [read]
    return read


async def test_of_a_restricted_place_in_a_session_only_those_named_see_whose_it_is_and_who_came(
    referring: Referring,
) -> None:
    session = await arranged(referring)
    hidden, shown = await joined(referring), await joined(referring)
    for each in (hidden, shown):
        assert (await take(referring, session, each)).status_code == 201
    await post(referring, f"/sessions/{session}/open", referring.group)
    came: dict[str, Any] = {"attendance": {hidden: "attended", shown: "missed"}}
    said = await post(referring, f"/sessions/{session}/attendance", referring.group, came)
    assert said.status_code == 200, said.text
    whole = [
        {"referral_id": hidden, "attendance": "attended"},
        {"referral_id": shown, "attendance": "missed"},
    ]
    before = await sessions_of(referring, session, referring.group)
    assert (before["places"], before["hidden_places"], before["available"]) == (whole, 0, 1)
    state = (await referring.stores.referrals.get(hidden, TENANT)).state
    other = referring.as_("link_worker", "group-org")
    named = {"restricted": True, "named_workers": ["link_worker-of-group-org"]}
    path = f"/persons/{state.person_id}/restriction"
    answer = await post(referring, path, lead(referring), named)
    assert answer.status_code == 200, answer.text
    after = await sessions_of(referring, session, referring.group)
    assert (after["places"], after["hidden_places"], after["available"]) == (whole[1:], 1, 1)
    assert (await sessions_of(referring, session, other))["places"] == whole


async def test_a_place_of_someone_who_no_longer_agrees_is_a_number(referring: Referring) -> None:
    session = await arranged(referring)
    placed = await joined(referring)
    await take(referring, session, placed)
    state = (await referring.stores.referrals.get(placed, TENANT)).state
    answer = await post(
        referring,
        f"/persons/{state.person_id}/consent/withdraw",
        referring.team,
        {"method": "verbal", "recipient_organisation_ids": ["group-org"]},
    )
    assert answer.status_code == 201, answer.text
    after = await sessions_of(referring, session, referring.group)
    assert (after["places"], after["hidden_places"], after["available"]) == ([], 1, 2)


async def test_nobody_learns_by_trying_whether_a_restricted_person_has_a_place(
    referring: Referring,
) -> None:
    session = await arranged(referring)
    placed, other = await joined(referring), await joined(referring)
    await take(referring, session, placed)
    for referral in (placed, other):
        state = (await referring.stores.referrals.get(referral, TENANT)).state
        await restrict(referring, {"person_id": state.person_id})
    path = f"/sessions/{session}"
    for referral in (placed, other):
        said = {"attendance": {referral: "attended"}}
        answers = [
            await take(referring, session, referral),
            await post(referring, f"{path}/attendance", referring.group, said),
            await referring.http.delete(f"{path}/places/{referral}", headers=referring.group),
        ]
        assert [(each.status_code, each.json()["detail"]) for each in answers] == [(403, SAID)] * 3
