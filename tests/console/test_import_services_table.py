from datetime import time
from pathlib import Path

import pytest

from services.console.importing import services_table
from services.console.importing.records import BadRow, Location, Row, Schedule, Service, ServiceArea


def read(folder: Path, text: str, name: str = "groups.csv") -> list[Row | BadRow]:
    path = folder / name
    path.write_text(text)
    return list(services_table.read(path))


def services(rows: list[Row | BadRow]) -> list[Service]:
    return [row.record for row in rows if isinstance(row, Row) and isinstance(row.record, Service)]


def notes(rows: list[Row | BadRow]) -> list[tuple[str, ...]]:
    return [row.notes for row in rows if isinstance(row, Row)]


def test_a_library_is_read_with_its_place_and_the_authority_that_runs_it(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "id,name,authority_id,address,postcode,lat,lng,type,closed,hours,url\n"
        '7,Old Town,3,"2 Gannet Street, Merrowhaven",zz22bx,54.0095,0.4914,LAL,,35.5,'
        "www.libraries.example.org/old-town\n",
        "libraries.csv",
    )

    (service,) = services(rows)
    assert service == Service(
        id=service.id,
        name="Old Town",
        organization=service.organization,
        status="active",
        url="https://www.libraries.example.org/old-town",
        locations=(
            Location(
                address_1="2 Gannet Street, Merrowhaven",
                postal_code="ZZ2 2BX",
                latitude=54.0095,
                longitude=0.4914,
            ),
        ),
        schedules=(Schedule(description="Open 35.5 hours a week"),),
        need_codes=("adult_learning", "digital_skills", "loneliness"),
    )
    assert service.organization.name == "libraries: organisation 3"
    assert isinstance(rows[0], Row)
    assert rows[0].provider is not None
    assert (rows[0].provider.id, rows[0].provider.kind) == (service.organization.id, "provider")
    assert notes(rows) == [()]


def test_a_food_bank_is_read_with_its_sessions_and_runs_itself(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "name,address,postcode,opening,referral_required,category,note\n"
        "The Larder,31 Gannet Street,ZZ2 3BG,Tuesday 11.00-13.00,1,foodbank/community meal,"
        "Ring first\n"
        "The Pot,Tallow Lane,ZZ2 1BF,when the flag is up,0,community meal,\n",
    )

    larder, pot = services(rows)
    assert larder.organization.name == "The Larder"
    assert larder.description == "Ring first. A referral is needed."
    assert larder.need_codes == ("food_support", "loneliness")
    assert larder.schedules == (Schedule(byday="TU", opens_at=time(11), closes_at=time(13)),)
    assert pot.description == "No referral is needed."
    assert pot.schedules == (Schedule(description="when the flag is up"),)
    assert pot.organization.id != larder.organization.id


def test_services_of_one_organisation_share_it(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "name,provider,postcode\nArt,The Loft,ZZ1 1AA\nClay,The Loft,ZZ1 1AA\n",
    )

    art, clay = services(rows)
    assert art.organization.name == "The Loft"
    assert clay.organization == art.organization


@pytest.mark.parametrize(
    ("closed", "status"),
    [
        ("", "active"),
        ("0", "active"),
        ("XL", "defunct"),
        ("XLR", "defunct"),
        ("XLT", "temporarily closed"),
        ("Yes", "inactive"),
        ("permanently closed", "defunct"),
    ],
)
def test_a_closed_site_is_kept_with_its_status(tmp_path: Path, closed: str, status: str) -> None:
    rows = read(tmp_path, f"name,postcode,closed\nHall,ZZ1 1AA,{closed}\n")

    assert [service.status for service in services(rows)] == [status]
    assert notes(rows) == [()]


def test_a_word_for_closed_that_is_not_known_makes_it_inactive_and_is_said(tmp_path: Path) -> None:
    rows = read(tmp_path, "name,postcode,closed\nHall,ZZ1 1AA,since the flood\n")

    assert [service.status for service in services(rows)] == ["inactive"]
    assert notes(rows) == [("closed not understood: taken as inactive",)]


def test_bad_rows_have_their_line_and_reason_and_good_rows_are_read(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "id,name,postcode\n"
        "1,Hall,ZZ1 1AA\n"
        "2,,ZZ1 1AA\n"
        ",Shed,ZZ1 1AA\n"
        "1,Hall again,ZZ1 1AA\n"
        "3,Choir,ZZ1 1AA,extra\n"
        f"4,{'x' * 256},ZZ1 1AA\n"
        "5,Loft,ZZ1 1AA\n",
    )

    assert [row for row in rows if isinstance(row, BadRow)] == [
        BadRow(3, "name: String should have at least 1 character"),
        BadRow(4, "id: missing"),
        BadRow(5, "repeats line 2: the first one is kept"),
        BadRow(6, "has 4 columns, the heading 3"),
        BadRow(7, "name: String should have at most 255 characters"),
    ]
    assert [service.name for service in services(rows)] == ["Hall", "Loft"]


def test_without_ids_the_same_name_at_the_same_address_is_a_repeat(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "name,address,postcode\nHall,Wick Street,ZZ1 1AA\nHall,Rope Lane,ZZ1 1AA\n"
        "Hall,Wick Street,ZZ1 1AA\n",
    )

    assert rows[2] == BadRow(4, "repeats line 2: the first one is kept")
    assert len(services(rows)) == 2


def test_a_place_that_is_not_understood_is_left_out_and_said(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "name,address,postcode,lat,lng\n"
        "A,Wick Street,ZZ1 1AA,,\n"
        "B,Wick Street,unknown,54.01,0.5\n"
        "C,Wick Street,ZZ1 1AA,0.5,54.01\n"
        "D,Wick Street,,,\n"
        "E,,,,\n",
    )

    assert notes(rows) == [
        (),
        ("postcode left out: not a UK postcode",),
        ("coordinates left out: not a place in the United Kingdom",),
        ("no place: it is not found by distance",),
        ("no place: it is not found by distance",),
    ]
    found = {service.name: service.locations for service in services(rows)}
    assert found == {
        "A": (Location(address_1="Wick Street", postal_code="ZZ1 1AA"),),
        "B": (Location(address_1="Wick Street", latitude=54.01, longitude=0.5),),
        "C": (Location(address_1="Wick Street", postal_code="ZZ1 1AA"),),
        "D": (Location(address_1="Wick Street"),),
        "E": (),
    }


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("www.hall.example.org", "https://www.hall.example.org"),
        ("HTTP://hall.example.org/x?y=1", "http://hall.example.org/x?y=1"),
        ('"https://a.example.org\n\nhttps://b.example.org"', "https://a.example.org"),
        ("Na", None),
        ("as above", None),
        ("http:/hall.example.org", None),
        ("www.hall,example.org", None),
    ],
)
def test_the_first_web_address_is_kept_with_a_scheme_or_left_out(
    tmp_path: Path, written: str, read_as: str | None
) -> None:
    rows = read(tmp_path, f"name,postcode,url\nHall,ZZ1 1AA,{_quoted(written)}\n")

    assert [service.url for service in services(rows)] == [read_as]
    assert notes(rows) == [() if read_as else ("url left out: not understood",)]


def _quoted(cell: str) -> str:
    return f'"{cell}"' if "," in cell else cell


def test_contacts_are_kept_where_they_are_ones(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "name,postcode,email,phone\n"
        "Hall,ZZ1 1AA,hall@example.org,07700 900123\n"
        "Shed,ZZ1 1AA,ask inside,none\n",
    )

    assert [(service.email, service.telephone) for service in services(rows)] == [
        ("hall@example.org", "07700 900123"),
        (None, None),
    ]
    assert notes(rows) == [
        (),
        ("email left out: not understood", "telephone left out: not understood"),
    ]


def test_ids_are_the_same_at_every_reading_and_differ_between_files(tmp_path: Path) -> None:
    text = "id,name,postcode\n1,Hall,ZZ1 1AA\n"

    (first,) = services(read(tmp_path, text, "groups.csv"))
    (again,) = services(read(tmp_path, text.replace("Hall", "The Hall"), "Groups.CSV"))
    (other,) = services(read(tmp_path, text, "clubs.csv"))

    assert again.id == first.id
    assert other.id != first.id


def test_area_accreditation_alert_and_who_checked_are_read(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "name,postcode,area served,quality mark,alert,checked by email\n"
        "Hall,ZZ1 1AA,Ham,Kiln safety mark,Closed in May,checks@hall.example.org\n",
    )
    (service,) = services(rows)
    assert service.service_areas == (ServiceArea(name="Ham"),)
    assert service.accreditations == "Kiln safety mark"
    assert service.alert == "Closed in May"
    assert service.assurer_email == "checks@hall.example.org"
