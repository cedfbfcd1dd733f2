"""Services in Open Referral UK: what is read, and what is refused or left out and said."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

from services.console.importing.records import (
    Accessibility,
    Attribute,
    BadRow,
    Capacity,
    Contact,
    CostOption,
    Location,
    Organisation,
    OrganizationRef,
    Row,
    Schedule,
    Service,
    TaxonomyTerm,
)
from tests.console.oruk_examples import LOCATION, ORGANIZATION, SERVICE, read, services


def test_a_service_is_read_with_all_that_the_directory_has_a_place_for(tmp_path: Path) -> None:
    (row,) = read(
        tmp_path,
        {
            **SERVICE,
            "description": "Hands in clay.",
            "url": "https://loft.example.org/clay",
            "email": "clay@loft.example.org",
            "minimum_age": 18,
            "maximum_age": 99,
            "assured_date": "2026-09-01",
            "last_modified": "2026-09-01T10:30:00.000Z",
            "schedules": [
                {
                    "id": "s",
                    "freq": "WEEKLY",
                    "interval": 2,
                    "dtstart": "2026-01-08",
                    "byday": "TH,FR",
                    "opens_at": "10:00:00",
                    "closes_at": "12:00",
                    "notes": "Not in August.",
                }
            ],
            "service_at_locations": [{"id": "sal", "location": LOCATION}],
            "languages": [{"id": "l", "code": "en"}, {"id": "m", "name": "Polish"}],
            "contacts": [
                {"id": "c", "title": "Desk", "phones": [{"id": "p", "number": "07700 900123"}]}
            ],
            "cost_options": [
                {"id": "o", "option": "Adults", "amount": 2, "amount_description": "a class"}
            ],
            "attributes": [{"id": "t", "taxonomy_term": {"id": "u", "name": "Pottery"}}],
            "x_linkway": {
                "service_role": "community",
                "need_codes": ["creative_activity"],
                "capacity": {"unit": "wheels", "maximum": 8},
            },
        },
    )

    assert row == Row(
        1,
        Service(
            id="svc-1",
            name="Clay",
            organization=OrganizationRef(id="org-1", name="The Loft"),
            description="Hands in clay.",
            url="https://loft.example.org/clay",
            email="clay@loft.example.org",
            telephone="07700 900123",
            contacts=(Contact(title="Desk", telephone="07700 900123"),),
            minimum_age=18,
            maximum_age=99,
            assured_date=date(2026, 9, 1),
            last_modified=datetime(2026, 9, 1, 10, 30, tzinfo=UTC),
            schedules=(
                Schedule(
                    freq="WEEKLY",
                    interval=2,
                    dtstart=date(2026, 1, 8),
                    byday="TH,FR",
                    opens_at=time(10),
                    closes_at=time(12),
                    notes="Not in August.",
                ),
            ),
            locations=(
                Location(
                    name="Net Loft",
                    address_1="1 Wick Street",
                    city="Ham",
                    postal_code="ZZ1 1AA",
                    latitude=54.01,
                    longitude=0.5,
                    accessibility=(Accessibility(description="A lift."),),
                ),
            ),
            accessibility="A lift.",
            languages=("en",),
            fees="Adults \N{POUND SIGN}2.00 a class",
            free=False,
            cost_options=(CostOption(option="Adults", amount=2, amount_description="a class"),),
            attributes=(Attribute(taxonomy_term=TaxonomyTerm(id="u", name="Pottery")),),
            need_codes=("creative_activity",),
            capacity=Capacity(unit="wheels", maximum=8),
        ),
        (),
        Organisation(id="org-1", name="The Loft", kind="provider", email="hello@loft.example.org"),
    )


def test_a_list_and_a_page_give_each_service_with_its_line(tmp_path: Path) -> None:
    listed = [{"id": "a", "name": "A", "status": "active", "organization": ORGANIZATION}]
    listed.append({**listed[0], "id": "b", "name": "B"})

    assert [row.line for row in read(tmp_path, listed)] == [2, 13]
    assert [row.line for row in read(tmp_path, {"contents": listed, "size": 2})] == [3, 14]


def test_an_organisation_lends_itself_to_its_services(tmp_path: Path) -> None:
    owned = {"id": "svc-1", "name": "Clay", "status": "active"}
    rows = read(tmp_path, {**ORGANIZATION, "services": [owned, {**owned, "id": "svc-2"}]})

    assert [(service.id, service.organization.id) for service in services(rows)] == [
        ("svc-1", "org-1"),
        ("svc-2", "org-1"),
    ]


def test_a_service_at_several_locations_is_one_service(tmp_path: Path) -> None:
    elsewhere = {"id": "loc-2", "location_type": "physical", "name": "Forge"}
    rows = read(
        tmp_path,
        [
            {"id": "sal-1", "service": SERVICE, "location": LOCATION},
            {"id": "sal-2", "service": SERVICE, "location": elsewhere},
        ],
    )

    (service,) = services(rows)
    assert [location.name for location in service.locations] == ["Net Loft", "Forge"]


def test_needs_are_told_from_the_taxonomy_where_we_said_none(tmp_path: Path) -> None:
    term = {"id": "t", "taxonomy_term": {"id": "u", "name": "Debt advice", "description": "d"}}
    rows = read(tmp_path, {**SERVICE, "attributes": [term]})

    assert services(rows)[0].need_codes == ("debt_advice",)


def test_nulls_and_empty_texts_are_nothing(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        {
            **SERVICE,
            "description": "",
            "url": None,
            "minimum_age": None,
            "schedules": None,
            "service_at_locations": [None],
            "contacts": [{"id": "c", "phones": None}],
        },
    )

    (service,) = services(rows)
    assert service.model_dump(exclude_defaults=True) == {
        "id": "svc-1",
        "name": "Clay",
        "organization": {"id": "org-1", "name": "The Loft"},
    }


def test_bad_items_have_their_line_and_reason_and_good_ones_are_read(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        [
            SERVICE,
            {"id": "svc-2", "status": "active"},
            {**SERVICE, "id": "svc-3", "status": "open"},
            {**SERVICE, "id": "svc-4", "minimum_age": "grown-up"},
            {**SERVICE, "id": "svc-5", "x_linkway": {"capacity": {"unit": "seats"}}},
            "words",
            SERVICE,
            {**SERVICE, "id": "svc-6"},
        ],
    )

    assert [row for row in rows if isinstance(row, BadRow)] == [
        BadRow(13, "name: Field required"),
        BadRow(
            17,
            "status: Input should be 'active', 'inactive', 'defunct' or 'temporarily closed'",
        ),
        BadRow(
            28,
            "minimum_age: Input should be a valid integer, unable to parse string as an integer",
        ),
        BadRow(40, "x_linkway.capacity.maximum: Field required"),
        BadRow(
            56,
            "row: Input should be a valid dictionary or instance of Service",
        ),
        BadRow(57, "repeats line 2: the first one is kept"),
    ]
    assert [service.id for service in services(rows)] == ["svc-1", "svc-6"]


def test_what_is_not_understood_is_left_out_and_said(tmp_path: Path) -> None:
    place = {
        **LOCATION,
        "latitude": 100,
        "longitude": 101,
        "addresses": [{"id": "a", "address_1": "Main Street", "postal_code": "ABC 1234"}],
    }
    (row,) = read(
        tmp_path,
        {
            "id": "svc-1",
            "name": "Clay",
            "status": "active",
            "url": "ask",
            "email": "ask",
            "service_at_locations": [{"id": "sal", "location": place}],
            "schedules": [{"id": "s", "byday": "Thursdays"}],
        },
    )

    assert isinstance(row, Row)
    assert row.notes == (
        "names no organisation: its own name stands in",
        "url left out: not understood",
        "email left out: not understood",
        "postal_code left out: not a UK postcode",
        "coordinates left out: not a place in the United Kingdom",
        "byday left out: not days of RFC 5545",
    )
    (service,) = services([row])
    assert service.organization.name == "Clay"
    way_in = Accessibility(description="A lift.")
    assert service.locations == (
        Location(name="Net Loft", address_1="Main Street", accessibility=(way_in,)),
    )
