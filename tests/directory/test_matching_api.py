"""Matching through the store and the API, on a real database."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.directory import handlers
from services.directory.domain import Listing, Point, Sought
from services.directory.handlers import Matches, Place
from services.directory.store import Stores
from shared.cause import Actor
from shared.errors import Invalid
from shared.events import ReferralCreated
from tests.directory.examples import (
    DISTRICTS,
    TENANT,
    WORKER,
    Api,
    because,
    fact,
    listing,
    pointers,
    service,
)

MONDAY = datetime(2026, 3, 2, 9, tzinfo=ZoneInfo("Europe/London"))
HERE = Place(point=Point(latitude=53.0, longitude=-1.5))
OTHER_TENANT = Actor("curator-9", "directory_curator", "org-other", "icb-other")
STEP_FREE = [{"code": "step_free"}]


def at(service_id: str, latitude: float, **said: Any) -> Listing:
    location = {"latitude": latitude, "longitude": -1.5, **said.pop("location", {})}
    return listing(id=service_id, locations=[location], **{"need_codes": ["loneliness"], **said})


async def load(stores: Stores, *listings: Listing, by: Actor | None = None) -> None:
    await handlers.put_services(stores, listings, because(by) if by else because())


async def matches(
    stores: Stores, place: Place | None = HERE, tenant: str = TENANT, **asked: Any
) -> Matches:
    wanted = Sought(
        **{"need_codes": ("loneliness",), "placed": place is not None, "metres": 5000, **asked}
    )
    return await handlers.match_services(
        stores, wanted, place, tenant, MONDAY, limit=10, near_misses=10
    )


def ids(found: Matches) -> list[str]:
    return [match.service.listing.id for match in found.matches]


async def test_services_that_fit_come_ranked_with_their_reasons(stores: Stores) -> None:
    await load(
        stores,
        at("near", 53.01, free=True, assured_date="2026-02-18"),
        at("far", 53.03, capacity={"unit": "places", "maximum": 5}),
        at("debt", 53.01, need_codes=["debt_advice"]),
        at("shut", 53.01, status="temporarily closed"),
        at("team", 53.01, service_role="link_worker_team"),
    )
    found = await matches(stores)
    assert ids(found) == ["near", "far"]
    # 1,113 m of 5,000: 20 * 0.7774 = 15.5; 40 + 15.5 + 7.5 + 10 + 5
    assert found.matches[0].judged.score == 78.0
    assert [why.text for why in found.matches[0].why] == [
        "Helps with loneliness",
        "1.1 km away",
        "Free",
        "Places not stated: ask",
        "Details confirmed 12 days ago",
    ]
    assert found.unmet == ()


async def test_a_place_available_says_when_the_next_session_is(stores: Stores) -> None:
    tuesdays = [{"freq": "WEEKLY", "byday": "TU", "opens_at": "10:00"}]
    await load(
        stores, at("svc-1", 53.01, schedules=tuesdays, capacity={"unit": "places", "maximum": 1})
    )
    found = await matches(stores)
    assert "Place available, next session Tuesday" in [why.text for why in found.matches[0].why]


async def test_a_service_whose_last_place_was_taken_is_full_at_once(stores: Stores) -> None:
    await load(stores, at("svc-1", 53.01, capacity={"unit": "places", "maximum": 1}))
    await handlers.follow_referral(stores, fact(ReferralCreated, 1), because())
    found = await matches(stores)
    assert "Full: waiting list of 0" in [why.text for why in found.matches[0].why]
    shut_out = await matches(stores, free_place=True)
    assert ids(shut_out) == []
    assert [each.reason_code for each in shut_out.unmet] == ["no_place"]


async def test_near_misses_come_from_beyond_the_limit_and_without_the_rarest_wish(
    stores: Stores,
) -> None:
    await load(
        stores,
        at("polish-far", 53.08, languages=["en", "pl"]),
        at("english-near", 53.01, languages=["en"]),
        at("polish-near", 53.02, languages=["pl"]),
        at("much-too-far", 53.5, languages=["pl"]),
    )
    found = await matches(stores, languages=("pl",))
    assert ids(found) == ["polish-near"]
    assert {
        miss.service.listing.id: [why.text for why in miss.why] for miss in found.near_misses
    } == {
        "polish-far": ["3.9 km beyond your limit"],
        "english-near": ["no Polish stated"],
    }


async def test_a_rare_wish_is_found_behind_hundreds_of_nearer_services(stores: Stores) -> None:
    crowd = [at(f"svc-{n:03}", 53.001 + n / 1_000_000) for n in range(350)]
    await load(stores, *crowd)
    await load(
        stores,
        at("polish", 53.02, languages=["pl"]),
        at("step-free", 53.02, location={"accessibility": STEP_FREE}),
    )
    assert ids(await matches(stores, languages=("pl",))) == ["polish"]
    assert ids(await matches(stores, accessibility=("step_free",))) == ["step-free"]


async def test_a_service_by_telephone_is_near_everyone(stores: Stores) -> None:
    await load(
        stores,
        listing(id="line", need_codes=["loneliness"], locations=[{"location_type": "virtual"}]),
        listing(id="nowhere", need_codes=["loneliness"]),
    )
    found = await matches(stores)
    assert ids(found) == ["line"]
    assert "Online or by telephone" in [why.text for why in found.matches[0].why]


async def test_without_a_place_the_last_confirmed_come_first(stores: Stores) -> None:
    await load(
        stores,
        at("old", 53.01, assured_date="2025-03-10"),
        at("new", 58.0, assured_date="2026-03-01"),
        listing(id="never", need_codes=["loneliness"]),
    )
    assert ids(await matches(stores, place=None, metres=None)) == ["new", "old", "never"]


async def test_a_need_answered_nowhere_near_is_told_from_one_answered_nowhere(
    stores: Stores,
) -> None:
    await load(stores, at("svc-1", 56.0))
    found = await matches(stores, need_codes=("loneliness", "debt_advice"))
    assert [(each.need_code, each.reason_code) for each in found.unmet] == [
        ("loneliness", "too_far"),
        ("debt_advice", "no_service"),
    ]


async def test_services_of_another_tenant_are_never_matched(stores: Stores) -> None:
    await load(stores, at("theirs", 53.0, languages=["pl"]), by=OTHER_TENANT)
    for place in (HERE, None):
        found = await matches(stores, place=place, languages=("pl",))
        assert (found.matches, found.near_misses) == ([], [])
        assert [each.reason_code for each in found.unmet] == ["no_service"]
    theirs = await matches(stores, tenant="icb-other")
    assert ids(theirs) == ["theirs"]


async def test_a_postcode_whose_district_is_not_known_is_refused(stores: Stores) -> None:
    await handlers.put_districts(stores, DISTRICTS, because())
    await load(stores, at("svc-1", 53.0))
    assert ids(await matches(stores, place=Place(postcode="ZZ1 9ZZ"))) == ["svc-1"]
    with pytest.raises(Invalid):
        await matches(stores, place=Place(postcode="ZZ9 9ZZ"))


async def test_matches_are_answered_with_scores_parts_and_reasons(api: Api) -> None:
    said = service(
        need_codes=["loneliness"],
        locations=[{"latitude": 53.01, "longitude": -1.5}],
        minimum_age=60,
        free=True,
    )
    await api("PUT", "/services", [said, said | {"id": "svc-2", "minimum_age": 80}])
    answer = await api(
        "POST",
        "/matches",
        {
            "need_codes": ["loneliness", "debt_advice"],
            "place": {"latitude": 53.0, "longitude": -1.5},
            "within_metres": 5000,
            "age": 67,
        },
        actor=WORKER,
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    [match] = found["matches"]
    assert match["service"]["id"] == "svc-1"
    assert match["distance_metres"] == 1113
    assert match["score"] == 48.0  # 20 + 15.5 + 7.5 + 0 + 5
    assert match["score_parts"] == [
        {"code": "need", "points": 20.0, "weight": 40.0},
        {"code": "distance", "points": 15.5, "weight": 20.0},
        {"code": "place", "points": 7.5, "weight": 15.0},
        {"code": "freshness", "points": 0.0, "weight": 10.0},
        {"code": "cost", "points": 5.0, "weight": 5.0},
    ]
    assert match["why"][-2:] == [
        {"code": "age", "text": "For ages 60+"},
        {"code": "freshness", "text": "Details never confirmed"},
    ]
    [miss] = found["near_misses"]
    assert (miss["service"]["id"], miss["why"]) == (
        "svc-2",
        [{"code": "age", "text": "only for ages 80+"}],
    )
    assert found["unmet"] == [{"need_code": "debt_advice", "reason_code": "no_service"}]


async def test_the_example_of_the_documentation_works_when_pasted(api: Api) -> None:
    document = (await api("GET", "/openapi.json", actor=None)).json()
    districts = document["paths"]["/districts"]["put"]["requestBody"]["content"]
    [rows] = districts["application/json"]["schema"]["examples"]
    assert (await api("PUT", "/districts", rows)).status_code == 200
    [example] = document["components"]["schemas"]["MatchRequest"]["examples"]
    answer = await api("POST", "/matches", example, actor=WORKER)
    assert (answer.status_code, answer.json()["matches"]) == (200, [])


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"need_codes": []}, "/need_codes"),
        ({"need_codes": ["loneliness", "nonsense"]}, "/need_codes/1"),
        ({"age": -1}, "/age"),
        ({"languages": ["Polish"]}, "/languages/0"),
        ({"accessibility": ["stairs"]}, "/accessibility/0"),
        ({"days": ["monday"]}, "/days/0"),
        ({"maximum_cost": -1}, "/maximum_cost"),
        ({"place": {}}, "/place"),
        ({"place": {"postcode": "ZZ1", "latitude": 53.0, "longitude": 0}}, "/place"),
        ({"place": {"latitude": 53.0}}, "/place"),
        ({"person": "Sample Testperson"}, "/person"),
        ({"limit": 51}, "/limit"),
    ],
)
async def test_a_request_that_is_wrong_names_the_field(
    api: Api, wrong: dict[str, Any], pointer: str
) -> None:
    answer = await api("POST", "/matches", {"need_codes": ["loneliness"], **wrong}, actor=WORKER)
    assert answer.status_code == 422
    assert pointers(answer.json()) == [pointer]


async def test_no_match_is_given_without_a_token(api: Api) -> None:
    answer = await api("POST", "/matches", {"need_codes": ["loneliness"]}, actor=None)
    assert answer.status_code == 401
