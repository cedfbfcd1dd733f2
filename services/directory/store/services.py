"""The directory's three collections, and how services are found in theirs.

Ids come from outside and may be the same in two tenants (an ODS code, a postcode
district), so a document's id is the tenant and the record's own id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from services.directory.domain import (
    NEEDS,
    DistrictRecord,
    Listing,
    OrganisationRecord,
    Point,
    Service,
    split_postcode,
)
from shared.store import Index, Saved, Store

_WORDS_KEPT = 200
"""Words of a listing that can be searched for; keeps the index small."""


def key(tenant: str, record_id: str) -> str:
    """The document's id of a tenant's record."""
    return f"{tenant}/{record_id}"


def words(text: str) -> list[str]:
    """The different words of a text, in lower case."""
    return list(dict.fromkeys(re.findall(r"\w+", text.casefold())))


@dataclass(frozen=True, slots=True)
class Near:
    """Ask for services around ``point``, within ``metres``, behind ``after`` (metres, id)."""

    point: Point
    metres: float | None = None
    after: tuple[float, str] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A service and how far it is, in metres."""

    saved: Saved[Service]
    metres: float


class Services(Store[Service]):
    """Community services."""

    model = Service
    source: ClassVar[str] = "/linkway/directory"
    indexes: ClassVar[Sequence[Index]] = (
        Index("by_need", (("tenant", 1), ("facets.needs", 1), ("facets.status", 1))),
        Index("by_word", (("tenant", 1), ("facets.words", 1))),
        Index("by_place", (("tenant", 1), ("facets.status", 1), ("facets.places", "2dsphere"))),
        Index("by_organisation", (("tenant", 1), ("facets.organisation", 1))),
    )

    def receipt(self, state: Service) -> Mapping[str, Any]:
        """The status, to answer with."""
        return {"status": state.listing.status}

    def facets(self, state: Service) -> Mapping[str, Any]:
        """What services are found by; places as GeoJSON (longitude first)."""
        said = state.listing
        places = [[point.longitude, point.latitude] for point in state.points]
        return {
            "status": said.status,
            "role": said.service_role,
            "organisation": said.organization.id,
            "needs": list(said.need_codes),
            "words": _searchable(said),
            "places": {"type": "MultiPoint", "coordinates": places} if places else None,
            "available": state.available,
        }

    async def near(
        self, tenant: str, where: Mapping[str, Any], near: Near, limit: int
    ) -> list[Found]:
        """Matching services within the distance, nearest first, equals by id."""
        around: dict[str, Any] = {
            "near": {
                "type": "Point",
                "coordinates": [near.point.longitude, near.point.latitude],
            },
            "key": "facets.places",
            "distanceField": "metres",
            "query": {"tenant": tenant, **where},
        }
        if near.metres is not None:
            around["maxDistance"] = near.metres
        pipeline: list[dict[str, Any]] = [{"$geoNear": around}]
        if near.after is not None:
            metres, last = near.after
            behind = [{"metres": {"$gt": metres}}, {"metres": metres, "_id": {"$gt": last}}]
            pipeline.append({"$match": {"$or": behind}})
        pipeline += [{"$sort": {"metres": 1, "_id": 1}}, {"$limit": limit}]
        documents = await self.aggregate(pipeline)
        return [Found(self.read_document(found), found["metres"]) for found in documents]


class Organisations(Store[OrganisationRecord]):
    """Practices and providers."""

    model = OrganisationRecord
    indexes: ClassVar[Sequence[Index]] = (
        Index("by_kind", (("tenant", 1), ("facets.kind", 1), ("facets.district", 1))),
        Index("by_district", (("tenant", 1), ("facets.district", 1))),
    )

    def facets(self, state: OrganisationRecord) -> Mapping[str, Any]:
        """What organisations are listed by."""
        organisation = state.organisation
        postcode = split_postcode(organisation.address.postal_code or "")
        return {
            "kind": organisation.kind,
            "status": organisation.status,
            "district": postcode[0] if postcode else None,
        }


class Districts(Store[DistrictRecord]):
    """Where postcode districts lie."""

    model = DistrictRecord
    listed: ClassVar[bool] = False


def _searchable(said: Listing) -> list[str]:
    towns = " ".join(location.city or "" for location in said.locations)
    needs = " ".join(NEEDS[code].label for code in said.need_codes)
    text = f"{said.name} {said.organization.name} {towns} {needs} {said.description or ''}"
    return words(text)[:_WORDS_KEPT]
