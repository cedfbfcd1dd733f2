"""The readers on the real files of ../shared/data; figures from wc, awk and the csv module."""

from collections import Counter
from pathlib import Path

import pytest

from services.console.importing import sources
from services.console.importing.directory import DryRun
from services.console.importing.records import District, Organisation, Row, Service
from services.console.importing.run import run

SHARED = Path(__file__).parents[2].parent / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the real files of ../shared/data are not here"
)


def read(name: str) -> list[Row]:
    known = sources.recognise(SHARED / name)
    assert known
    rows = list(known.read(SHARED / name))
    good = [row for row in rows if isinstance(row, Row)]
    assert good == rows
    return good


def services(name: str) -> list[Service]:
    return [row.record for row in read(name) if isinstance(row.record, Service)]


def test_all_2848_districts_are_read() -> None:
    records = [row.record for row in read("outcodes.csv")]

    assert len(records) == 2_848
    assert records[0] == District(id="S36", latitude=53.50302, longitude=-1.61249, town="Hunshelf")


def test_all_14357_rows_of_the_practices_are_read() -> None:
    rows = read("epraccur.csv")
    kinds = Counter(
        (row.record.kind, row.record.status) for row in rows if isinstance(row.record, Organisation)
    )

    assert len(rows) == 14_357
    assert kinds["practice", "active"] == 6_830
    assert kinds["practice", "closed"] == 1_374
    assert kinds.total() == 14_357
    assert Counter(note for row in rows for note in row.notes) == {"no postcode": 20}


def test_all_3238_libraries_are_read_the_closed_ones_as_closed() -> None:
    libraries = services("libraries.csv")

    assert Counter(library.status for library in libraries) == {
        "active": 2_986,
        "defunct": 237,
        "temporarily closed": 15,
    }
    assert len({library.organization.id for library in libraries}) == 151
    assert all(library.locations[0].postal_code for library in libraries)
    assert all(library.locations[0].latitude for library in libraries)
    assert all(
        "adult_learning" in library.need_codes for library in libraries if library.need_codes
    )


def test_all_35_food_services_are_read_with_their_sessions() -> None:
    food = services("sheffield-food.csv")

    assert len(food) == 35
    assert all("food_support" in service.need_codes for service in food)
    schedules = [schedule for service in food for schedule in service.schedules]
    assert len(schedules) == 45
    assert all(schedule.byday and schedule.opens_at for schedule in schedules)


@pytest.mark.parametrize(
    "name", ["service_full.json", "service_at_location_full.json", "organization_full.json"]
)
def test_the_examples_of_open_referral_uk_are_read(name: str) -> None:
    (service,) = services(f"oruk/{name}")

    assert service.name == "Community Counselling"
    assert service.need_codes == ("low_mood",)
    assert (service.minimum_age, service.maximum_age) == (12, 100)


def test_the_schemas_of_open_referral_uk_are_passed_over() -> None:
    report = run([SHARED / "oruk"], DryRun())

    assert report.complete
    assert len(report.tallies) == 3
    assert [path.name for path in report.passed_over] == [
        "openapi.json",
        "organization.json",
        "service.json",
        "service_at_location.json",
        "service_at_location_list.json",
        "service_list.json",
    ]


def test_one_postcode_area_can_be_taken_out() -> None:
    report = run([SHARED], DryRun(), areas=frozenset({"S"}))

    assert {
        path.name: {kind: counts["checked"] for kind, counts in tally.outcomes.items()}
        for path, tally in report.tallies.items()
    } == {
        "outcodes.csv": {"/districts": 2_848},
        "epraccur.csv": {"/organisations": 313},
        "libraries.csv": {"/organisations": 6, "/services": 85},
        "sheffield-food.csv": {"/organisations": 35, "/services": 35},
    }
