"""What a list, a filter, a cursor or a refusal must not tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.store import Store
from tests.referral.conftest import Referring, intake


async def onward(referring: Referring, case: dict[str, Any]) -> str:
    """A referral of the case on to the group, not answered yet; its id."""
    await referring.http.post(f"/referrals/{case['id']}/accept", json={}, headers=referring.team)
    body = intake(referring.group_service) | {"kind": "onward", "case_id": case["id"]}
    del body["person"]
    made = await referring.http.post("/referrals", json=body, headers=referring.team)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def listed(
    referring: Referring, who: Mapping[str, str], **query: str
) -> tuple[list[str], str | None]:
    answer = await referring.http.get("/referrals", params=query, headers=who)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    return [item["id"] for item in page["items"]], page["next_cursor"]


async def test_a_filter_by_person_does_not_tell_whose_a_declined_referral_was(
    referring: Referring,
) -> None:
    case = (await referring.refer()).json()
    made = await onward(referring, case)
    person = case["person_id"]
    assert await listed(referring, referring.group, person_id=person) == ([made], None)
    await referring.http.post(
        f"/referrals/{made}/decline", json={"reason_code": "no_capacity"}, headers=referring.group
    )
    assert await listed(referring, referring.group) == ([made], None)
    assert await listed(referring, referring.group, person_id=person) == ([], None)
    assert await listed(referring, referring.group, person_id=person, limit="1") == ([], None)
    assert await listed(referring, referring.team, person_id=person) == ([made, case["id"]], None)


async def test_a_filter_by_person_ends_with_the_consent_at_once(referring: Referring) -> None:
    case = (await referring.refer()).json()
    made = await onward(referring, case)
    person = case["person_id"]
    await referring.http.post(f"/referrals/{made}/accept", json={}, headers=referring.group)
    assert await listed(referring, referring.group, person_id=person) == ([made], None)
    withdrawn = await referring.http.post(
        f"/persons/{person}/consent/withdraw",
        json={"method": "verbal", "recipient_organisation_ids": ["group-org"]},
        headers=referring.team,
    )
    assert withdrawn.status_code == 201, withdrawn.text
    # Its own fact has not come back from Kafka: the referral itself still says accepted.
    assert await listed(referring, referring.group, person_id=person) == ([], None)
    assert (await listed(referring, referring.group))[0] == [made]


async def test_a_filter_by_person_ends_for_the_practice_they_moved_away_from(
    referring: Referring,
) -> None:
    case = (await referring.refer()).json()
    person = case["person_id"]
    assert (await listed(referring, referring.practice, person_id=person))[0] == [case["id"]]
    yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    moved = await referring.http.post(
        f"/persons/{person}/moved",
        json={"effective_on": yesterday, "out_of_area": True},
        headers=referring.team,
    )
    assert moved.status_code == 200, moved.text
    assert await listed(referring, referring.practice, person_id=person) == ([], None)
    assert (await listed(referring, referring.practice))[0] == [case["id"]]


@pytest.mark.parametrize("role", ["reporter", "tenant_admin", "operations"])
async def test_those_who_see_no_case_find_nobody(referring: Referring, role: str) -> None:
    case = (await referring.refer()).json()
    who = referring.as_(role, "team-org")
    assert (await listed(referring, who))[0] == [case["id"]]
    assert await listed(referring, who, person_id=case["person_id"]) == ([], None)


async def test_another_actors_cursor_shows_what_one_may_see_oneself(referring: Referring) -> None:
    first = (await referring.refer()).json()
    other = intake(referring.team_service)
    other["person"] |= {"family_name": "Otherperson"}
    second = (
        await referring.http.post("/referrals", json=other, headers=referring.practice)
    ).json()
    page, cursor = await listed(referring, referring.practice, limit="1")
    assert page == [second["id"]]
    assert cursor is not None
    assert await listed(referring, referring.practice, cursor=cursor) == ([first["id"]], None)
    strangers = (
        referring.as_("referrer", "Y90002"),
        referring.as_("referrer", "Y90001", tenant="icb-b"),
        referring.group,
    )
    for stranger in strangers:
        assert await listed(referring, stranger, cursor=cursor) == ([], None)
    # Nor does its text say anything of the record it stands at.
    assert second["id"] not in cursor


async def test_a_page_of_ones_own_is_full_whatever_others_have_between(
    referring: Referring,
) -> None:
    """A list that filtered after it was read would give short pages, which tell how many."""
    own = []
    for number in range(4):
        body = intake(referring.team_service)
        body["person"] |= {"family_name": f"Person{'abcd'[number]}"}
        who = referring.practice if number % 2 else referring.as_("referrer", "Y90002")
        made = (await referring.http.post("/referrals", json=body, headers=who)).json()
        own += [made["id"]] if number % 2 else []
    page, cursor = await listed(referring, referring.practice, limit="1")
    rest, end = await listed(referring, referring.practice, limit="1", cursor=str(cursor))
    assert (page + rest, end) == (own[::-1], None)


async def test_a_service_or_status_finds_nothing_of_others(referring: Referring) -> None:
    case = (await referring.refer()).json()
    stranger = referring.as_("link_worker", "other-team")
    for query in (
        {"status": "submitted"},
        {"kind": "intake"},
        {"service_id": referring.team_service},
        {"case_id": case["id"]},
        {"person_id": case["person_id"]},
    ):
        assert await listed(referring, stranger, **query) == ([], None)


def told(answer: Any) -> dict[str, Any]:
    """What an answer says, but for the number of the request."""
    return {name: value for name, value in answer.json().items() if name != "instance"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/referrals/{referral}", None),
        ("GET", "/referrals/{referral}/history", None),
        ("GET", "/referrals/{referral}/contacts", None),
        ("GET", "/referrals/{referral}/notes", None),
        ("POST", "/referrals/{referral}/accept", {}),
        ("POST", "/referrals/{referral}/withdraw", {"reason_code": "no_longer_needed"}),
        ("GET", "/persons/{person}", None),
        ("GET", "/persons/{person}/consent", None),
        ("PATCH", "/persons/{person}", {"language": "cy"}),
    ],
)
@pytest.mark.parametrize("if_match", [None, '"99"'])
async def test_what_is_anothers_is_answered_as_what_never_was_with_the_same_work(
    referring: Referring,
    monkeypatch: pytest.MonkeyPatch,
    *,
    method: str,
    path: str,
    body: Any,
    if_match: str | None,
) -> None:
    case = (await referring.refer()).json()
    headers = dict(referring.as_("link_worker", "other-team"))
    headers |= {"If-Match": if_match} if if_match else {}
    work = counting(referring, monkeypatch)

    async def asked(referral: str, person: str) -> tuple[int, dict[str, Any], dict[str, int]]:
        work.clear()
        answer = await referring.http.request(
            method, path.format(referral=referral, person=person), json=body, headers=headers
        )
        return answer.status_code, told(answer), dict(work)

    hidden = await asked(case["id"], case["person_id"])
    missing = await asked("never-was", "never-was")
    assert hidden[0] == 404
    assert hidden == missing


def counting(referring: Referring, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what the stores ask the database, by collection and kind."""
    work: Counter[str] = Counter()

    def counted(name: str, kind: str, call: Any) -> Any:
        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            work[f"{name}.{kind}"] += 1
            return await call(*args, **kwargs)

        return wrapped

    stores = referring.stores
    for name in ("referrals", "persons", "overrides", "notes"):
        store: Store[Any] = getattr(stores, name)
        for kind in ("read", "find"):
            call = getattr(store.collection, kind)
            monkeypatch.setattr(store.collection, kind, counted(name, kind, call))
    return work


async def test_a_person_is_referred_by_id_only_where_they_are_known(referring: Referring) -> None:
    """Or whoever learnt an id as a provider could make the person known to themself."""
    case = (await referring.refer()).json()
    body = intake(referring.team_service) | {"person_id": case["person_id"]}
    del body["person"]
    stranger = referring.as_("referrer", "Y90002")
    refused = await referring.http.post("/referrals", json=body, headers=stranger)
    unknown = await referring.http.post(
        "/referrals", json=body | {"person_id": "never-was"}, headers=stranger
    )
    assert refused.status_code == unknown.status_code == 422
    assert told(refused) == told(unknown)
    assert refused.json()["errors"][0]["pointer"] == "/person_id"
    seen = await referring.http.get(f"/persons/{case['person_id']}", headers=stranger)
    assert seen.status_code == 404
