"""The directory's three collections, and how services are found in theirs.

Ids come from outside and may be the same in two tenants (an ODS code, a postcode
district), so a document's id is the tenant and the record's own id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from services.directory.domain import (
    AssuranceRules,
    Candidate,
    DistrictRecord,
    OrganisationRecord,
    Service,
    next_asking,
    split_postcode,
)
from services.directory.store import finding
from services.directory.store.finding import Found, Near
from services.directory.store.tags import facets_of
from shared.store import Collection, Index, Saved, Store
from shared.store.documents import Document


def key(tenant: str, record_id: str) -> str:
    """The document's id of a tenant's record."""
    return f"{tenant}/{record_id}"


_TAGGED = (("tenant", 1), ("facets.status", 1), ("facets.tags", 1))
_WORDED = (("tenant", 1), ("facets.status", 1), ("facets.words", 1))


class Services(Store[Service]):
    """Community services."""

    model = Service
    unaudited: ClassVar[str] = "what organisations offer, published to anyone"
    source: ClassVar[str] = "/linkway/directory"
    indexes: ClassVar[Sequence[Index]] = (
        # One list of tags in three orders: a search reads one of them from its beginning.
        Index("by_tag_newest", (*_TAGGED, ("created_at", -1), ("_id", -1))),
        Index("by_tag_freshest", (*_TAGGED, ("facets.assured", -1))),
        Index("by_tag_nearest", (*_TAGGED, ("facets.places", "2dsphere"))),
        Index("by_word_newest", (*_WORDED, ("created_at", -1), ("_id", -1))),
        Index("by_word_nearest", (*_WORDED, ("facets.places", "2dsphere"))),
        Index("by_organisation", (("tenant", 1), ("facets.organisation", 1))),
    )

    def __init__(self, collection: Collection, rules: AssuranceRules | None = None) -> None:
        super().__init__(collection)
        self._rules = rules or AssuranceRules()

    def due(self, state: Service) -> datetime | None:
        """When to ask its organisation for the next confirmation."""
        asking = next_asking(state, self._rules)
        return None if asking is None else asking[0]

    def receipt(self, state: Service) -> Mapping[str, Any]:
        """The status, to answer with."""
        return {"status": state.listing.status}

    def facets(self, state: Service) -> Mapping[str, Any]:
        """What services are found by."""
        return facets_of(state)

    async def nearest(
        self, tenant: str, where: Mapping[str, Any], near: Near, limit: int
    ) -> list[Found]:
        """Matching services within the distance, nearest first, equals by id."""
        asked = _of(tenant, where)
        found = await self._outward(
            near, limit, lambda within: finding.nearest(asked, within, limit)
        )
        metres = [document["metres"] for document in found]
        if len(found) == limit and metres[-1:] == metres[-2:-1]:
            # Others may be as far as the last ones: which come first, their ids tell.
            pipeline = finding.nearest_in_order(asked, near, metres[-1], limit)
            found = await self.aggregate(pipeline)
        ordered = sorted(found, key=lambda document: (document["metres"], document["_id"]))
        return [Found(self._found(document), document["metres"]) for document in ordered]

    async def newest(
        self,
        tenant: str,
        where: Mapping[str, Any],
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> list[Found]:
        """Matching services, newest first."""
        found = await self.aggregate(finding.newest(_of(tenant, where), after, limit))
        return [Found(self._found(document)) for document in found]

    async def newest_with(
        self,
        tenant: str,
        where: Mapping[str, Any],
        also: Mapping[str, Any],
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> list[Found]:
        """Of those that match ``where`` those that match ``also``, newest first.

        ``where`` is what an index answers alone: it is put in order without reading a document,
        and then only as many are read as fill the page.
        """
        found: list[Found] = []
        some = limit
        while True:
            next_ones = await self.aggregate(finding.order(_of(tenant, where), after, some))
            ids = [document["_id"] for document in next_ones]
            found += await self.newest(tenant, {"_id": {"$in": ids}, **also}, None, limit)
            if len(found) >= limit or len(ids) < some:
                return found[:limit]
            after = next_ones[-1]["created_at"], ids[-1]
            some *= 4

    async def how_many(self, tenant: str, where: Mapping[str, Any], most: int) -> int:
        """How many match, counted no further than ``most``."""
        found = await self.aggregate(finding.how_many(_of(tenant, where), most))
        return int(found[0]["count"]) if found else 0

    async def count_tags(
        self, tenant: str, where: Mapping[str, Any], near: Near | None, most: int
    ) -> Mapping[str, int]:
        """How many have each tag, of the nearest or the newest ``most`` that match."""
        asked = _of(tenant, where)
        found = (
            await self.aggregate(finding.counted([{"$match": asked}], most))
            if near is None
            else await self._outward(
                near,
                most,
                lambda within: finding.counted([finding.around(asked, within)], most),
                how_many=lambda tags: max((each["count"] for each in tags), default=0),
            )
        )
        return {document["_id"]: document["count"] for document in found}

    async def candidates(
        self, tenant: str, where: Mapping[str, Any], near: Near | None, most: int
    ) -> Mapping[str, Candidate]:
        """The nearest that match or, from nowhere, the last confirmed, by document id."""
        asked = _of(tenant, where)
        found = (
            await self.aggregate(
                finding.candidates(
                    [{"$match": asked}, {"$sort": {"facets.assured": -1}}],
                    most,
                )
            )
            if near is None
            else await self._outward(
                near,
                most,
                lambda within: finding.candidates([finding.around(asked, within)], most),
            )
        )
        return {document["key"]: finding.read_candidate(document) for document in found}

    async def _outward(
        self,
        near: Near,
        limit: int,
        pipeline: Callable[[Near], finding.Pipeline],
        how_many: Callable[[Sequence[Document]], int] = len,
    ) -> Sequence[Document]:
        """What the pipeline finds around a point, looking no further than ``limit`` need.

        It finds the same as asked at once: whatever is nearer lies within what is looked at.
        """
        reach = finding.first_reach(near)
        while True:
            found = await self.aggregate(pipeline(replace(near, metres=reach)))
            wider = finding.next_reach(near, reach, how_many(found), limit)
            if wider is None:
                return found
            reach = wider

    def _found(self, document: Document) -> Saved[Service]:
        return self.read_document({**document, "history": ()})


def _of(tenant: str, where: Mapping[str, Any]) -> dict[str, Any]:
    return {"tenant": tenant, **where}


class Organisations(Store[OrganisationRecord]):
    """Practices and providers."""

    model = OrganisationRecord
    unaudited: ClassVar[str] = "practices and providers, from public registers"
    source: ClassVar[str] = "/linkway/directory"
    indexes: ClassVar[Sequence[Index]] = (
        Index("by_kind", (("tenant", 1), ("facets.kind", 1), ("facets.district", 1))),
        Index("by_district", (("tenant", 1), ("facets.district", 1))),
        Index("by_above", (("tenant", 1), ("facets.above", 1))),
    )

    def facets(self, state: OrganisationRecord) -> Mapping[str, Any]:
        """What organisations are listed by."""
        organisation = state.organisation
        postcode = split_postcode(organisation.address.postal_code or "")
        return {
            "kind": organisation.kind,
            "status": organisation.status,
            "district": postcode[0] if postcode else None,
            "above": sorted({each.part_of for each in state.steps if each.part_of}),
        }


class Districts(Store[DistrictRecord]):
    """Where postcode districts lie."""

    model = DistrictRecord
    unaudited: ClassVar[str] = "where postcode districts lie"
    listed: ClassVar[bool] = False
