"""A person's number, age and district."""

from __future__ import annotations

from datetime import date

import pytest

from services.referral.domain.person import age_on, is_nhs_number, postcode_district


@pytest.mark.parametrize(
    ("digits", "good"),
    [
        # Worked by hand: 9*10+9*9+9*8 = 243, remainder by 11 is 1, 11-1 = 10: never issued.
        ("9990000000", False),
        # …000001: 243 + 1*2 = 245, remainder 3, check 8.
        ("9990000018", True),
        ("9990000019", False),
        # …000005: 243 + 5*2 = 253, remainder 0, 11 becomes 0.
        ("9990000050", True),
        ("999000001", False),
        ("99900000180", False),
        ("999000001x", False),
        ("", False),
    ],
)
def test_modulus_11(digits: str, good: bool) -> None:  # noqa: FBT001 - a table of cases
    assert is_nhs_number(digits) is good


def test_age_counts_whole_years() -> None:
    assert age_on(date(1957, 3, 14), date(2026, 3, 13)) == 68
    assert age_on(date(1957, 3, 14), date(2026, 3, 14)) == 69


def test_a_district_names_no_street() -> None:
    assert postcode_district("zz1 2ab") == "ZZ1"
    assert postcode_district("ZZ122AB") == "ZZ12"
    assert postcode_district(None) is None
