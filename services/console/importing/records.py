"""What readers make of a file: records in the directory's own words, and rows they could not use.

The records' JSON is what the directory's public API takes; it judges them again, so only
what a person preparing a file can put right is checked here as well.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.console.importing.places import area_of

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class Part(BaseModel):
    """A value that takes no word the directory does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Record(Part, ABC):
    """One thing the directory keeps; ``path`` is where the directory takes it."""

    path: ClassVar[str]

    id: str

    @abstractmethod
    def areas(self) -> frozenset[str] | None:
        """The postcode areas it lies in; None where it matters to all."""


class District(Record):
    """A postcode district and its middle, in degrees."""

    path = "/districts"

    latitude: float
    longitude: float
    town: Line | None = None

    def areas(self) -> None:
        """None: people come from across the border."""


class Address(Part):
    """Where an organisation is."""

    address_1: Line | None = None
    address_2: Line | None = None
    city: Line | None = None
    region: Line | None = None
    postal_code: str | None = None


_ABOVE_PRACTICES = frozenset({"primary_care_network", "place", "integrated_care_board"})


class Organisation(Record):
    """A practice, by its ODS code, a provider of services, or what practices are part of."""

    path = "/organisations"

    name: Line
    kind: Literal[
        "practice",
        "provider",
        "trust",
        "primary_care_network",
        "place",
        "integrated_care_board",
        "other",
    ]
    status: Literal["active", "closed"] = "active"
    address: Address = Address()
    email: str | None = None
    telephone: str | None = None
    part_of: str | None = None
    part_of_since: date | None = None

    def areas(self) -> frozenset[str] | None:
        """The area of its postcode; None for what practices are part of, wherever its office is."""
        if self.kind in _ABOVE_PRACTICES:
            return None
        code = self.address.postal_code
        return frozenset({area_of(code)} if code else ())


class OrganizationRef(Part):
    """Who runs a service."""

    id: str
    name: Line


class Accessibility(Part):
    """What a place offers people who need it."""

    code: str | None = None
    description: Text | None = None
    details: Text | None = None
    url: str | None = None


class Location(Part):
    """Where a service is given."""

    location_type: Literal["physical", "postal", "virtual"] = "physical"
    name: Line | None = None
    latitude: float | None = None
    longitude: float | None = None
    address_1: Line | None = None
    city: Line | None = None
    postal_code: str | None = None
    accessibility: tuple[Accessibility, ...] = ()


class Schedule(Part):
    """When a service is open: in code, or in words where the words are not understood."""

    valid_from: date | None = None
    valid_to: date | None = None
    dtstart: date | None = None
    freq: Literal["WEEKLY", "MONTHLY"] | None = None
    interval: int | None = Field(default=None, ge=1, le=52)
    byday: str | None = None
    bymonthday: str | None = None
    opens_at: time | None = None
    closes_at: time | None = None
    attending_type: Line | None = None
    schedule_link: str | None = None
    description: Text | None = None
    notes: Text | None = None


class CostOption(Part):
    """What a service costs, for whom, in pounds."""

    option: Line | None = None
    amount: float | None = Field(default=None, ge=0)
    amount_description: Line | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class ServiceArea(Part):
    """For people of which area a service is."""

    name: Line | None = None
    extent: Text | None = None
    extent_type: Line | None = None
    uri: str | None = None


class Contact(Part):
    """Whom to ask, by what they do: there is no place for a person's name."""

    title: Line | None = None
    email: str | None = None
    telephone: str | None = None


class TaxonomyTerm(Part):
    """A word of a taxonomy; ``taxonomy`` says which."""

    name: Line
    id: Line | None = None
    taxonomy: Line | None = None
    term_uri: str | None = None


class Attribute(Part):
    """That a word of a taxonomy holds for a service; ``link_type`` says in what way."""

    taxonomy_term: TaxonomyTerm
    link_type: Line | None = None


class Capacity(Part):
    """How many a service takes at once, and of what."""

    unit: Line
    maximum: int = Field(ge=0)
    description: Text | None = None


class Service(Record):
    """A community service or a link-worker team."""

    path = "/services"

    name: Line
    organization: OrganizationRef
    service_role: Literal["link_worker_team", "community"] = "community"
    status: Literal["active", "inactive", "defunct", "temporarily closed"] = "active"
    description: Text | None = None
    alert: Text | None = None
    accreditations: Text | None = None
    url: str | None = None
    email: str | None = None
    telephone: str | None = None
    contacts: tuple[Contact, ...] = ()
    locations: tuple[Location, ...] = ()
    service_areas: tuple[ServiceArea, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    languages: tuple[str, ...] = ()
    minimum_age: int | None = Field(default=None, ge=0)
    maximum_age: int | None = Field(default=None, ge=0)
    fees: Text | None = None
    free: bool | None = None
    cost_options: tuple[CostOption, ...] = ()
    accessibility: Text | None = None
    attributes: tuple[Attribute, ...] = ()
    need_codes: tuple[str, ...] = ()
    assured_date: date | None = None
    assurer_email: str | None = None
    last_modified: AwareDatetime | None = None
    capacity: Capacity | None = None

    def areas(self) -> frozenset[str]:
        """The areas of its locations' postcodes."""
        codes = (location.postal_code for location in self.locations)
        return frozenset(area_of(code) for code in codes if code)


@dataclass(frozen=True, slots=True)
class Row:
    """A record, the line its source begins on, and what of that source had to be left out.

    ``provider`` is who runs it, where the record is a service.
    """

    line: int
    record: Record
    notes: tuple[str, ...] = ()
    provider: Organisation | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be loaded; ``reason`` names the field, never the value."""

    line: int
    reason: str


Rows = Generator[Row | BadRow, None, None]
Reader = Callable[[Path], Rows]


class Unreadable(Exception):
    """A file that cannot be read at all; says why in one sentence."""


def first_of_each(rows: Iterable[Row | BadRow]) -> Rows:
    """The rows, with each later one that has the id of an earlier one made a bad row."""
    lines: dict[str, int] = {}
    for row in rows:
        if isinstance(row, Row):
            first = lines.get(row.record.id)
            if first is not None:
                yield BadRow(row.line, f"repeats line {first}: the first one is kept")
                continue
            lines[row.record.id] = row.line
        yield row


def reasons(error: ValidationError) -> str:
    """What is wrong with a row, field by field."""
    return "; ".join(
        f"{'.'.join(str(step) for step in wrong['loc']) or 'row'}: {wrong['msg']}"
        for wrong in error.errors(include_url=False, include_input=False, include_context=False)
    )
