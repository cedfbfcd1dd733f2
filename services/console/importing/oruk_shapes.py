"""The parts of Open Referral UK 3.0 that the directory has a place for, read leniently.

``x_linkway`` is our private extension of a service: what the standard has no word for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from services.console.importing.records import Capacity, Line


class Shape(BaseModel):
    """An object of the standard: words we have no place for are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Address(Shape):
    """A location's address."""

    address_1: str = ""
    address_2: str = ""
    city: str = ""
    postal_code: str = ""


class Term(Shape):
    """A word of a taxonomy."""

    id: str = ""
    name: str = ""
    term: str = ""
    taxonomy: str = ""
    term_uri: str = ""


class Attribute(Shape):
    """That a word of a taxonomy holds for a service, or for a way in."""

    link_type: str = ""
    taxonomy_term: Term = Term()


class Accessibility(Shape):
    """A way in, said in words."""

    description: str = ""
    details: str = ""
    url: str = ""
    attributes: tuple[Attribute, ...] = ()


class Location(Shape):
    """Where a service is given."""

    name: str = ""
    location_type: str = ""
    latitude: float | None = None
    longitude: float | None = None
    addresses: tuple[Address, ...] = ()
    accessibility: tuple[Accessibility, ...] = ()


class ServiceAtLocation(Shape):
    """That a service is given at a location."""

    location: Location = Location()


class Schedule(Shape):
    """When a service is open."""

    valid_from: date | None = None
    valid_to: date | None = None
    dtstart: date | None = None
    freq: str = ""
    interval: int | None = None
    byday: str = ""
    bymonthday: str = ""
    opens_at: time | None = None
    closes_at: time | None = None
    attending_type: str = ""
    schedule_link: str = ""
    description: str = ""
    notes: str = ""


class Organization(Shape):
    """Who runs a service."""

    id: str
    name: Line
    email: str = ""


class Language(Shape):
    """A language a service is given in."""

    code: str = ""


class CostOption(Shape):
    """What a service costs, for whom."""

    option: str = ""
    amount: float | None = None
    amount_description: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


class Phone(Shape):
    """A telephone number."""

    number: str = ""


class ServiceArea(Shape):
    """For people of which area a service is; ``service_area`` is the name's older place."""

    name: str = ""
    service_area: str = ""
    extent: str = ""
    extent_type: str = ""
    uri: str = ""


class Contact(Shape):
    """Whom to ask; ``name``, a person's, is read only to keep it out of what is kept."""

    name: str = ""
    title: str = ""
    department: str = ""
    email: str = ""
    phones: tuple[Phone, ...] = ()


class Extension(BaseModel):
    """Linkway's own words for a service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service_role: Literal["link_worker_team", "community"] = "community"
    need_codes: tuple[str, ...] = ()
    capacity: Capacity | None = None
    free: bool | None = None


class Service(Shape):
    """A community service."""

    id: str
    name: Line
    status: Literal["active", "inactive", "defunct", "temporarily closed"]
    organization: Organization | None = None
    description: str = ""
    alert: str = ""
    accreditations: str = ""
    url: str = ""
    email: str = ""
    phones: tuple[Phone, ...] = ()
    minimum_age: int | None = None
    maximum_age: int | None = None
    fees: str = ""
    assured_date: date | None = None
    assurer_email: str = ""
    last_modified: Annotated[datetime, AfterValidator(_zoned)] | None = None
    service_at_locations: tuple[ServiceAtLocation, ...] = ()
    service_areas: tuple[ServiceArea, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    languages: tuple[Language, ...] = ()
    cost_options: tuple[CostOption, ...] = ()
    contacts: tuple[Contact, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    x_linkway: Extension = Extension()


def without_nothing(value: Any) -> Any:
    """The value without the nulls and empty texts that sources put where they know nothing."""
    if isinstance(value, Mapping):
        kept = {key: without_nothing(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None and item != ""}
    if isinstance(value, list):
        return [without_nothing(item) for item in value if item is not None]
    return value.strip() if isinstance(value, str) else value


Lenient = Annotated[Service, BeforeValidator(without_nothing)]
