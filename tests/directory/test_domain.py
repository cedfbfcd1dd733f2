from typing import Any

import pytest
from pydantic import ValidationError

from services.directory.domain import (
    NEEDS,
    Point,
    Service,
    check_statement,
    close,
    publish,
    restate,
    split_postcode,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.events import Event, ServiceClosed, field_errors
from tests.directory.examples import CURATOR, LATER, NOON, PROVIDER, because, listing


def published(**said: Any) -> Service:
    return publish(listing(**said), (), because())[0]


def said(events: Any) -> list[str]:
    return [event.type for event in events]


def faults(**said: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        listing(**said)
    return {fault.pointer: fault.reason for fault in field_errors(caught.value)}


# What may be said


def test_a_listing_names_every_wrong_field_and_what_is_allowed() -> None:
    found = faults(
        name=" ",
        status="closed",
        url="javascript:alert(1)",
        minimum_age=60,
        maximum_age=18,
        need_codes=["loneliness", "not-a-need"],
        languages=["English"],
        locations=[{"latitude": 91, "longitude": 0}, {"postal_code": "nowhere"}],
        schedules=[{"byday": "Monday", "opens_at": "25:00"}],
        capacity={"unit": "places", "maximum": -1},
        colour="green",
    )
    assert found == {
        "/name": "String should have at least 1 character",
        "/status": "Input should be 'active', 'inactive', 'defunct' or 'temporarily closed'",
        "/url": "must be an address beginning with https:// or http://",
        "/maximum_age": "must be minimum_age or more",
        "/need_codes/1": "is not a known need; the codes allowed are those of GET /needs",
        "/languages/0": "must be a code of ISO 639, such as en or bfi",
        "/locations/0/latitude": "Input should be less than or equal to 90",
        "/locations/1/postal_code": "must be a UK postcode such as ZZ1 1AA",
        "/schedules/0/byday": "must be days as in RFC 5545, such as MO,TH or 1MO",
        "/schedules/0/opens_at": "Input should be in a valid time format, "
        "hour value is outside expected range of 0-23",
        "/capacity/maximum": "Input should be greater than or equal to 0",
        "/colour": "Extra inputs are not permitted",
    }


@pytest.mark.parametrize("half", [{"latitude": 53.0}, {"longitude": -1.5}])
def test_latitude_and_longitude_come_together(half: dict[str, float]) -> None:
    assert faults(locations=[half]) == {
        "/locations/0": "latitude and longitude must be given together"
    }


def test_not_a_number_is_not_a_place() -> None:
    assert list(faults(locations=[{"latitude": float("nan"), "longitude": 0}])) == [
        "/locations/0/latitude"
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ZZ1 1AA", ("ZZ1", "1AA")),
        ("zz11aa", ("ZZ1", "1AA")),
        ("ZZ10 1UL", ("ZZ10", "1UL")),
        ("ZZ101UL", ("ZZ10", "1UL")),
        ("Z1A 0AA", ("Z1A", "0AA")),
        (" zz10 ", ("ZZ10", "")),
        ("1ZZ", None),
        ("ZZ1 1A", None),
        ("", None),
    ],
)
def test_a_postcode_is_read_whatever_its_case_and_spaces(
    text: str, parts: tuple[str, str] | None
) -> None:
    assert split_postcode(text) == parts


def test_a_postcode_is_kept_in_capitals_with_one_space() -> None:
    said = listing(locations=[{"postal_code": " zz101ul"}])
    assert said.locations[0].postal_code == "ZZ10 1UL"


def test_needs_are_some_thirty_codes_in_seven_groups() -> None:
    assert {need.group for need in NEEDS.values()} == {
        "physical_health",
        "mental_wellbeing",
        "social_connection",
        "housing",
        "money_and_work",
        "learning_and_volunteering",
        "practical_support",
    }
    assert 28 <= len(NEEDS) <= 35
    assert all(need.label and code == need.code for code, need in NEEDS.items())


# A service's life


def test_an_active_service_is_announced_and_its_places_told() -> None:
    service, events = publish(
        listing(capacity={"unit": "places", "maximum": 8}),
        [Point(latitude=53, longitude=-1)],
        because(),
    )
    assert said(events) == ["service-published", "capacity-changed"]
    assert events[1].model_dump(include={"unit", "maximum", "available"}) == {
        "unit": "places",
        "maximum": 8,
        "available": 8,
    }
    assert service.available == 8
    assert service.capacity_updated == NOON
    assert service.listing.last_modified == NOON


def test_an_event_says_whose_service_it_is_and_no_more() -> None:
    _, (event,) = publish(listing(service_role="link_worker_team"), (), because())
    assert event.model_dump(mode="json") == {
        "tenant": "icb-demo",
        "seq": 0,
        "occurred_at": "2026-03-02T12:00:00Z",
        "actor": {"role": "directory_curator", "organisation": "org-council"},
        "service_id": "svc-1",
        "organisation_id": "org-allotments",
        "service_role": "link_worker_team",
    }


@pytest.mark.parametrize("status", ["inactive", "defunct", "temporarily closed"])
def test_a_service_that_is_not_active_is_not_announced(status: str) -> None:
    assert publish(listing(status=status), (), because())[1] == []


def test_the_same_listing_again_changes_nothing() -> None:
    service = published(need_codes=["loneliness"], assured_date="2026-01-31")
    again = listing(need_codes=["loneliness"], assured_date="2026-01-31")
    assert restate(service, again, (), because(at=LATER), reopen=False) == (service, ())


def test_a_new_last_modified_alone_is_no_change() -> None:
    service = published(last_modified="2026-01-01T00:00:00Z")
    again = listing(last_modified="2026-02-02T00:00:00Z")
    assert restate(service, again, (), because(at=LATER), reopen=False) == (service, ())


def test_a_place_found_later_is_kept_without_a_fact() -> None:
    service = published()
    points = [Point(latitude=53, longitude=-1)]
    moved, events = restate(service, listing(), points, because(at=LATER), reopen=False)
    assert (moved.points, events) == ((points[0],), ())


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ("active", "inactive", ["service-closed"]),
        ("active", "temporarily closed", ["service-closed"]),
        ("active", "defunct", ["service-closed"]),
        ("inactive", "active", ["service-published"]),
        ("temporarily closed", "active", ["service-published"]),
        ("defunct", "active", ["service-published"]),
        ("inactive", "defunct", ["service-closed"]),
        ("inactive", "temporarily closed", []),
        ("defunct", "inactive", []),
    ],
)
def test_others_are_told_whether_people_can_be_referred_here(
    before: str, after: str, facts: list[str]
) -> None:
    restated, events = restate(
        published(status=before), listing(status=after), (), because(at=LATER), reopen=False
    )
    assert said(events) == facts
    assert restated.listing.status == after


@pytest.mark.parametrize("status", ["inactive", "defunct", "temporarily closed"])
def test_who_hears_of_a_closed_service_hears_how_closed_it_is(status: str) -> None:
    _, (told,) = restate(published(), listing(status=status), (), because(), reopen=False)
    assert isinstance(told, ServiceClosed)
    assert told.status == status


def test_what_changes_while_no_one_can_be_referred_here_is_not_told() -> None:
    service = published(status="inactive")
    changed = listing(status="inactive", description="Back in spring")
    restated, events = restate(service, changed, (), because(at=LATER), reopen=False)
    assert (restated.listing.description, events) == ("Back in spring", [])


def test_a_changed_description_is_told_once() -> None:
    service, events = restate(
        published(), listing(description="Wednesdays"), (), because(at=LATER), reopen=False
    )
    assert said(events) == ["service-changed"]
    assert service.listing.last_modified == LATER


def test_more_places_are_told_as_a_change_and_a_count() -> None:
    service = published(capacity={"unit": "places", "maximum": 8})
    more = listing(capacity={"unit": "places", "maximum": 9})
    restated, events = restate(service, more, (), because(at=LATER), reopen=False)
    assert said(events) == ["service-changed", "capacity-changed"]
    assert (restated.available, restated.capacity_updated) == (9, LATER)


def test_a_listing_that_does_not_mention_places_leaves_them() -> None:
    service = published(capacity={"unit": "places", "maximum": 8})
    assert restate(service, listing(), (), because(at=LATER), reopen=False) == (service, ())


def test_a_listing_that_says_no_capacity_takes_it_away() -> None:
    service = published(capacity={"unit": "places", "maximum": 8})
    restated, events = restate(service, listing(capacity=None), (), because(at=LATER), reopen=False)
    assert (restated.available, said(events)) == (None, ["service-changed"])


# Closing


def test_closing_says_so_once() -> None:
    closed, events = close(published(), "funding_ended", because(at=LATER))
    assert said(events) == ["service-closed"]
    assert closed.listing.status == "defunct"
    assert closed.closure is not None
    assert closed.closure.reason_code == "funding_ended"
    with pytest.raises(Conflict) as caught:
        close(closed, "other", because(at=LATER))
    assert caught.value.context["current_status"] == "defunct"


def test_an_import_does_not_reopen_what_was_closed_by_hand() -> None:
    closed, _ = close(published(), "funding_ended", because(at=LATER))
    with pytest.raises(Invalid) as caught:
        restate(closed, listing(), (), because(at=LATER), reopen=False)
    assert [fault.pointer for fault in caught.value.errors] == ["/status"]
    reopened, events = restate(closed, listing(), (), because(at=LATER), reopen=True)
    assert said(events) == ["service-published"]
    assert (reopened.listing.status, reopened.closure) == ("active", None)


# Who may say what


def test_a_provider_speaks_for_its_own_organisation_only() -> None:
    others = {"id": "org-other", "name": "Someone Else"}
    with pytest.raises(NotFound):
        check_statement(listing(), published(organization=others), PROVIDER)
    with pytest.raises(Invalid) as caught:
        check_statement(listing(organization=others), published(), PROVIDER)
    assert [fault.pointer for fault in caught.value.errors] == ["/organization/id"]
    check_statement(listing(), published(), PROVIDER)
    check_statement(listing(), None, PROVIDER)


def test_a_provider_cannot_make_itself_a_link_worker_team() -> None:
    team = listing(service_role="link_worker_team")
    for current in (None, published()):
        with pytest.raises(Invalid) as caught:
            check_statement(team, current, PROVIDER)
        assert [fault.pointer for fault in caught.value.errors] == ["/service_role"]
    check_statement(team, published(service_role="link_worker_team"), PROVIDER)
    check_statement(team, None, CURATOR)


def test_events_of_the_directory_hold_no_text_of_a_listing() -> None:
    _, events = publish(
        listing(description="secret words", capacity={"unit": "places", "maximum": 1}),
        (),
        because(),
    )
    assert "secret words" not in "".join(map(Event.model_dump_json, events))
