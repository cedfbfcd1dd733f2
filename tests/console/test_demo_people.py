"""Who is referred in the demo: nobody who could be mistaken for someone real."""

import re
from datetime import date

import pytest

from services.console.demo.people import Person, check_digit, make_people
from services.referral.domain.person import is_nhs_number


@pytest.mark.parametrize(
    ("nine", "digit"),
    [
        # 9*10 + 9*9 + 9*8 + 1*2 = 245 = 22*11 + 3, and 11 - 3 = 8
        ("999000001", "8"),
        # 9*10 + 9*9 + 9*8 + 5*2 = 253 = 23*11, and 11 counts as 0
        ("999000005", "0"),
        # 9*10 + 9*9 + 9*8 = 243 = 22*11 + 1, and 10 is never issued
        ("999000000", None),
    ],
)
def test_the_check_digit_is_that_of_modulus_11(nine: str, digit: str | None) -> None:
    assert check_digit(nine) == digit


def test_everyone_has_a_valid_nhs_number_of_the_test_range_of_their_own() -> None:
    numbers = [person.nhs_number for person in make_people(300, seed=1)]

    assert len(set(numbers)) == 300
    assert all(number.startswith("999") and is_nhs_number(number) for number in numbers)


def test_the_same_seed_makes_the_same_people_and_another_seed_others() -> None:
    assert make_people(5, seed=1) == make_people(5, seed=1)
    assert make_people(5, seed=1) != make_people(5, seed=2)


def test_contact_details_lead_to_nobody() -> None:
    for person in make_people(50, seed=3):
        contact = person.as_new("ZZ1")["contact"]
        assert contact["email"].endswith("@example.org")
        assert re.fullmatch(r"07700 900\d{3}", contact["telephone"])
        # The last two letters of a real postcode are never any of C, I, K, M, O and V.
        assert re.fullmatch(r"ZZ1 \d[CIKMOV]{2}", contact["postal_code"])


def test_someone_without_a_known_district_states_no_postcode() -> None:
    (person,) = make_people(1, seed=1)

    assert "postal_code" not in person.as_new(None)["contact"]


def test_age_counts_whole_years_lived() -> None:
    person = Person(1, "9990000018", "Sample", "Testperson", date(1957, 3, 14), "", "")

    assert person.age(date(2026, 3, 13)) == 68
    assert person.age(date(2026, 3, 14)) == 69
