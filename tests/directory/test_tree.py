"""The tree of organisations: dated, re-parentable, without circles, and never forgetting."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.directory import handlers
from services.directory.domain import Belonging, OrganisationRecord, chain, circles, start_of
from services.directory.domain.organisations import Organisation
from services.directory.domain.tree import place
from services.directory.store import Stores
from shared.cause import Actor
from shared.events import OrganisationChanged
from tests.directory.examples import CURATOR, NOON, TENANT, WORKER, Api, because, pointers

ADMIN = Actor("admin-1", "tenant_admin", "icb-a", TENANT)
MERGER = date(2026, 4, 1)
BEFORE, AFTER = datetime(2026, 3, 31, 12, tzinfo=UTC), datetime(2026, 4, 1, 12, tzinfo=UTC)

ROWS = [
    {"id": "QXA", "name": "A Board", "kind": "integrated_care_board"},
    {"id": "QXB", "name": "B Board", "kind": "integrated_care_board"},
    {"id": "U90001", "name": "North", "kind": "primary_care_network", "part_of": "QXA"},
    {"id": "U90002", "name": "South", "kind": "primary_care_network", "part_of": "QXA"},
    {"id": "Y90001", "name": "Fernley Surgery", "kind": "practice", "part_of": "U90001"},
    {"id": "Y90002", "name": "Upper Fernley", "kind": "practice", "part_of": "U90001"},
]


def step(day: str, part_of: str | None) -> Belonging:
    return Belonging(valid_from=start_of(date.fromisoformat(day)), part_of=part_of)


def test_a_day_begins_at_midnight_in_england() -> None:
    assert start_of(date(2026, 3, 1)) == datetime(2026, 3, 1, tzinfo=UTC)
    assert start_of(date(2026, 4, 1)) == datetime(2026, 3, 31, 23, tzinfo=UTC)


def test_what_is_planned_is_not_undone_by_what_is_said_of_today() -> None:
    known = (step("2020-01-01", "A"), step("2027-04-01", "C"))
    belongings, new = place(known, "B", None, NOON)
    assert [each.part_of for each in belongings] == ["A", "B", "C"]
    assert new == Belonging(valid_from=NOON, part_of="B")
    assert place(belongings, "B", None, NOON) == (belongings, None)


def test_what_is_put_right_for_the_past_leaves_what_came_later() -> None:
    known = (step("2020-01-01", "A"), step("2025-04-01", "B"))
    belongings, _ = place(known, "Z", date(2022, 4, 1), NOON)
    assert [each.part_of for each in belongings] == ["A", "Z", "B"]


def test_a_move_of_the_same_day_makes_way() -> None:
    known = (step("2020-01-01", "A"), step("2026-04-01", "B"))
    belongings, _ = place(known, "C", MERGER, NOON)
    assert belongings == (step("2020-01-01", "A"), step("2026-04-01", "C"))


def test_a_chain_is_that_of_its_day_and_ends_where_it_comes_round() -> None:
    tree = {
        "Y": (step("2020-01-01", "U"),),
        "U": (step("2020-01-01", "QA"), step("2026-04-01", "QB")),
        "X": (step("2020-01-01", "Z"),),
        "Z": (step("2020-01-01", "X"),),
    }
    assert chain(tree, "Y", BEFORE) == ["U", "QA"]
    assert chain(tree, "Y", AFTER) == ["U", "QB"]
    assert chain(tree, "X", AFTER) == ["Z"]


def test_a_circle_that_lies_ahead_is_one() -> None:
    tree = {
        "A": (step("2020-01-01", None), step("2027-04-01", "B")),
        "B": (step("2020-01-01", "A"),),
    }
    assert circles(tree, "A")
    before = {**tree, "B": (step("2020-01-01", "A"), step("2027-04-01", None))}
    assert not circles(before, "A")


def test_a_record_from_before_belongings_were_kept_has_been_so_always() -> None:
    old = OrganisationRecord(
        tenant=TENANT,
        organisation=Organisation(id="Y90001", name="F", kind="practice", part_of="U90001"),
    )
    assert old.at(datetime(1950, 1, 1, tzinfo=UTC)).part_of == "U90001"
    assert old.at(NOON).part_of_since is None


async def told(stores: Stores, organisation_id: str) -> list[tuple[str | None, datetime | None]]:
    unsent = await stores.organisations.collection.unsent(range(16), 100)
    facts = [
        OrganisationChanged.model_validate_json(entry.data)
        for each in unsent
        for entry in each.entries
    ]
    return [
        (fact.part_of, fact.valid_from) for fact in facts if fact.organisation_id == organisation_id
    ]


async def test_a_fact_says_from_when_it_holds(stores: Stores) -> None:
    rows = [Organisation.model_validate(row) for row in ROWS]
    await handlers.put_organisations(stores, rows, because())
    await handlers.move(stores, "U90001", "QXB", since=MERGER, cause=because(ADMIN), if_match=None)
    closed = rows[2].model_copy(update={"status": "closed"})
    await handlers.put_organisations(stores, [closed], because())
    assert await told(stores, "U90001") == [
        ("QXA", NOON),
        ("QXB", datetime(2026, 3, 31, 23, tzinfo=UTC)),
        ("QXA", NOON),  # it closed: where it stands today, and since when
    ]


@pytest.fixture
async def loaded(api: Api) -> Api:
    results = (await api("PUT", "/organisations", ROWS)).json()["results"]
    assert {each["outcome"] for each in results} == {"created"}
    return api


async def place_of(api: Api, organisation: str, on: str) -> dict[str, Any]:
    answer = await api("GET", f"/organisations/{organisation}/place?on={on}", actor=WORKER)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in items]


async def test_a_network_moves_to_another_board_from_a_day_ahead_and_history_is_kept(
    loaded: Api,
) -> None:
    ahead = {"part_of": "QXB", "valid_from": "2999-04-01"}
    moved = await loaded("POST", "/organisations/U90001/move", ahead, actor=ADMIN)
    assert (moved.status_code, moved.json()["part_of"]) == (200, "QXA")
    before = await place_of(loaded, "Y90001", "2999-03-31")
    after = await place_of(loaded, "Y90001", "2999-04-01")
    assert [each["name"] for each in before["above"]] == ["North", "A Board"]
    assert [each["name"] for each in after["above"]] == ["North", "B Board"]
    network = await place_of(loaded, "U90001", "2999-04-01")
    assert ids(network["below"]) == ["Y90001", "Y90002"]
    assert [(each["part_of"], each["valid_to"]) for each in network["history"]] == [
        ("QXA", "2999-03-31"),
        ("QXB", None),
    ]
    assert ids((await place_of(loaded, "QXA", "2999-03-31"))["below"]) == ["U90001", "U90002"]
    assert ids((await place_of(loaded, "QXA", "2999-04-01"))["below"]) == ["U90002"]
    assert ids((await place_of(loaded, "QXB", "2999-04-01"))["below"]) == ["U90001"]


async def test_a_move_that_has_begun_is_what_the_organisation_says(loaded: Api) -> None:
    body = {"part_of": "U90002", "valid_from": "2025-04-01"}
    assert (await loaded("POST", "/organisations/Y90001/move", body)).status_code == 200
    none = {"part_of": None, "valid_from": "2999-04-01"}
    assert (await loaded("POST", "/organisations/Y90002/move", none)).status_code == 200
    read = (await loaded("GET", "/organisations/Y90002")).json()
    assert read["part_of"] == "U90001"
    listed = (await loaded("GET", "/organisations?kind=practice")).json()["items"]
    assert {each["id"]: each["part_of"] for each in listed} == {
        "Y90001": "U90001",  # since it was loaded; what was put right ends there
        "Y90002": "U90001",
    }
    assert ids((await place_of(loaded, "Y90001", "2025-06-01"))["above"]) == ["U90002", "QXA"]


@pytest.mark.parametrize(
    ("organisation", "part_of", "reason"),
    [
        ("QXA", "Y90001", "must not be below the organisation itself"),
        ("U90001", "Y90001", "must not be below the organisation itself"),
        ("U90001", "U90001", "must be another organisation"),
        ("U90001", "QXZ", "must be an organisation that the register knows"),
    ],
)
async def test_a_move_that_cannot_be_is_refused_and_changes_nothing(
    loaded: Api, organisation: str, part_of: str, reason: str
) -> None:
    body = {"part_of": part_of, "valid_from": "2027-04-01"}
    answer = await loaded("POST", f"/organisations/{organisation}/move", body, actor=ADMIN)
    assert (answer.status_code, pointers(answer.json())) == (422, ["/part_of"])
    assert answer.json()["errors"][0]["reason"] == reason
    assert len((await place_of(loaded, organisation, "2028-01-01"))["history"]) == 1


async def test_nothing_moves_to_a_closed_organisation(loaded: Api) -> None:
    await loaded("PUT", "/organisations", [{**ROWS[1], "status": "closed"}])
    body = {"part_of": "QXB", "valid_from": "2027-04-01"}
    answer = await loaded("POST", "/organisations/U90001/move", body)
    assert answer.json()["errors"][0]["reason"] == "must not be closed"


async def test_a_circle_is_not_loaded_either_and_the_rest_is(loaded: Api) -> None:
    rows = [
        {**ROWS[0], "part_of": "Y90001", "part_of_since": "2030-01-01"},
        {"id": "Y90003", "name": "C", "kind": "other", "part_of": "Y90004"},
        {"id": "Y90004", "name": "D", "kind": "other", "part_of": "Y90003"},
        {"id": "Y90005", "name": "E", "kind": "other", "part_of": "Y90003"},
        {**ROWS[5], "part_of": "U90002", "part_of_since": "2999-04-01"},
    ]
    results = (await loaded("PUT", "/organisations", rows)).json()["results"]
    assert [each["outcome"] for each in results] == [
        *("invalid", "invalid", "invalid", "created", "changed"),
    ]
    assert pointers(results[0]) == ["/part_of"]
    assert ids((await place_of(loaded, "Y90002", "2999-04-01"))["above"]) == ["U90002", "QXA"]


async def test_who_moves_organisations_and_who_does_not(loaded: Api) -> None:
    body = {"part_of": "QXB", "valid_from": "2027-04-01"}
    path = "/organisations/U90001/move"
    assert (await loaded("POST", path, body, actor=WORKER)).status_code == 403
    other = Actor("admin-2", "tenant_admin", "icb-z", "icb-other")
    assert (await loaded("POST", path, body, actor=other)).status_code == 404
    assert (await loaded("POST", path, body, actor=CURATOR)).status_code == 200


async def test_a_move_heeds_the_version_read(loaded: Api) -> None:
    body = {"part_of": "QXB", "valid_from": "2027-04-01"}
    path = "/organisations/U90001/move"
    stale = await loaded("POST", path, body, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    good = await loaded("POST", path, body, headers={"If-Match": '"1"'})
    assert (good.status_code, good.headers["etag"]) == (200, '"2"')


async def test_moves_at_the_same_moment_are_all_kept(stores: Stores) -> None:
    await handlers.put_organisations(
        stores, [Organisation.model_validate(row) for row in ROWS], because()
    )
    days = [date(2027, month, 1) for month in range(1, 9)]
    above = ["QXA", "QXB"] * 4
    await asyncio.gather(
        *(
            handlers.move(stores, "U90001", each, since=day, cause=because(), if_match=None)
            for day, each in zip(days, above, strict=True)
        )
    )
    found = await handlers.see_place(stores, "U90001", TENANT, NOON)
    assert [found.saved.state.at(start_of(day)).part_of for day in days] == above
