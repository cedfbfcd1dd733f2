from typing import Any

import pytest

from shared.cause import Actor
from tests.directory.examples import PROVIDER, WORKER, Api, pointers, service

ELSEWHERE = Actor("curator-2", "directory_curator", "org-other", "icb-other")
PLACES = {"unit": "places", "maximum": 8}
HALL = {
    "name": "Fernley Hall",
    "latitude": 53.01,
    "longitude": -1.5,
    "address_1": "1 High Street",
    "city": "Fernley",
    "postal_code": "zz11aa",
}


def without_none(said: Any) -> Any:
    """What an answer says, without what it says it does not know."""
    if isinstance(said, dict):
        return {name: without_none(value) for name, value in said.items() if value is not None}
    return [without_none(each) for each in said] if isinstance(said, list) else said


# Loading


async def test_a_batch_tells_what_became_of_each_row_in_the_order_sent(api: Api) -> None:
    rows: list[Any] = [
        service(id="a"),
        service(id="b", locations=[{"latitude": 95, "longitude": 0}], need_codes=["nonsense"]),
        service(id="c", minimum_age=60, maximum_age=18),
        {"name": "No id"},
        "not a service",
        service(id="a", name="Again"),
    ]
    answer = await api("PUT", "/services", rows)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [(each.get("id"), each["outcome"]) for each in results] == [
        ("a", "created"),
        ("b", "invalid"),
        ("c", "invalid"),
        (None, "invalid"),
        (None, "invalid"),
        ("a", "invalid"),
    ]
    assert results[0] == {"id": "a", "outcome": "created"}
    assert pointers(results[1]) == ["/locations/0/latitude", "/need_codes/0"]
    assert results[2]["errors"] == [
        {"pointer": "/maximum_age", "reason": "must be minimum_age or more"}
    ]
    assert pointers(results[3]) == ["/id", "/organization"]
    assert pointers(results[5]) == ["/id"]


async def test_running_the_same_batch_again_changes_nothing(api: Api) -> None:
    rows = [service(id=f"svc-{n}", locations=[HALL], capacity=PLACES) for n in range(500)]
    first = await api("PUT", "/services", rows)
    again = await api("PUT", "/services", rows)
    assert {each["outcome"] for each in first.json()["results"]} == {"created"}
    assert {each["outcome"] for each in again.json()["results"]} == {"unchanged"}
    assert (await api("GET", "/services/svc-499")).headers["etag"] == '"1"'


@pytest.mark.parametrize("path", ["/services", "/organisations", "/districts"])
async def test_a_batch_has_1_to_500_rows(api: Api, path: str) -> None:
    wrong: list[Any] = [[], [{}] * 501, {}]
    for rows in wrong:
        answer = await api("PUT", path, rows)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/services", "/organisations", "/districts"])
@pytest.mark.parametrize("actor", [WORKER, PROVIDER])
async def test_only_curators_load(api: Api, path: str, actor: Actor) -> None:
    answer = await api("PUT", path, [service()], actor=actor)
    assert answer.status_code == 403
    assert answer.json()["allowed_roles"] == ["directory_curator"]


async def test_nothing_is_read_or_written_without_a_token(api: Api) -> None:
    for method, path in (
        ("GET", "/services"),
        ("GET", "/services/svc-1"),
        ("GET", "/organisations"),
        ("GET", "/organisations/Y90001"),
        ("GET", "/needs"),
        ("PUT", "/services"),
        ("PUT", "/services/svc-1"),
        ("POST", "/services/svc-1/close"),
        ("PUT", "/organisations"),
        ("PUT", "/districts"),
    ):
        assert (await api(method, path, actor=None)).status_code == 401


# One service


async def test_a_service_is_read_as_it_was_stated_with_its_free_places(api: Api) -> None:
    said = service(
        description="Growing food together",
        url="https://allotments.example.org",
        locations=[HALL],
        schedules=[{"byday": "WE", "opens_at": "10:00", "closes_at": "12:30"}],
        languages=["en"],
        minimum_age=18,
        free=True,
        need_codes=["loneliness", "nature"],
        assured_date="2026-01-31",
        last_modified="2026-02-01T10:00:00Z",
        capacity=PLACES,
    )
    created = await api("PUT", "/services/svc-1", said, actor=PROVIDER)
    assert created.status_code == 201
    assert created.json() == {
        "id": "svc-1",
        "version": 1,
        "status": "active",
        "outcome": "created",
    }
    assert created.headers["location"] == "/services/svc-1"
    read = await api("GET", "/services/svc-1", actor=WORKER)
    assert (read.status_code, read.headers["etag"]) == (200, '"1"')
    assert read.json()["capacity"].pop("updated")
    seen = read.json()
    del seen["capacity"]["updated"]
    assert {name: without_none(seen[name]) for name in said} == said | {
        "locations": [
            HALL | {"location_type": "physical", "postal_code": "ZZ1 1AA", "accessibility": []}
        ],
        "schedules": [{"byday": "WE", "opens_at": "10:00:00", "closes_at": "12:30:00"}],
        "capacity": {"unit": "places", "maximum": 8, "available": 8},
    }
    assert (seen["service_role"], seen["status"]) == ("community", "active")
    unsaid = set(seen) - set(said) - {"service_role", "status"}
    assert [seen[name] for name in sorted(unsaid) if seen[name] not in (None, [])] == []


async def test_stating_the_same_again_answers_200_and_the_same_version(api: Api) -> None:
    await api("PUT", "/services/svc-1", service())
    again = await api("PUT", "/services/svc-1", service())
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")
    assert again.headers["etag"] == '"1"'


async def test_bad_fields_are_each_named(api: Api) -> None:
    bad = service(status="shut", locations=[{"latitude": "north", "longitude": 0}], owner="me")
    answer = await api("PUT", "/services/svc-1", bad)
    assert answer.status_code == 422
    assert pointers(answer.json()) == ["/status", "/locations/0/latitude", "/owner"]
    other = await api("PUT", "/services/svc-2", service())
    assert pointers(other.json()) == ["/id"]
    assert (await api("GET", "/services/svc-1")).status_code == 404


async def test_a_stale_if_match_is_412(api: Api) -> None:
    await api("PUT", "/services/svc-1", service())
    await api("PUT", "/services/svc-1", service(name="Renamed"), headers={"if-match": '"1"'})
    stale = {"if-match": '"1"'}
    assert (await api("PUT", "/services/svc-1", service(), headers=stale)).status_code == 412
    body = {"reason_code": "other"}
    closing = await api("POST", "/services/svc-1/close", body, headers=stale)
    assert closing.status_code == 412
    assert (await api("GET", "/services/svc-1")).json()["name"] == "Renamed"


async def test_another_organisations_service_is_not_there_for_a_provider(api: Api) -> None:
    theirs = service(organization={"id": "org-other", "name": "Someone Else"})
    await api("PUT", "/services/svc-1", theirs)
    assert (await api("PUT", "/services/svc-1", service(), actor=PROVIDER)).status_code == 404
    body = {"reason_code": "other"}
    closing = await api("POST", "/services/svc-1/close", body, actor=PROVIDER)
    assert closing.status_code == 404
    taking = await api("PUT", "/services/svc-2", theirs | {"id": "svc-2"}, actor=PROVIDER)
    assert pointers(taking.json()) == ["/organization/id"]
    assert (await api("PUT", "/services/svc-1", service(), actor=WORKER)).status_code == 403


async def test_another_tenants_service_is_not_there(api: Api) -> None:
    await api("PUT", "/services/svc-1", service())
    assert (await api("GET", "/services/svc-1", actor=ELSEWHERE)).status_code == 404
    assert (await api("GET", "/services", actor=ELSEWHERE)).json()["items"] == []


async def test_closing_is_answered_once_per_key_and_refused_after(api: Api) -> None:
    await api("PUT", "/services/svc-1", service())
    body = {"reason_code": "funding_ended"}
    key = {"idempotency-key": "close-1"}
    closed = await api("POST", "/services/svc-1/close", body, headers=key)
    assert (closed.status_code, closed.json()["status"]) == (200, "defunct")
    assert (await api("POST", "/services/svc-1/close", body, headers=key)).json() == closed.json()
    refused = await api("POST", "/services/svc-1/close", body)
    assert (refused.status_code, refused.json()["current_status"]) == (409, "defunct")
    unknown = await api("POST", "/services/svc-1/close", {"reason_code": "tired"})
    assert pointers(unknown.json()) == ["/reason_code"]
    assert (await api("GET", "/services")).json()["items"] == []
    shut = (await api("GET", "/services?status=defunct")).json()["items"]
    assert [each["id"] for each in shut] == ["svc-1"]
    reopened = await api("PUT", "/services/svc-1", service())
    assert reopened.json()["status"] == "active"


# Finding


async def test_services_are_found_by_need_and_postcode_page_by_page(api: Api) -> None:
    await api("PUT", "/districts", [{"id": "ZZ1", "latitude": 53.0, "longitude": -1.5}])
    rows = [
        service(id="near", need_codes=["nature"], capacity=PLACES, locations=[HALL]),
        service(id="far", need_codes=["nature"], locations=[HALL | {"latitude": 53.1}]),
        service(id="other", need_codes=["debt_advice"], locations=[HALL]),
    ]
    await api("PUT", "/services", rows)
    first = await api("GET", "/services?need=nature&postcode=ZZ1+1AA&limit=1", actor=WORKER)
    assert first.status_code == 200
    (item,) = first.json()["items"]
    assert (item["id"], item["distance_metres"], item["capacity"]["available"]) == ("near", 1113, 8)
    cursor = first.json()["next_cursor"]
    rest = await api("GET", f"/services?need=nature&postcode=zz11aa&limit=1&cursor={cursor}")
    assert [each["id"] for each in rest.json()["items"]] == ["far"]
    assert rest.json()["next_cursor"] is None
    both = await api("GET", "/services?need=nature&need=debt_advice&lat=53&lon=-1.5&proximity=2000")
    assert sorted(each["id"] for each in both.json()["items"]) == ["near", "other"]
    roomy = await api("GET", "/services?minimum_free_places=8&service_role=community&search=grow")
    assert [each["id"] for each in roomy.json()["items"]] == ["near"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("need=nature&need=nonsense", "/query/need/1"),
        ("postcode=ZZ9+9ZZ", "/query/postcode"),
        ("postcode=nowhere", "/query/postcode"),
        ("lat=53", "/query/lon"),
        ("lat=91&lon=0", "/query/lat"),
        ("lat=53&lon=0&postcode=ZZ1", "/query/postcode"),
        ("proximity=1000", "/query/proximity"),
        ("lat=53&lon=0&proximity=-1", "/query/proximity"),
        ("service_role=pub", "/query/service_role"),
        ("status=shut", "/query/status"),
        ("minimum_free_places=-1", "/query/minimum_free_places"),
        ("limit=201", "/query/limit"),
        ("cursor=nonsense", "/query/cursor"),
    ],
)
async def test_a_search_that_cannot_be_made_names_the_parameter(
    api: Api, query: str, pointer: str
) -> None:
    answer = await api("GET", f"/services?{query}")
    assert answer.status_code == 422
    assert pointers(answer.json()) == [pointer]
