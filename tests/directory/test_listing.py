"""A listing says everything Open Referral UK 3.0 has a word for, and it is read back."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.directory.examples import Api, listing, service

FULL: dict[str, Any] = {
    "alert": "Closed in the week of the fair",
    "accreditations": "Trusted Charity mark",
    "assurer_email": "directory@allotments.example.org",
    "contacts": [
        {
            "name": "The front desk",
            "title": "Coordinator",
            "email": "hello@allotments.example.org",
            "telephone": "07700 900123",
        }
    ],
    "locations": [
        {
            "location_type": "physical",
            "name": "Fernley Hall",
            "latitude": 53.01,
            "longitude": -1.5,
            "address_1": "1 High Street",
            "city": "Fernley",
            "postal_code": "ZZ1 1AA",
            "accessibility": [
                {
                    "code": "step_free",
                    "description": "Step-free from the road",
                    "details": "Ring the bell for the ramp",
                    "url": "https://allotments.example.org/access",
                },
                {"description": "Plenty of chairs with arms"},
            ],
        },
        {"location_type": "virtual", "name": "By telephone", "accessibility": []},
    ],
    "service_areas": [
        {
            "name": "Fernley and round about",
            "extent": "{}",
            "extent_type": "geojson",
            "uri": "https://allotments.example.org/area",
        }
    ],
    "schedules": [
        {
            "valid_from": "2026-01-01",
            "valid_to": "2026-12-31",
            "dtstart": "2026-01-06",
            "freq": "WEEKLY",
            "interval": 2,
            "byday": "TU,TH",
            "opens_at": "10:00:00",
            "closes_at": "12:30:00",
            "attending_type": "In person",
            "schedule_link": "https://allotments.example.org/times",
            "description": "Not in August",
            "notes": "Tea at eleven",
        },
        {"freq": "MONTHLY", "bymonthday": "1,-1"},
    ],
    "cost_options": [
        {
            "option": "Adults",
            "amount": 2.5,
            "amount_description": "a session",
            "valid_from": "2026-01-01",
            "valid_to": "2026-12-31",
        }
    ],
    "attributes": [
        {
            "link_type": "service_type",
            "taxonomy_term": {
                "id": "term-1",
                "name": "Recreation",
                "taxonomy": "Human Services Taxonomy",
                "term_uri": "https://example.org/terms/recreation",
            },
        }
    ],
    "languages": ["en", "bfi"],
    "minimum_age": 18,
    "maximum_age": 99,
    "capacity": {"unit": "plots", "maximum": 12, "description": "Half of them raised beds"},
}


def without_none(said: Any) -> Any:
    if isinstance(said, dict):
        return {name: without_none(value) for name, value in said.items() if value is not None}
    return [without_none(each) for each in said] if isinstance(said, list) else said


async def test_every_word_of_open_referral_is_read_back_as_it_was_stated(api: Api) -> None:
    assert (await api("PUT", "/services/svc-1", service(**FULL))).status_code == 201
    read = without_none((await api("GET", "/services/svc-1")).json())
    assert read["capacity"].pop("available") == 12
    assert read["capacity"].pop("updated")
    assert {name: read[name] for name in FULL} == FULL


async def test_stating_all_of_it_again_changes_nothing(api: Api) -> None:
    await api("PUT", "/services/svc-1", service(**FULL))
    again = await api("PUT", "/services/svc-1", service(**FULL))
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("schedules.0.bymonthday", {"schedules": [{"bymonthday": "32"}]}),
        ("schedules.0.interval", {"schedules": [{"interval": 0}]}),
        ("schedules.0.freq", {"schedules": [{"freq": "DAILY"}]}),
        ("cost_options.0.amount", {"cost_options": [{"amount": -1}]}),
        ("locations.0.location_type", {"locations": [{"location_type": "elsewhere"}]}),
        ("locations.0.accessibility.0.code", {"locations": [{"accessibility": [{"code": "x"}]}]}),
        ("attributes.0.taxonomy_term", {"attributes": [{"link_type": "service_type"}]}),
        ("contacts.0.telephone", {"contacts": [{"telephone": "ask"}]}),
    ],
)
def test_a_part_that_is_wrong_is_refused_by_name(path: str, said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        listing(**said)
    assert [".".join(map(str, wrong["loc"])) for wrong in caught.value.errors()] == [path]


def test_whether_it_is_free_follows_from_its_prices_where_it_is_not_stated() -> None:
    def free(*amounts: float, **said: Any) -> bool | None:
        return listing(cost_options=[{"amount": each} for each in amounts], **said).is_free

    assert free() is None
    assert free(0, 0) is True
    assert free(0, 2.5) is False
    assert free(2.5, free=True) is True


def test_the_access_of_a_service_is_that_of_all_its_places() -> None:
    said = listing(
        locations=[
            {"accessibility": [{"code": "lift"}, {"description": "Wide doors"}]},
            {"accessibility": [{"code": "step_free"}, {"code": "lift"}]},
        ]
    )
    assert said.accessibility_codes == ("lift", "step_free")
    assert not said.remote
    assert listing(locations=[{"location_type": "virtual"}]).remote
