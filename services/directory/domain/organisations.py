"""Practices and providers, and where the districts of postcodes lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

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
    "practice", "provider", "trust", "primary_care_network", "integrated_care_board", "other"
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
    """An organisation as one tenant knows it."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    organisation: Organisation


def state_organisation(
    known: OrganisationRecord | None, organisation: Organisation, cause: Cause
) -> tuple[OrganisationRecord, Sequence[OrganisationChanged]]:
    """The organisation as it is said to be now.

    Told where it is new, or where what others go by changed: what it is, whether it is open
    and what it is part of. The time of the fact dates the change, so that reports on the
    time before keep the old tree.
    """
    record = OrganisationRecord(tenant=cause.actor.tenant, organisation=organisation)
    if known is not None and _standing(known.organisation) == _standing(organisation):
        return record, ()
    fact = OrganisationChanged(
        tenant=record.tenant,
        occurred_at=cause.at,
        actor=EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
        organisation_id=organisation.id,
        kind=organisation.kind,
        status=organisation.status,
        part_of=organisation.part_of,
    )
    return record, [fact]


def _standing(organisation: Organisation) -> tuple[str, str, str | None]:
    return organisation.kind, organisation.status, organisation.part_of


class DistrictRecord(BaseModel):
    """A postcode district as one tenant knows it."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    district: PostcodeDistrict
