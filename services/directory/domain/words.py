"""The small types every record of the directory is made of."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError


class Strict(BaseModel):
    """A frozen value that takes no word it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def shaped(pattern: str, reason: str) -> AfterValidator:
    """Takes only text of this pattern; ``reason`` says in words what is allowed."""
    allowed = re.compile(pattern)

    def check(text: str) -> str:
        if not allowed.fullmatch(text):
            raise PydanticCustomError("shape", reason)
        return text

    return AfterValidator(check)


Id = Annotated[
    str,
    shaped(
        r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}",
        "must be 1 to 64 letters, digits, dots, colons, hyphens or underscores",
    ),
]
"""An id given by the source: a UUID, an ODS code or the like, safe in an address."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]

_DISTRICT = r"[A-Z]{1,2}[0-9][0-9A-Z]?"
_POSTCODE = re.compile(rf"({_DISTRICT})([0-9][A-Z]{{2}})")


def split_postcode(text: str) -> tuple[str, str] | None:
    """A postcode's district (outward code) and inward code, or None if it is not one.

    Case and spaces do not matter; a district alone has an empty inward code. The form is
    that of the UK's postcode address file, without its handful of special codes.
    """
    compact = "".join(text.split()).upper()
    if found := _POSTCODE.fullmatch(compact):
        return found[1], found[2]
    return (compact, "") if re.fullmatch(_DISTRICT, compact) else None


def _postcode(text: str) -> str:
    parts = split_postcode(text)
    if parts is None or not parts[1]:
        raise PydanticCustomError("postcode", "must be a UK postcode such as ZZ1 1AA")
    return " ".join(parts)


def _district(text: str) -> str:
    parts = split_postcode(text)
    if parts is None or parts[1]:
        raise PydanticCustomError("district", "must be a postcode district such as ZZ1")
    return parts[0]


Postcode = Annotated[Line, AfterValidator(_postcode)]
"""A whole UK postcode, kept in capitals with one space."""

District = Annotated[Line, AfterValidator(_district)]
"""A postcode district (outward code), in capitals."""

WebAddress = Annotated[
    Line, shaped(r"https?://[^\s<>\"]+", "must be an address beginning with https:// or http://")
]
Email = Annotated[Line, shaped(r"[^@\s]+@[^@\s]+\.[^@\s]+", "must be an e-mail address")]
Telephone = Annotated[
    Line,
    shaped(r"\+?[0-9][0-9 ()-]{4,30}", "must be a telephone number of digits and spaces"),
]

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
"""Degrees north, WGS 84."""

Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
"""Degrees east, WGS 84."""


class Point(Strict):
    """A place on the map."""

    latitude: Latitude
    longitude: Longitude
