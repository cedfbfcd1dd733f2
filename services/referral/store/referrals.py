"""Referrals: one document each, its appointments inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.referral.domain.referral import Referral
from shared.errors import NotFound
from shared.store import Index, Saved, Seals, Store

SOURCE = "/linkway/referral"
ONE_OPEN = "one_open_per_service"
ONE_REPLACEMENT = "one_replacement"

_PAGE = 200


class Referrals(Store[Referral]):
    """One document per referral, its appointments inside it."""

    model = Referral
    source = SOURCE
    key_at = "state.case_id"
    seals = Seals(
        owner="person_id",
        fields=("reason", "override_reason", "questions", "contacts", "reroute_dismissed"),
    )
    indexes = (
        Index(
            ONE_OPEN,
            (("tenant", 1), ("state.person_id", 1), ("state.service_id", 1)),
            unique=True,
            where={"facets.open": True},
        ),
        Index(
            ONE_REPLACEMENT,
            (("tenant", 1), ("state.replaces", 1)),
            unique=True,
            where={"facets.replaces": True},
        ),
        Index("person", (("tenant", 1), ("state.person_id", 1), ("created_at", -1))),
        Index(
            "open_at_service",
            (("tenant", 1), ("state.service_id", 1)),
            where={"facets.open": True},
        ),
        Index(
            "caseload",
            (("tenant", 1), ("state.provider_organisation_id", 1), ("state.assigned_to", 1)),
            where={"facets.open": True},
        ),
        Index(
            "provider_todo",
            (
                ("tenant", 1),
                ("state.provider_organisation_id", 1),
                ("facets.provider_todo_at", 1),
            ),
            where={"facets.provider_todo_at": {"$exists": True}},
        ),
        Index(
            "referrer_todo",
            (
                ("tenant", 1),
                ("state.referrer_organisation_id", 1),
                ("facets.referrer_todo_at", 1),
            ),
            where={"facets.referrer_todo_at": {"$exists": True}},
        ),
        Index("case", (("tenant", 1), ("state.case_id", 1))),
        Index(
            "rekeyed",
            (("tenant", 1), ("state.person_ids_before", 1)),
            where={"facets.rekeyed": True},
        ),
        Index(
            "inbox",
            (
                ("tenant", 1),
                ("state.provider_organisation_id", 1),
                ("state.status", 1),
                ("created_at", -1),
            ),
        ),
    )

    def about(self, state: Referral) -> Sequence[str]:
        """The person and the case."""
        return [state.person_id, state.case_id]

    def facets(self, state: Referral) -> Mapping[str, Any]:
        """What the rules of one, whoever looks for something to do, and consent find it by."""
        return {
            "open": True if state.is_open else None,
            "replaces": True if state.replaces else None,
            "reroute_needed": True if state.reroute_needed else None,
            "provider_todo_at": state.clocks.provider_todo_at,
            "referrer_todo_at": state.clocks.referrer_todo_at,
            "rekeyed": True if state.person_ids_before else None,
            "consented_at": state.consent.recorded_at,
        }

    def receipt(self, state: Referral) -> Mapping[str, Any]:
        """The status a command led to."""
        return {"status": state.status.value}

    def due(self, state: Referral) -> datetime | None:
        """When the next of its clocks rings."""
        return state.clocks.due_at

    async def open_between(self, person_id: str, service_id: str, tenant: str) -> Saved[Referral]:
        """The open referral of this person to this service. Raises NotFound without one."""
        page = await self.find(
            tenant,
            {"state.person_id": person_id, "state.service_id": service_id, "facets.open": True},
            limit=1,
        )
        if not page.items:
            raise NotFound("There is no open referral of this person to this service.")
        return page.items[0]

    async def loads(self, organisation_id: str, tenant: str) -> Mapping[str, int]:
        """How many open referrals each worker of the organisation looks after."""
        counted = await self.aggregate(
            [
                {
                    "$match": {
                        "tenant": tenant,
                        "state.provider_organisation_id": organisation_id,
                        "state.assigned_to": {"$type": "string"},
                        "facets.open": True,
                    }
                },
                {"$group": {"_id": "$state.assigned_to", "cases": {"$sum": 1}}},
            ]
        )
        return {each["_id"]: each["cases"] for each in counted}

    async def assigned_to(
        self, subject: str, organisation_id: str, tenant: str
    ) -> list[Saved[Referral]]:
        """All open referrals that this worker of the organisation looks after."""
        found = await self.aggregate(
            [
                {
                    "$match": {
                        "tenant": tenant,
                        "state.provider_organisation_id": organisation_id,
                        "state.assigned_to": subject,
                        "facets.open": True,
                    }
                },
                {"$sort": {"_id": 1}},
            ]
        )
        return [self.read_document(each) for each in found]

    async def waiting_for(
        self, where: Mapping[str, Any], side: str, tenant: str, now: datetime, limit: int
    ) -> list[Saved[Referral]]:
        """Referrals about which this side (``provider`` or ``referrer``) has something to do.

        ``where`` names the organisation and may narrow further; longest due first.
        """
        due = f"facets.{side}_todo_at"
        found = await self.aggregate(
            [
                {
                    "$match": {
                        "tenant": tenant,
                        due: {"$lte": now},
                        **where,
                    }
                },
                {"$sort": {due: 1}},
                {"$limit": limit},
            ]
        )
        return [self.read_document(each) for each in found]

    async def of_person(self, person_id: str, service_id: str, tenant: str) -> list[Referral]:
        """The person's cases and their referrals to this service, newest first."""
        page = await self.find(
            tenant,
            {
                "state.person_id": person_id,
                "$or": [{"state.service_id": service_id}, {"state.kind": "intake"}],
            },
            limit=_PAGE,
        )
        return [each.state for each in page.items]

    async def replacing(self, replaced_id: str, tenant: str) -> Saved[Referral]:
        """The referral that took this one's place. Raises NotFound without one."""
        page = await self.find(
            tenant, {"state.replaces": replaced_id, "facets.replaces": True}, limit=1
        )
        if not page.items:
            raise NotFound("No referral has taken this one's place.")
        return page.items[0]

    async def open_at_closed(
        self, service_id: str, closing_seq: int, tenant: str
    ) -> list[Saved[Referral]]:
        """Some open referrals to a service that were not yet told of its closing."""
        page = await self.find(
            tenant,
            {
                "state.service_id": service_id,
                "facets.open": True,
                "state.service_closed_seq": {"$lt": closing_seq},
            },
            limit=_PAGE,
        )
        return list(page.items)
