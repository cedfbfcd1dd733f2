"""What is said about a community service, in the words of Open Referral UK 3.0.

A listing is whole: the one that comes later replaces the one before it. ``service_role``,
``need_codes``, ``free`` and ``capacity`` are Linkway's own; ``capacity`` has the words of
HSDS 3.1's ``service_capacity``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from services.directory.domain.needs import NeedCode
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
from shared.events import ServiceRole

ServiceStatus = Literal["active", "inactive", "defunct", "temporarily closed"]


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


_DAY = "-?[1-5]?(MO|TU|WE|TH|FR|SA|SU)"
Days = Annotated[
    str, shaped(f"{_DAY}(,{_DAY})*", "must be days as in RFC 5545, such as MO,TH or 1MO")
]
"""RFC 5545 BYDAY: ``MO,TH``; ``1MO`` is a month's first Monday."""

Language = Annotated[str, shaped("[a-z]{2,3}", "must be a code of ISO 639, such as en or bfi")]
"""ISO 639-1 or 639-3: ``en``, ``ur``, ``bfi`` (British Sign Language)."""

Age = Annotated[int, Field(ge=0, le=150)]


class OrganizationRef(Strict):
    """The organisation that runs a service."""

    id: Id
    name: Line


class Location(Strict):
    """Where a service is given; one without a place on the map is found by its postcode."""

    name: Line | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    address_1: Line | None = None
    city: Line | None = None
    postal_code: Postcode | None = None

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
    """When a service is open, in code where it is known and in words where it is not."""

    byday: Days | None = None
    opens_at: time | None = None
    closes_at: time | None = None
    description: Text | None = None


class Capacity(Strict):
    """How many people a service can take at once; ``unit`` says of what, such as places."""

    unit: Line
    maximum: int = Field(ge=0, le=1_000_000)


class Listing(Strict):
    """One service as its source describes it; ages are in years, both included."""

    id: Id
    name: Line
    organization: OrganizationRef
    service_role: ServiceRole = "community"
    status: ServiceStatus = "active"
    description: Text | None = None
    url: WebAddress | None = None
    email: Email | None = None
    telephone: Telephone | None = None
    locations: tuple[Location, ...] = Field(default=(), max_length=100)
    schedules: tuple[Schedule, ...] = Field(default=(), max_length=100)
    languages: Annotated[tuple[Language, ...], AfterValidator(_once)] = Field((), max_length=100)
    minimum_age: Age | None = None
    maximum_age: Age | None = None
    fees: Text | None = None
    free: bool | None = None
    accessibility: Text | None = None
    need_codes: Annotated[tuple[NeedCode, ...], AfterValidator(_once)] = Field((), max_length=100)
    assured_date: date | None = None
    """When someone last made sure that all this is so."""
    last_modified: AwareDatetime | None = None
    """When the source last changed it; a difference in this alone is no change."""
    capacity: Capacity | None = None

    @field_validator("maximum_age")
    @classmethod
    def _ages_in_order(cls, maximum: int | None, info: ValidationInfo) -> int | None:
        minimum = info.data.get("minimum_age")
        if maximum is not None and minimum is not None and minimum > maximum:
            raise PydanticCustomError("ages", "must be minimum_age or more")
        return maximum

    def says_the_same(self, other: Listing) -> bool:
        """Whether both say the same about the service."""
        return self == other.model_copy(update={"last_modified": self.last_modified})

    def districts_needed(self) -> frozenset[str]:
        """The postcode districts of locations that state no latitude and longitude."""
        return frozenset(filter(None, (location.district for location in self.locations)))

    def points(self, middles: Mapping[str, Point]) -> tuple[Point, ...]:
        """Where it is found on the map; a location without a place is at its district's middle.

        ``middles`` has the districts that are known, by their code.
        """
        points = (
            location.point or middles.get(location.district or "") for location in self.locations
        )
        return tuple(dict.fromkeys(point for point in points if point is not None))
