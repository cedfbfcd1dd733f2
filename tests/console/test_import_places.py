import pytest

from services.console.importing.places import Point, area_of, district, point, postcode


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ZZ1 1AA", "ZZ1 1AA"),
        ("zz11aa", "ZZ1 1AA"),
        ("ZZ1  1AA", "ZZ1 1AA"),
        (" zz12 3bc ", "ZZ12 3BC"),
        ("Z1A1AA", "Z1A 1AA"),
        ("ZZ1", None),
        ("ZZ1 1A", None),
        ("ABC 1234", None),
        ("n/a", None),
        ("", None),
    ],
)
def test_a_postcode_has_one_space_and_capitals_or_is_none(written: str, read: str | None) -> None:
    assert postcode(written) == read


@pytest.mark.parametrize(
    ("written", "read"), [("zz1", "ZZ1"), ("Z1A", "Z1A"), ("ZZ1 1AA", None), ("Z", None)]
)
def test_a_district_is_the_first_half_of_a_postcode(written: str, read: str | None) -> None:
    assert district(written) == read


def test_a_postcode_and_a_district_lie_in_the_area_of_their_first_letters() -> None:
    assert area_of("ZZ12 3BC") == "ZZ"
    assert area_of("Z1A") == "Z"


@pytest.mark.parametrize(
    ("latitude", "longitude", "read"),
    [
        ("54.01", "0", Point(54.01, 0.0)),
        (54.01, -1.5, Point(54.01, -1.5)),
        ("", "0.5", None),
        (None, 0.5, None),
        ("north", "0.5", None),
        ("nan", "0.5", None),
        ("0.5", "54.01", None),
        (100, 101, None),
        ("0", "0", None),
    ],
)
def test_a_point_lies_in_the_united_kingdom_or_is_none(
    latitude: str | float | None, longitude: str | float | None, read: Point | None
) -> None:
    assert point(latitude, longitude) == read
