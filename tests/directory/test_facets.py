"""Filters of a search, together, and how many services have each value."""

from typing import Any

import pytest

from services.directory import handlers
from services.directory.domain import Listing, Point
from services.directory.handlers import Place, Wanted
from services.directory.store import FACETS, Stores
from shared.cause import Actor
from tests.directory.examples import TENANT, WORKER, Api, because, listing, pointers, service

HERE = Place(point=Point(latitude=53.0, longitude=-1.5))
OTHER_TENANT = Actor("curator-9", "directory_curator", "org-other", "icb-other")
HALL = {"latitude": 53.0, "longitude": -1.5}


def walks(**said: Any) -> Listing:
    return listing(
        **{
            "id": "walks",
            "name": "Walking group",
            "locations": [HALL | {"accessibility": [{"code": "step_free"}, {"code": "lift"}]}],
            "need_codes": ["physical_activity", "loneliness"],
            "languages": ["en", "pl"],
            "schedules": [{"freq": "WEEKLY", "byday": "TU"}],
            "minimum_age": 18,
            "maximum_age": 64,
            "free": True,
            **said,
        }
    )


def money() -> Listing:
    return listing(
        id="money",
        name="Money advice",
        locations=[HALL],
        need_codes=["debt_advice"],
        languages=["en"],
        schedules=[{"freq": "WEEKLY", "byday": "WE,TH"}],
        cost_options=[{"amount": 5, "option": "Adults"}],
    )


@pytest.mark.parametrize("place", [None, HERE])
@pytest.mark.parametrize("text", [None, "a"])
async def test_filters_hold_together_from_anywhere_and_with_words(
    stores: Stores, place: Place | None, text: str | None
) -> None:
    await handlers.put_services(
        stores,
        [
            walks(description="All are welcome"),
            money(),
            listing(id="plain", description="A group", locations=[HALL]),
        ],
        because(),
    )

    async def ids(**wanted: Any) -> list[str]:
        found, cursor = await handlers.find_services(
            stores, Wanted(place=place, text=text, **wanted), TENANT, limit=10, cursor=None
        )
        assert cursor is None
        return sorted(each.saved.state.listing.id for each in found)

    assert await ids() == ["money", "plain", "walks"]
    assert await ids(group="social_connection") == ["walks"]
    assert await ids(languages=["pl"]) == ["walks"]
    assert await ids(languages=["pl", "en"]) == ["money", "walks"]
    assert await ids(accessibility=["step_free"]) == ["walks"]
    assert await ids(accessibility=["lift", "step_free"]) == ["walks"]
    assert await ids(accessibility=["step_free", "hearing_loop"]) == []
    assert await ids(days=["WE", "SU"]) == ["money"]
    assert await ids(free=True) == ["walks"]
    assert await ids(free=False) == ["money"]
    assert await ids(age=17) == ["money", "plain"]
    assert await ids(age=64) == ["money", "plain", "walks"]
    assert await ids(age=65) == ["money", "plain"]
    assert await ids(needs=["loneliness"], languages=["pl"], days=["TU"], age=30) == ["walks"]
    assert await ids(needs=["loneliness"], languages=["pl"], days=["WE"], age=30) == []


async def test_facets_count_the_services_that_were_found(stores: Stores) -> None:
    await handlers.put_services(stores, [walks(), walks(id="more"), money()], because())
    for place in (None, HERE):
        counts = await handlers.count_facets(stores, Wanted(place=place), TENANT, FACETS)
        assert counts is not None
        assert (counts.counted, counts.complete) == (3, True)
        assert counts.values == {
            "need": {"loneliness": 2, "physical_activity": 2, "debt_advice": 1},
            "group": {"physical_health": 2, "social_connection": 2, "money_and_work": 1},
            "language": {"en": 3, "pl": 2},
            "accessibility": {"lift": 2, "step_free": 2},
            "day": {"TU": 2, "TH": 1, "WE": 1},
            "free": {"yes": 2},
            "role": {"community": 3},
        }
    fewer = await handlers.count_facets(stores, Wanted(languages=["pl"]), TENANT, ["day"])
    assert fewer is not None
    assert (fewer.counted, fewer.values) == (2, {"day": {"TU": 2}})


async def test_nothing_of_another_tenant_is_found_or_counted(stores: Stores) -> None:
    await handlers.put_services(stores, [walks()], because(OTHER_TENANT))
    for wanted in (
        Wanted(),
        Wanted(place=HERE),
        Wanted(text="walking"),
        Wanted(needs=["loneliness"]),
    ):
        found, _ = await handlers.find_services(stores, wanted, TENANT, limit=5, cursor=None)
        counts = await handlers.count_facets(stores, wanted, TENANT, ["need"])
        assert counts is not None
        assert (found, counts.counted, counts.values) == ([], 0, {"need": {}})


async def test_facets_are_given_on_request(api: Api) -> None:
    await api("PUT", "/services", [service(need_codes=["nature"], languages=["en"])])
    plain = await api("GET", "/services", actor=WORKER)
    assert plain.json()["facets"] is None
    answer = await api("GET", "/services?facets=language,need&need=nature&day=MO", actor=WORKER)
    assert answer.json()["items"] == []
    answer = await api("GET", "/services?facets=language,need&need=nature", actor=WORKER)
    assert answer.json()["facets"] == {
        "counted": 1,
        "complete": True,
        "values": {
            "need": [{"value": "nature", "count": 1}],
            "language": [{"value": "en", "count": 1}],
        },
    }


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("facets=nonsense", "/query/facets"),
        ("group=nonsense", "/query/group"),
        ("language=Polish", "/query/language/0"),
        ("accessibility=stairs", "/query/accessibility/0"),
        ("day=monday", "/query/day/0"),
        ("age=-1", "/query/age"),
    ],
)
async def test_a_filter_that_is_none_is_refused_by_name(api: Api, query: str, pointer: str) -> None:
    answer = await api("GET", f"/services?{query}", actor=WORKER)
    assert (answer.status_code, pointers(answer.json())) == (422, [pointer])
