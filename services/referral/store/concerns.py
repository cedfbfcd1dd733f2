"""Safeguarding concerns: a collection apart, which publishes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.referral.domain.safeguarding import LEAD, Concern
from shared.cause import Actor
from shared.store import Index, Page, Saved, Seals, Store


class Concerns(Store[Concern]):
    """One document per concern. No source: a fact stated here would be refused."""

    model = Concern
    seals = Seals(owner="person_id", fields=("details", "outcome_note"))
    indexes = (
        Index(
            "open",
            (("tenant", 1), ("facets.open", 1), ("created_at", -1)),
            where={"facets.open": True},
        ),
        Index("person", (("tenant", 1), ("state.person_id", 1))),
        Index("lead", (("tenant", 1), ("state.lead_subject", 1), ("created_at", -1))),
    )

    def about(self, state: Concern) -> Sequence[str]:
        """The person it is for, and the referral it was raised with."""
        return [state.person_id, *([state.referral_id] if state.referral_id else ())]

    def facets(self, state: Concern) -> Mapping[str, Any]:
        """Whether the lead has still to deal with it."""
        return {"open": True if state.status == "open" else None}

    async def led_by(
        self, actor: Actor, *, status: str | None, limit: int, cursor: str | None
    ) -> Page[Concern]:
        """The concerns this actor leads on, newest first."""
        asked = {} if status is None else {"state.status": status}
        return await self.find(
            actor.tenant, {**asked, **_led_by(actor)}, limit=limit, cursor=cursor
        )

    async def open_for(self, actor: Actor, *, most: int) -> Sequence[Saved[Concern]]:
        """The open ones, newest first."""
        where = {"facets.open": True, **_led_by(actor)}
        return (await self.find(actor.tenant, where, limit=most)).items

    async def open_everywhere(self) -> tuple[int, datetime | None]:
        """How many are open in all tenants, and since when the oldest is: a figure, no record."""
        found = await self.aggregate(
            [
                {"$match": {"facets.open": True}},
                {"$group": {"_id": None, "count": {"$sum": 1}, "oldest": {"$min": "$created_at"}}},
            ]
        )
        return (found[0]["count"], found[0]["oldest"]) if found else (0, None)

    async def ids_about(self, person_ids: Sequence[str], tenant: str) -> list[str]:
        """The ids of all that are about these records of a person."""
        where = {"tenant": tenant, "state.person_id": {"$in": list(person_ids)}}
        found = await self.aggregate([{"$match": where}, {"$project": {"_id": 1}}])
        return [document["_id"] for document in found]


def _led_by(actor: Actor) -> Mapping[str, Any]:
    """The filter for the concerns that this actor leads on, as ``access.permit_concern`` has it."""
    return {} if actor.role == LEAD else {"state.lead_subject": actor.subject}
