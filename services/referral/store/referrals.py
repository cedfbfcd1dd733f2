"""Referrals: one document each, its appointments inside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.referral.domain.referral import Referral
from shared.cause import Actor
from shared.errors import NotFound
from shared.store import Index, Saved, Store

SOURCE = "/linkway/referral"
ONE_OPEN = "one_open_per_service"


class Referrals(Store[Referral]):
    """One document per referral, its appointments inside it."""

    model = Referral
    source = SOURCE
    indexes = (
        Index(
            ONE_OPEN,
            (("tenant", 1), ("state.person_id", 1), ("state.service_id", 1)),
            unique=True,
            where={"facets.open": True},
        ),
        Index("case", (("tenant", 1), ("state.case_id", 1))),
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

    def facets(self, state: Referral) -> Mapping[str, Any]:
        """Whether it is open, for the rule of one open referral per person and service."""
        return {"open": True if state.is_open else None}

    def receipt(self, state: Referral) -> Mapping[str, Any]:
        """The status a command led to."""
        return {"status": state.status.value}

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


def visible_to(actor: Actor) -> Mapping[str, Any]:
    """The filter for referrals an actor may know of; operations see all, without persons."""
    if actor.role == "operations":
        return {}
    organisation = actor.organisation
    return {
        "$or": [
            {"state.provider_organisation_id": organisation},
            {"state.referrer_organisation_id": organisation},
            {"state.source_organisation_id": organisation},
            {"state.team_organisation_id": organisation},
        ]
    }
