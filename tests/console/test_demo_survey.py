"""What the demo makes of a folder before it starts anything."""

import shutil
from pathlib import Path

import pytest

from services.console.demo.survey import Survey, folders_of, survey
from services.console.importing.records import (
    Address,
    District,
    Location,
    Organisation,
    OrganizationRef,
    Service,
)
from shared.servers import ServerError

SHIPPED = Path(__file__).parents[2] / "services" / "console" / "demo_data"
TABLE, FEED, REGISTER = Path("table.csv"), Path("feed.json"), Path("practices.csv")


def service(id_: str, *postcodes: str, status: str = "active", role: str = "community") -> Service:
    return Service.model_validate(
        {
            "id": id_,
            "name": "Lunch club",
            "organization": OrganizationRef(id="group", name="Group"),
            "status": status,
            "service_role": role,
            "locations": tuple(Location(postal_code=code) for code in postcodes),
        }
    )


def practice(id_: str, postcode: str) -> Organisation:
    return Organisation(
        id=id_, name="Practice", kind="practice", address=Address(postal_code=postcode)
    )


def test_what_the_shipped_directory_holds() -> None:
    found = survey([SHIPPED])

    assert (found.services, found.practices, len(found.districts)) == (54, 13, 12)
    assert found.area() is None


def test_closed_services_and_teams_are_not_places_to_refer_on_to() -> None:
    found = Survey()
    found.add(FEED, service("closed", "ZZ1 1AA", status="defunct"))
    found.add(FEED, service("team", "ZZ1 1AA", role="link_worker_team"))
    found.add(REGISTER, practice("Y90001", "ZZ1 1AA"))

    assert (found.services, found.practices) == (0, 1)
    with pytest.raises(ServerError, match="No open community service"):
        found.require()


def test_files_without_a_practice_are_refused_with_what_to_add() -> None:
    found = Survey()
    found.add(FEED, service("open"))
    found.add(TABLE, District(id="ZZ1", latitude=54, longitude=0.5))

    with pytest.raises(ServerError, match="add the NHS ODS file epraccur"):
        found.require()


def test_of_a_whole_country_the_area_most_files_tell_of_is_played_in() -> None:
    found = Survey()
    found.services = 2_000
    for number in range(5):
        found.add(TABLE, service(f"yy-{number}", "YY1 1AA"))
    found.add(REGISTER, practice("Y90001", "YY1 1AA"))
    found.add(TABLE, service("zz-1", "ZZ1 1AA"))
    found.add(FEED, service("zz-2", "ZZ2 1AA"))
    found.add(REGISTER, practice("Y90002", "ZZ9 1AA"))
    # Most files of all, but no practice to refer from.
    for path in (TABLE, FEED, Path("more.csv"), Path("again.csv")):
        found.add(path, service(f"xx-{path.stem}", "XX1 1AA"))

    assert found.area() == "ZZ"


def test_between_areas_of_as_many_files_the_one_with_more_services_is_taken() -> None:
    found = Survey()
    found.practices = 501
    for code in ("YY1 1AA", "YY2 1AA", "ZZ1 1AA"):
        found.add(TABLE, service(code, code))
        found.add(REGISTER, practice(code, code))

    assert found.area() == "YY"


def test_folders_inside_are_read_as_well_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("inside", ".hidden"):
        (tmp_path / name).mkdir()
        shutil.copy(SHIPPED / "services.json", tmp_path / name)
    shutil.copy(SHIPPED / "practices.csv", tmp_path)

    assert folders_of(tmp_path) == [tmp_path, tmp_path / "inside"]
    assert survey(folders_of(tmp_path)).services == 54
