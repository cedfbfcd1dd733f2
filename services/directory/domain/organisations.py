"""Practices and providers, and where the districts of postcodes lie."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from services.directory.domain.tree import Belonging, begin, part_of_at, place
from services.directory.domain.words import (
    District,
    Email,
    Id,
    Latitude,
    Line,
    Longitude,
    Point,
    Postcode,
    Strict,
    Telephone,
)
from shared.cause import Cause
from shared.events import EventActor, OrganisationChanged

OrganisationKind = Literal[
    "practice",
    "provider",
    "trust",
    "primary_care_network",
    "place",
    "integrated_care_board",
    "other",
]
OrganisationStatus = Literal["active", "closed"]


class Address(Strict):
    """Where an organisation is, line by line."""

    address_1: Line | None = None
    address_2: Line | None = None
    city: Line | None = None
    region: Line | None = None
    postal_code: Postcode | None = None


class Organisation(Strict):
    """An organisation as its source describes it; a practice's ``id`` is its ODS code.

    ``email`` and ``telephone`` are the organisation's public ones, never a person's.
    """

    id: Id
    name: Line
    kind: OrganisationKind
    status: OrganisationStatus = "active"
    address: Address = Address()
    email: Email | None = None
    telephone: Telephone | None = None
    part_of: Id | None = None
    """The organisation above it: of a practice its primary care network, of that its
    integrated care board.
    """
    part_of_since: date | None = None
    """The day from which it is, which may lie ahead; by default from when it is stated."""

    @field_validator("part_of")
    @classmethod
    def _not_of_itself(cls, above: str | None, info: ValidationInfo) -> str | None:
        if above is not None and above == info.data.get("id"):
            raise PydanticCustomError("part_of", "must be another organisation")
        return above


class PostcodeDistrict(Strict):
    """The middle of a postcode district; ``id`` is the district itself, such as ZZ1."""

    id: District
    latitude: Latitude
    longitude: Longitude
    town: Line | None = None

    @property
    def point(self) -> Point:
        """Its middle, on the map."""
        return Point(latitude=self.latitude, longitude=self.longitude)


class OrganisationRecord(BaseModel):
    """An organisation as one tenant knows it.

    ``belongings`` is what it was, is and will be part of; what ``organisation`` says of that is
    what was stated last.
    """

    model_config = ConfigDict(frozen=True)

    tenant: str
    organisation: Organisation
    belongings: tuple[Belonging, ...] = ()

    @property
    def steps(self) -> tuple[Belonging, ...]:
        """The belongings, also of a record that was written before they were kept."""
        return self.belongings or (begin(self.organisation.part_of),)

    def at(self, time: datetime) -> Organisation:
        """The organisation, part of what it is part of at that time."""
        step = part_of_at(self.steps, time)
        return self.organisation.model_copy(
            update={"part_of": step.part_of, "part_of_since": step.since_day}
        )


Told = tuple[OrganisationRecord, Sequence[OrganisationChanged]]


def state_organisation(
    known: OrganisationRecord | None, organisation: Organisation, cause: Cause
) -> Told:
    """The organisation as it is said to be now.

    Told where it is new, or where what others go by changed: what it is, whether it is open
    and what it is part of. ``valid_from`` dates that, so that reports on the time before keep
    the old tree.
    """
    since, above = organisation.part_of_since, organisation.part_of
    if known is None:
        belongings, step = place((), above, since, cause.at)
    else:
        belongings, step = place(known.steps, above, since, cause.at)
    record = OrganisationRecord(
        tenant=cause.actor.tenant, organisation=organisation, belongings=belongings
    )
    if known is not None and step is None and _standing(known) == _standing(record):
        return record, ()
    return record, [_changed(record, step or part_of_at(belongings, cause.at), cause)]


def move_organisation(
    known: OrganisationRecord, part_of: str | None, since: date, cause: Cause
) -> Told:
    """The organisation, part of another from a day on, or of none; history is kept."""
    belongings, step = place(known.steps, part_of, since, cause.at)
    if step is None:
        return known, ()
    record = known.model_copy(update={"belongings": belongings})
    return record, [_changed(record, step, cause)]


def _changed(record: OrganisationRecord, step: Belonging, cause: Cause) -> OrganisationChanged:
    return OrganisationChanged(
        tenant=record.tenant,
        occurred_at=cause.at,
        actor=EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
        organisation_id=record.organisation.id,
        kind=record.organisation.kind,
        status=record.organisation.status,
        part_of=step.part_of,
        valid_from=step.valid_from,
    )


def _standing(record: OrganisationRecord) -> tuple[str, str]:
    return record.organisation.kind, record.organisation.status


class DistrictRecord(BaseModel):
    """A postcode district as one tenant knows it."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    district: PostcodeDistrict
