"""The shipped directory of a district that does not exist."""

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

from services.console.importing import sources
from services.console.importing.access import ACCESS_CODES
from services.console.importing.records import District, Organisation, Row, Service

ROOT = Path(__file__).parents[2] / "services"
NEEDS = json.loads((ROOT / "directory" / "needs.json").read_bytes())
GROUPS = {need["code"]: need["group"] for need in NEEDS}


def rows() -> list[Row]:
    found = sources.find([ROOT / "console" / "demo_data"])
    assert (found.faults, found.passed_over) == ((), ())
    read = [row for source in found.files for row in source.format.read(source.path)]
    good = [row for row in read if isinstance(row, Row)]
    assert good == read
    assert [row.notes for row in good if row.notes] == []
    return good


def services() -> list[Service]:
    return [row.record for row in rows() if isinstance(row.record, Service)]


def organisations() -> list[Organisation]:
    return [row.record for row in rows() if isinstance(row.record, Organisation)]


def test_it_has_sixty_services_of_which_five_are_link_worker_teams() -> None:
    assert Counter(service.service_role for service in services()) == {
        "community": 55,
        "link_worker_team": 5,
    }


def test_its_active_services_answer_every_need_and_many_state_their_places() -> None:
    active = [service for service in services() if service.status == "active"]
    community = [service for service in active if service.service_role == "community"]

    assert len(active) == 59
    assert {code for service in community for code in service.need_codes} == GROUPS.keys()
    assert Counter(GROUPS[service.need_codes[0]] for service in community) == {
        "physical_health": 10,
        "mental_wellbeing": 9,
        "social_connection": 12,
        "housing": 4,
        "money_and_work": 5,
        "learning_and_volunteering": 6,
        "practical_support": 8,
    }
    assert sum(service.capacity is not None for service in community) == 45


def test_it_has_thirteen_active_practices_and_twelve_districts() -> None:
    kinds = Counter((each.kind, each.status) for each in organisations())

    assert kinds == {
        ("practice", "active"): 13,
        ("practice", "closed"): 1,
        ("other", "active"): 1,
        ("primary_care_network", "active"): 2,
        ("integrated_care_board", "active"): 1,
    }
    assert {row.record.id for row in rows() if isinstance(row.record, District)} == {
        f"ZZ{number}" for number in range(1, 13)
    }


def test_each_active_practice_is_part_of_one_of_two_networks() -> None:
    above = Counter(
        each.part_of
        for each in organisations()
        if (each.kind, each.status) == ("practice", "active")
    )
    networks = {each.id for each in organisations() if each.kind == "primary_care_network"}

    assert above == {"U90001": 6, "U90002": 7}
    assert networks == above.keys()


def test_there_is_something_to_show_for_access_prices_languages_and_age() -> None:
    found = services()
    codes = {way.code for each in found for at in each.locations for way in at.accessibility}

    assert codes - {None} == ACCESS_CODES
    assert sum(bool(each.cost_options) for each in found) == 11
    assert {code for each in found for code in each.languages} == {
        "en",
        "bfi",
        "pl",
        "uk",
        "ar",
        "fa",
        "ur",
        "cy",
    }
    assert sum(each.assured_date == date(2025, 6, 14) for each in found) == 4
    assert {each.freq for service in found for each in service.schedules} == {"WEEKLY", "MONTHLY"}


def test_every_place_lies_in_the_district_of_its_postcode() -> None:
    middles = {row.record.id: row.record for row in rows() if isinstance(row.record, District)}

    for service in services():
        for location in service.locations:
            assert location.postal_code
            assert location.latitude
            assert location.longitude
            middle = middles[location.postal_code.split()[0]]
            assert abs(location.latitude - middle.latitude) < 0.003
            assert abs(location.longitude - middle.longitude) < 0.003


def test_nothing_in_it_can_be_taken_for_somebody_real() -> None:
    for file in (ROOT / "console" / "demo_data").iterdir():
        text = file.read_text(encoding="utf-8")
        hosts = re.findall(r"(?:@|://)([a-z0-9.-]+)", text)
        numbers = re.findall(r"\b0\d[\d ]{8,}", text)
        assert [host for host in hosts if not host.endswith(".example.org")] == []
        assert [number for number in numbers if not number.startswith("07700 900")] == []
