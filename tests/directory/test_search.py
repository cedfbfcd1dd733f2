from typing import Any

import pytest

from services.directory import handlers
from services.directory.domain import Listing, Point
from services.directory.handlers import Place, Wanted, search
from services.directory.store import Stores
from shared.errors import Invalid
from shared.events import ReferralCreated
from tests.directory.examples import DISTRICTS, TENANT, because, fact, listing

PLACES = {"unit": "places", "maximum": 2}


async def load(stores: Stores, *listings: Listing) -> None:
    await handlers.put_services(stores, listings, because())


async def found(stores: Stores, wanted: Wanted, limit: int = 50) -> list[str]:
    """The ids of all pages."""
    ids: list[str] = []
    cursor = None
    while True:
        matches, cursor = await handlers.find_services(
            stores, wanted, TENANT, limit=limit, cursor=cursor
        )
        assert len(matches) <= limit
        ids += [match.saved.state.listing.id for match in matches]
        if cursor is None:
            return ids


def at(service_id: str, latitude: float, **said: Any) -> Listing:
    return listing(id=service_id, locations=[{"latitude": latitude, "longitude": -1.5}], **said)


HERE = Place(point=Point(latitude=53.0, longitude=-1.5))


async def test_services_are_found_nearest_first_with_their_distance(stores: Stores) -> None:
    await load(stores, at("far", 53.2), at("near", 53.01), at("nowhere-near", 55), listing(id="x"))
    matches, _ = await handlers.find_services(
        stores, Wanted(place=HERE), TENANT, limit=10, cursor=None
    )
    # MongoDB's Earth is a sphere of 6,378.1 km: a degree of latitude is 111,319 m.
    assert [(m.saved.state.listing.id, round(m.metres or 0)) for m in matches] == [
        ("near", 1113),
        ("far", 22264),
        ("nowhere-near", 222638),
    ]
    within = Place(point=HERE.point, metres=5000)
    assert await found(stores, Wanted(place=within)) == ["near"]


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_from_a_place_all_are_found_however_far_apart_they_lie(
    stores: Stores, limit: int
) -> None:
    # About 0.1, 6, 33, 111, 445 and 5,000 km to the north or south.
    away = {"here": 53.001, "town": 53.05, "city": 53.3, "north": 54.0, "isles": 57.0, "south": 8.0}
    await load(stores, *(at(name, latitude) for name, latitude in away.items()))
    assert await found(stores, Wanted(place=HERE), limit=limit) == list(away)
    counts = await search.count_facets(stores, Wanted(place=HERE), TENANT, ["role"])
    assert counts is not None
    assert (counts.counted, counts.complete) == (6, True)
    within = Place(point=HERE.point, metres=40_000)
    assert await found(stores, Wanted(place=within), limit=limit) == ["here", "town", "city"]


async def test_a_service_in_two_places_is_found_once_by_the_nearer(stores: Stores) -> None:
    both = [{"latitude": 53.5, "longitude": -1.5}, {"latitude": 53.02, "longitude": -1.5}]
    await load(stores, listing(id="two", locations=both), at("one", 53.1))
    assert await found(stores, Wanted(place=HERE)) == ["two", "one"]


async def test_pages_from_a_place_hold_each_service_once_even_at_one_address(
    stores: Stores,
) -> None:
    batch = [at(f"svc-{n:02}", 53.01) for n in range(12)] + [at("first", 53.001)]
    await load(stores, *batch)
    expected = ["first", *(f"svc-{n:02}" for n in range(12))]
    assert await found(stores, Wanted(place=HERE), limit=5) == expected


async def test_pages_without_a_place_hold_each_service_once(stores: Stores) -> None:
    for n in range(3):
        await load(stores, *(listing(id=f"svc-{n}{m}") for m in range(4)))
    ids = await found(stores, Wanted(), limit=5)
    assert sorted(ids) == sorted(f"svc-{n}{m}" for n in range(3) for m in range(4))


async def test_a_postcode_stands_for_the_middle_of_its_district(stores: Stores) -> None:
    await handlers.put_districts(stores, DISTRICTS, because())
    await load(stores, at("south", 53.0), at("north", 53.1))
    for postcode in ("ZZ2 9ZZ", "zz29zz", "ZZ2"):
        assert await found(stores, Wanted(place=Place(postcode=postcode))) == ["north", "south"]
    for postcode in ("ZZ9 9ZZ", "not a postcode"):
        with pytest.raises(Invalid) as caught:
            await found(stores, Wanted(place=Place(postcode=postcode)))
        assert [fault.pointer for fault in caught.value.errors] == ["/query/postcode"]


@pytest.mark.parametrize("place", [None, HERE])
async def test_every_condition_must_hold(stores: Stores, place: Place | None) -> None:
    await load(
        stores,
        at("walk", 53.0, name="Walking group", need_codes=["loneliness", "nature"]),
        at("debt", 53.0, name="Money advice", need_codes=["debt_advice"], capacity=PLACES),
        at("team", 53.0, name="Fernley link workers", service_role="link_worker_team"),
        at("shut", 53.0, name="Walking football", status="temporarily closed"),
    )
    await handlers.follow_referral(stores, fact(ReferralCreated, 1, service_id="debt"), because())

    async def ids(**wanted: Any) -> list[str]:
        return sorted(await found(stores, Wanted(place=place, **wanted)))

    assert await ids() == ["debt", "team", "walk"]
    assert await ids(needs=["nature"]) == ["walk"]
    assert await ids(needs=["nature", "debt_advice"]) == ["debt", "walk"]
    assert await ids(role="link_worker_team") == ["team"]
    assert await ids(status="temporarily closed") == ["shut"]
    assert await ids(free_places=1) == ["debt"]
    assert await ids(free_places=2) == []
    assert await ids(text="WALK gro") == ["walk"]
    assert await ids(text="lonel") == ["walk"]
    assert await ids(text="walk advice") == []
    assert await ids(text=".*") == ["debt", "team", "walk"]


@pytest.mark.parametrize("cursor", ["", "!!!", "bm9wZQ==", "bmFuIHg=", "é"])
@pytest.mark.parametrize("place", [None, HERE])
async def test_a_cursor_that_was_not_given_is_refused(
    stores: Stores, cursor: str, place: Place | None
) -> None:
    with pytest.raises(Invalid) as caught:
        await handlers.find_services(stores, Wanted(place=place), TENANT, limit=5, cursor=cursor)
    assert [fault.pointer for fault in caught.value.errors] == ["/query/cursor"]


@pytest.mark.parametrize("place", [None, HERE])
@pytest.mark.parametrize("few", [0, 4, 10_000])
async def test_words_find_the_same_in_the_same_order_however_common_they_are(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, place: Place | None, few: int
) -> None:
    """The rarest word leads where few services have it; else the order does."""
    monkeypatch.setattr(search, "COMMON", few)
    for n in range(6):
        await load(stores, at(f"walk-{n}", 53.0 + (n % 3) / 100, name="Walking group"))
    await load(stores, at("run-0", 53.0, name="Running group"), at("art-0", 53.0, name="Art"))
    newest = ["walk-5", "walk-4", "walk-3", "walk-2", "walk-1", "walk-0"]
    nearest = ["walk-0", "walk-3", "walk-1", "walk-4", "walk-2", "walk-5"]
    in_order = await found(stores, Wanted(place=place, text="group walk"), limit=4)
    assert in_order == (newest if place is None else nearest)
