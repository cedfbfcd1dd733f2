"""The parts of a service in Open Referral UK: ways in, areas, contacts, terms, addresses."""

from __future__ import annotations

from pathlib import Path

from services.console.importing.access import ACCESS_CODES
from services.console.importing.records import (
    Accessibility,
    Attribute,
    Contact,
    Organisation,
    Row,
    Schedule,
    ServiceArea,
    TaxonomyTerm,
)
from services.directory.domain.access import ACCESS
from tests.console.oruk_examples import LOCATION, SERVICE, read, services


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
