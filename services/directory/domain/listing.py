"""What is said about a community service, in the words of Open Referral UK 3.0.

A listing is whole: the one that comes later replaces the one before it. ``service_role``,
``need_codes``, ``free`` and ``capacity`` are Linkway's own; ``capacity`` has the words of
HSDS 3.1's ``service_capacity``. Ids of parts are not kept: the part is its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from services.directory.domain.needs import NeedCode, needs_of_terms
from services.directory.domain.parts import (
    Attribute,
    Capacity,
    Contact,
    CostOption,
    Location,
    OrganizationRef,
    Schedule,
    ServiceArea,
)
from services.directory.domain.words import (
    Email,
    Id,
    Line,
    Point,
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


Language = Annotated[str, shaped("[a-z]{2,3}", "must be a code of ISO 639, such as en or bfi")]
"""ISO 639-1 or 639-3: ``en``, ``ur``, ``bfi`` (British Sign Language)."""

Age = Annotated[int, Field(ge=0, le=150)]


class Listing(Strict):
    """One service as its source describes it; ages are in years, both included."""

    id: Id
    name: Line
    organization: OrganizationRef
    service_role: ServiceRole = "community"
    status: ServiceStatus = "active"
    description: Text | None = None
    alert: Text | None = None
    accreditations: Text | None = None
    url: WebAddress | None = None
    email: Email | None = None
    telephone: Telephone | None = None
    contacts: tuple[Contact, ...] = Field(default=(), max_length=50)
    locations: tuple[Location, ...] = Field(default=(), max_length=100)
    service_areas: tuple[ServiceArea, ...] = Field(default=(), max_length=100)
    schedules: tuple[Schedule, ...] = Field(default=(), max_length=100)
    languages: Annotated[tuple[Language, ...], AfterValidator(_once)] = Field((), max_length=100)
    minimum_age: Age | None = None
    maximum_age: Age | None = None
    fees: Text | None = None
    free: bool | None = None
    cost_options: tuple[CostOption, ...] = Field(default=(), max_length=50)
    accessibility: Text | None = None
    attributes: tuple[Attribute, ...] = Field(default=(), max_length=100)
    need_codes: Annotated[tuple[NeedCode, ...], AfterValidator(_once)] = Field((), max_length=100)
    assured_date: date | None = None
    """When someone last made sure that all this is so."""
    assurer_email: Email | None = None
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

    @property
    def needs(self) -> tuple[str, ...]:
        """The coded needs it answers: those stated or, where none is, those of its terms."""
        if self.need_codes:
            return self.need_codes
        return needs_of_terms(each.taxonomy_term.name for each in self.attributes)

    @property
    def accessibility_codes(self) -> tuple[str, ...]:
        """What at least one of its places offers, in code."""
        offers = (way.code for place in self.locations for way in place.accessibility)
        return _once(tuple(code for code in offers if code is not None))

    @property
    def remote(self) -> bool:
        """Whether it can be used from anywhere."""
        return any(place.location_type == "virtual" for place in self.locations)

    @property
    def is_free(self) -> bool | None:
        """Whether it costs nothing: as stated or, where it is not, by its prices."""
        amounts = [cost.amount for cost in self.cost_options if cost.amount is not None]
        if self.free is None and amounts:
            return not any(amounts)
        return self.free

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
