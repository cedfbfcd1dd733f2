"""The parts of a listing, in the words of Open Referral UK 3.0.

``Location.accessibility.code`` and ``Capacity.description`` go beyond that profile: the
first is Linkway's own, the second is HSDS 3.1's ``service_capacity``.
"""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.directory.domain.access import AccessCode
from services.directory.domain.words import (
    Email,
    Id,
    Latitude,
    Line,
    Longitude,
    Point,
    Postcode,
    Strict,
    Telephone,
    Text,
    WebAddress,
    shaped,
)

_DAY = "-?[1-5]?(MO|TU|WE|TH|FR|SA|SU)"
Days = Annotated[
    str, shaped(f"{_DAY}(,{_DAY})*", "must be days as in RFC 5545, such as MO,TH or 1MO")
]
"""RFC 5545 BYDAY: ``MO,TH``; ``1MO`` is a month's first Monday."""

_DATE = "-?(0?[1-9]|[12][0-9]|3[01])"
MonthDays = Annotated[
    str, shaped(f"{_DATE}(,{_DATE})*", "must be days of a month as in RFC 5545, such as 1,15 or -1")
]
"""RFC 5545 BYMONTHDAY: ``1,15``; ``-1`` is a month's last day."""


class OrganizationRef(Strict):
    """The organisation that runs a service."""

    id: Id
    name: Line


class Accessibility(Strict):
    """What a place offers, as a code where the list has one, and in words."""

    code: AccessCode | None = None
    description: Text | None = None
    details: Text | None = None
    url: WebAddress | None = None


class Location(Strict):
    """Where a service is given; one without a place on the map is found by its postcode.

    A ``virtual`` one is online or by telephone and is near everyone.
    """

    location_type: Literal["physical", "postal", "virtual"] = "physical"
    name: Line | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    address_1: Line | None = None
    city: Line | None = None
    postal_code: Postcode | None = None
    accessibility: tuple[Accessibility, ...] = Field(default=(), max_length=50)

    @property
    def point(self) -> Point | None:
        """Its place on the map, if stated."""
        if self.latitude is None or self.longitude is None:
            return None
        return Point(latitude=self.latitude, longitude=self.longitude)

    @property
    def district(self) -> str | None:
        """The postcode district to find it by where no place is stated."""
        if self.point is not None or self.postal_code is None:
            return None
        return self.postal_code.partition(" ")[0]

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise PydanticCustomError("place", "latitude and longitude must be given together")
        return self


class Schedule(Strict):
    """When a service is open, in code where it is known and in words where it is not.

    ``byday`` without ``freq`` means every week; times are those of the clock on the wall.
    """

    valid_from: date | None = None
    valid_to: date | None = None
    dtstart: date | None = None
    freq: Literal["WEEKLY", "MONTHLY"] | None = None
    interval: int | None = Field(default=None, ge=1, le=52)
    byday: Days | None = None
    bymonthday: MonthDays | None = None
    opens_at: time | None = None
    closes_at: time | None = None
    attending_type: Line | None = None
    schedule_link: WebAddress | None = None
    description: Text | None = None
    notes: Text | None = None


class CostOption(Strict):
    """What a service costs, for whom; ``amount`` is in pounds."""

    option: Line | None = None
    amount: float | None = Field(default=None, ge=0, le=1_000_000, allow_inf_nan=False)
    amount_description: Line | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class ServiceArea(Strict):
    """For people of which area a service is."""

    name: Line | None = None
    extent: Text | None = None
    extent_type: Line | None = None
    uri: WebAddress | None = None


class Contact(Strict):
    """Whom to ask: the organisation's public contact, by what they do rather than by name."""

    name: Line | None = None
    title: Line | None = None
    email: Email | None = None
    telephone: Telephone | None = None


class TaxonomyTerm(Strict):
    """A word of a taxonomy; ``taxonomy`` says which."""

    name: Line
    id: Line | None = None
    taxonomy: Line | None = None
    term_uri: WebAddress | None = None


class Attribute(Strict):
    """That a word of a taxonomy holds for a service; ``link_type`` says in what way."""

    taxonomy_term: TaxonomyTerm
    link_type: Line | None = None


class Capacity(Strict):
    """How many people a service can take at once; ``unit`` says of what, such as places."""

    unit: Line
    maximum: int = Field(ge=0, le=1_000_000)
    description: Text | None = None
