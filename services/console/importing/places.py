"""Postcodes and points of the United Kingdom, as found in real files."""

from __future__ import annotations

import re
from typing import NamedTuple

_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")
_DISTRICT = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?")

# The Isles of Scilly and the Channel Islands to Shetland, Rockall left out.
_LATITUDES = (49.0, 61.0)
_LONGITUDES = (-9.0, 2.0)


class Point(NamedTuple):
    """Degrees, WGS 84."""

    latitude: float
    longitude: float


def postcode(text: str) -> str | None:
    """A postcode with one space before its last three characters; None where it is none."""
    match = _POSTCODE.fullmatch("".join(text.split()).upper())
    return f"{match[1]} {match[2]}" if match else None


def district(text: str) -> str | None:
    """A postcode district such as ``S6``; None where it is none."""
    code = "".join(text.split()).upper()
    return code if _DISTRICT.fullmatch(code) else None


def area_of(code: str) -> str:
    """The area of a postcode or a district: the letters it begins with."""
    return code[:2] if code[1:2].isalpha() else code[:1]


def point(latitude: str | float | None, longitude: str | float | None) -> Point | None:
    """The point, or None where it cannot be one in the United Kingdom."""
    if latitude is None or longitude is None:
        return None
    try:
        found = Point(float(latitude), float(longitude))
    except ValueError:
        return None
    inside = (
        _LATITUDES[0] <= found.latitude <= _LATITUDES[1]
        and _LONGITUDES[0] <= found.longitude <= _LONGITUDES[1]
    )
    return found if inside else None
