"""The audit as those who answer for privacy ask it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from tests.referral.conftest import Referring
from tests.referral.test_audit import end, lines, referred


async def asked(referring: Referring, headers: Mapping[str, str], **params: str) -> Any:
    answer = await referring.http.get("/audit", params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def admin(referring: Referring) -> Mapping[str, str]:
    return referring.as_("tenant_admin", "icb")


async def test_a_person_s_lines_are_found_newest_first_and_no_other_s(
    referring: Referring,
) -> None:
    one = await referred(referring)
    someone = {"given_names": "Another", "family_name": "Exampleperson", "birth_date": "1948-01-02"}
    other = await referring.refer(person=someone)
    assert other.status_code == 201, other.text
    await referring.http.get(f"/persons/{one['person_id']}", headers=referring.team)
    found = await asked(referring, admin(referring), person_id=one["person_id"])
    numbers = [line["number"] for line in found["items"]]
    assert numbers == sorted(numbers, reverse=True)
    assert found["items"][0]["route"] == "GET /persons/{person_id}"
    assert found["items"][0]["subject"] == "link_worker-of-team-org"
    assert found["items"][-1]["action"] == "created"
    assert other.json()["id"] not in json.dumps(found)


async def test_lines_are_found_by_case_too(referring: Referring) -> None:
    view = await referred(referring)
    found = await asked(referring, admin(referring), person_id=view["case_id"])
    assert {line["action"] for line in found["items"]} == {"created", "read"}


async def test_a_user_s_lines_are_found_and_those_in_a_time_alone(referring: Referring) -> None:
    view = await referred(referring)
    await referring.http.get(f"/referrals/{view['id']}", headers=referring.team)
    (line,) = (await asked(referring, admin(referring), subject="link_worker-of-team-org"))["items"]
    later = "2999-01-01T00:00:00Z"
    for params, expected in (
        ({"from": line["at"], "to": line["at"]}, 1),
        ({"from": later}, 0),
        ({"to": "2001-01-01T00:00:00Z"}, 0),
        ({"to": later, "person_id": view["person_id"]}, 1),
        ({"person_id": "another"}, 0),
    ):
        found = await asked(
            referring, admin(referring), subject="link_worker-of-team-org", **params
        )
        assert len(found["items"]) == expected, params


async def test_pages_follow_each_other_without_a_gap(referring: Referring) -> None:
    view = await referred(referring)
    for _ in range(6):
        await referring.http.get(f"/referrals/{view['id']}", headers=referring.team)
    subject = "link_worker-of-team-org"
    expected = [line.number for line in reversed(await lines(referring)) if line.subject == subject]
    numbers: list[int] = []
    cursor: dict[str, str] = {}
    for _ in range(10):
        page = await asked(referring, admin(referring), subject=subject, limit="2", **cursor)
        numbers += [line["number"] for line in page["items"]]
        if "next_cursor" not in page or page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert numbers == expected
    assert len(numbers) == 6


async def test_a_search_becomes_a_line_itself(referring: Referring) -> None:
    view = await referred(referring)
    before = await end(referring)
    await asked(referring, admin(referring), person_id=view["person_id"], subject="worker-9")
    (line,) = await lines(referring, before)
    assert (line.action, line.subject) == ("audit-searched", "tenant_admin-of-icb")
    assert line.records[0].about == (view["person_id"],)
    assert line.records[0].id == "worker-9"


async def test_a_team_lead_sees_what_their_own_people_did(referring: Referring) -> None:
    view = await referred(referring)
    await referring.http.get(f"/referrals/{view['id']}", headers=referring.team)
    lead = referring.as_("team_lead", "team-org")
    found = await asked(referring, lead, person_id=view["person_id"])
    assert {line["organisation"] for line in found["items"]} == {"team-org"}
    elsewhere = await asked(referring, lead, subject="referrer-of-Y90001")
    assert elsewhere["items"] == []


async def test_another_tenant_s_lines_are_never_found(referring: Referring) -> None:
    view = await referred(referring)
    stranger = referring.as_("tenant_admin", "icb", tenant="icb-b")
    found = await asked(referring, stranger, person_id=view["person_id"])
    assert found["items"] == []
    exported = await referring.http.get("/audit/export", headers=stranger)
    (only,) = map(json.loads, exported.text.splitlines())
    assert (only["action"], only["tenant"]) == ("audit-searched", "icb-b")  # their own search


async def test_the_audit_is_for_those_who_answer_for_privacy(referring: Referring) -> None:
    for role in ("referrer", "link_worker", "provider", "reporter", "operations", "service"):
        headers = referring.as_(role, "team-org")
        for path in ("/audit?subject=x", "/audit/export"):
            answer = await referring.http.get(path, headers=headers)
            assert answer.status_code == 403, (role, path)
    lead = referring.as_("team_lead", "team-org")
    assert (await referring.http.get("/audit/export", headers=lead)).status_code == 403
    assert (await referring.http.get("/audit?subject=x")).status_code == 401


async def test_a_search_says_whom_or_by_whom(referring: Referring) -> None:
    for path in ("/audit", "/audit?subject=x&cursor=y", "/audit?subject=x&from=yesterday"):
        answer = await referring.http.get(path, headers=admin(referring))
        assert answer.status_code == 422, path


async def test_an_export_has_each_line_once_as_json_or_as_a_table(referring: Referring) -> None:
    await referred(referring)
    expected = [line.number for line in reversed(await lines(referring))]
    answer = await referring.http.get("/audit/export", headers=admin(referring))
    assert answer.headers["content-type"] == "application/x-ndjson"
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["number"] for line in told] == expected
    table = await referring.http.get("/audit/export?format=csv", headers=admin(referring))
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert rows[0]["action"] == "audit-exported"  # the one before
    assert [int(row["number"]) for row in rows][1:] == expected
    first = rows[-1]
    line, *_ = await lines(referring)
    assert (first["action"], first["subject"], first["after"]) == (
        line.action,
        line.subject,
        line.after or "",
    )


async def test_a_cell_that_a_spreadsheet_would_run_is_made_text(referring: Referring) -> None:
    view = await referred(referring)
    formula = referring.issuer.issue(
        subject="=1+1", role="link_worker", organisation="team-org", tenant="icb-a"
    )
    await referring.http.get(
        f"/referrals/{view['id']}", headers={"Authorization": f"Bearer {formula}"}
    )
    table = await referring.http.get("/audit/export?format=csv", headers=admin(referring))
    assert "'=1+1" in {row["subject"] for row in csv.DictReader(io.StringIO(table.text))}
