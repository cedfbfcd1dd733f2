import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from services.console.importing import oruk
from services.console.importing.access import ACCESS_CODES
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
    ServiceArea,
    TaxonomyTerm,
)
from services.directory.domain.access import ACCESS

ORGANIZATION = {"id": "org-1", "name": "The Loft", "email": "hello@loft.example.org", "logo": None}
LOCATION = {
    "id": "loc-1",
    "location_type": "physical",
    "name": "Net Loft",
    "latitude": 54.01,
    "longitude": 0.5,
    "addresses": [
        {"id": "a", "address_1": "1 Wick Street", "city": "Ham", "postal_code": "zz11aa"}
    ],
    "accessibility": [{"id": "b", "description": "A lift."}],
}
SERVICE = {
    "id": "svc-1",
    "name": "Clay",
    "status": "active",
    "organization": ORGANIZATION,
}


def read(folder: Path, content: Any) -> list[Row | BadRow]:
    path = folder / "feed.json"
    path.write_text(json.dumps(content, indent=1))
    return list(oruk.read(path))


def services(rows: list[Row | BadRow]) -> list[Service]:
    return [row.record for row in rows if isinstance(row, Row) and isinstance(row.record, Service)]


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


def test_an_id_the_directory_cannot_take_is_made_into_one_that_it_can(tmp_path: Path) -> None:
    (first,) = services(read(tmp_path, {**SERVICE, "id": "https://feed.example.org/1"}))
    (again,) = services(read(tmp_path, {**SERVICE, "id": "https://feed.example.org/1"}))
    (other,) = services(read(tmp_path, {**SERVICE, "id": "https://feed.example.org/2"}))

    assert first.id == again.id != other.id
    assert len(first.id) == 36


def test_a_way_in_has_a_code_where_a_term_names_one(tmp_path: Path) -> None:
    term = {"id": "t", "taxonomy_term": {"id": "u", "name": "Step-free", "term": "step_free"}}
    place = {
        **LOCATION,
        "location_type": "virtual",
        "accessibility": [{"id": "w", "attributes": [term]}, {"id": "v", "url": "ask"}],
    }
    (service,) = services(
        read(tmp_path, {**SERVICE, "service_at_locations": [{"id": "sal", "location": place}]})
    )
    (location,) = service.locations
    assert location.location_type == "virtual"
    assert location.accessibility == (Accessibility(code="step_free"),)


def test_area_accreditation_assurer_and_how_to_attend_are_kept(tmp_path: Path) -> None:
    (service,) = services(
        read(
            tmp_path,
            {
                **SERVICE,
                "accreditations": "Kiln safety mark",
                "assurer_email": "checks@loft.example.org",
                "service_areas": [
                    {"id": "a", "service_area": "Ham", "extent": "{}", "extent_type": "geojson"},
                    {"id": "b"},
                ],
                "schedules": [
                    {
                        "id": "s",
                        "attending_type": "In person",
                        "schedule_link": "loft.example.org/dates",
                    }
                ],
            },
        )
    )
    assert service.accreditations == "Kiln safety mark"
    assert service.assurer_email == "checks@loft.example.org"
    assert service.service_areas == (ServiceArea(name="Ham", extent="{}", extent_type="geojson"),)
    assert service.schedules == (
        Schedule(attending_type="In person", schedule_link="https://loft.example.org/dates"),
    )


def test_a_contact_is_kept_by_role_and_never_by_name(tmp_path: Path) -> None:
    (row,) = read(
        tmp_path,
        {
            **SERVICE,
            "contacts": [
                {"id": "a", "name": "Pat Kiln", "title": "Manager", "email": "pat@x.example.org"},
                {"id": "b", "name": "Pat Kiln", "email": "hello@x.example.org"},
                {"id": "c", "name": "Pat Kiln"},
                {"id": "d", "department": "Bookings", "email": "ask inside"},
            ],
        },
    )
    (service,) = services([row])
    assert service.contacts == (
        Contact(title="Manager"),
        Contact(email="hello@x.example.org"),
        Contact(title="Bookings"),
    )
    assert "Kiln" not in service.model_dump_json()
    assert row == Row(
        1,
        service,
        (
            "name of a contact left out: it may be a person's",
            "email of a contact left out: it holds a person's name",
        ),
        Organisation(id="org-1", name="The Loft", kind="provider", email="hello@loft.example.org"),
    )


def test_a_term_keeps_its_id_its_taxonomy_and_its_address(tmp_path: Path) -> None:
    term = {"id": "7", "name": "Pots", "taxonomy": "crafts", "term_uri": "https://t.example.org/7"}
    said = {"id": "t", "link_type": "service_type", "taxonomy_term": term}
    (service,) = services(read(tmp_path, {**SERVICE, "attributes": [said, said, {"id": "e"}]}))

    assert service.attributes == (
        Attribute(
            taxonomy_term=TaxonomyTerm(
                id="7", name="Pots", taxonomy="crafts", term_uri="https://t.example.org/7"
            ),
            link_type="service_type",
        ),
    )


def test_addresses_and_extents_the_directory_would_refuse_are_left_out_and_said(
    tmp_path: Path,
) -> None:
    (row,) = read(
        tmp_path,
        {
            **SERVICE,
            "assurer_email": "ask",
            "service_areas": [{"id": "a", "name": "Ham", "extent": "x" * 10_001, "uri": "none"}],
            "schedules": [{"id": "s", "schedule_link": "ask"}],
        },
    )
    (service,) = services([row])
    assert service.service_areas == (ServiceArea(name="Ham"),)
    assert isinstance(row, Row)
    assert row.notes == (
        "assurer_email left out: not understood",
        "extent left out: longer than 10,000 characters",
        "uri of a service area left out: not understood",
        "schedule_link left out: not understood",
    )


def test_a_way_in_with_two_terms_has_both_codes(tmp_path: Path) -> None:
    terms = [{"taxonomy_term": {"term": code}} for code in ("lift", "hearing_loop", "lift", "moat")]
    place = {**LOCATION, "accessibility": [{"description": "A lift.", "attributes": terms}]}
    (service,) = services(
        read(tmp_path, {**SERVICE, "service_at_locations": [{"location": place}]})
    )
    assert service.locations[0].accessibility == (
        Accessibility(code="lift", description="A lift."),
        Accessibility(code="hearing_loop"),
    )


def test_the_codes_of_access_are_those_of_the_directory() -> None:
    assert ACCESS.keys() == ACCESS_CODES
