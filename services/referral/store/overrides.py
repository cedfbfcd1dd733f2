"""Breakings of the glass: one document each, kept beside the person and not in their record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.referral.domain.overrides import Override
from services.referral.store.referrals import SOURCE
from shared.cause import Actor
from shared.store import Index, Page, Saved, Seals, Store

_MOST = 200


class Overrides(Store[Override]):
    """One document for each time someone opened what was closed to them."""

    model = Override
    source = SOURCE
    listed = False
    seals = Seals(owner="person_id", fields=("reason",))
    indexes = (
        Index(
            "in_force",
            (("tenant", 1), ("state.subject", 1), ("state.person_id", 1), ("facets.until", -1)),
        ),
        Index("of_person", (("tenant", 1), ("state.person_id", 1), ("created_at", -1))),
        Index(
            "to_review",
            (("tenant", 1), ("facets.unreviewed", 1), ("created_at", -1)),
            where={"facets.unreviewed": {"$exists": True}},
        ),
    )

    def about(self, state: Override) -> Sequence[str]:
        """The person that was looked at."""
        return [state.person_id]

    def facets(self, state: Override) -> Mapping[str, Any]:
        """Whose leads have still to look at it, and until when it opens the record."""
        return {"unreviewed": list(state.unreviewed) or None, "until": state.until}

    async def in_force(self, actor: Actor, person_ids: Collection[str], at: datetime) -> bool:
        """Whether this worker may see that person now, whatever else says no."""
        own = {
            "state.subject": actor.subject,
            "state.organisation_id": actor.organisation,
            "state.person_id": {"$in": list(person_ids)},
            "facets.until": {"$gt": at},
        }
        return bool((await self.find(actor.tenant, own, limit=1)).items)

    async def of_person(
        self, tenant: str, person_ids: Collection[str], *, limit: int, cursor: str | None
    ) -> Page[Override]:
        """All of one person's, newest first."""
        where = {"state.person_id": {"$in": list(person_ids)}}
        return await self.find(tenant, where, limit=limit, cursor=cursor)

    async def ids_about(self, person_ids: Sequence[str], tenant: str) -> list[str]:
        """The ids of all that are about these records of a person."""
        where = {"tenant": tenant, "state.person_id": {"$in": list(person_ids)}}
        found = await self.aggregate([{"$match": where}, {"$project": {"_id": 1}}])
        return [document["_id"] for document in found]

    async def to_review(self, organisation_id: str, tenant: str) -> Sequence[Saved[Override]]:
        """Those that a lead of the organisation has still to look at, newest first."""
        where = {"facets.unreviewed": organisation_id}
        return (await self.find(tenant, where, limit=_MOST)).items
