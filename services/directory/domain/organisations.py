"""Practices and providers, and where the districts of postcodes lie."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

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

OrganisationKind = Literal["practice", "provider", "trust", "primary_care_network", "other"]
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


class DistrictRecord(BaseModel):
    """A postcode district as one tenant knows it."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    district: PostcodeDistrict
