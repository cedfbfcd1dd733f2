"""Persons: one document each, the only place that knows who someone is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.referral.domain.person import Person
from shared.errors import NotFound
from shared.store import Index, Saved, Store

NHS_NUMBER = "nhs_number"


class Persons(Store[Person]):
    """One document per person: the only place that knows who someone is."""

    model = Person
    listed = False
    indexes = (
        Index(
            NHS_NUMBER,
            (("tenant", 1), ("state.nhs_number", 1)),
            unique=True,
            where={"facets.has_nhs_number": True},
        ),
    )

    def facets(self, state: Person) -> Mapping[str, Any]:
        """Whether there is a number that must be unique."""
        return {"has_nhs_number": True if state.nhs_number else None}

    async def with_nhs_number(self, nhs_number: str, tenant: str) -> Saved[Person]:
        """The person with this NHS number. Raises NotFound without one."""
        page = await self.find(
            tenant, {"state.nhs_number": nhs_number, "facets.has_nhs_number": True}, limit=1
        )
        if not page.items:
            raise NotFound("There is no person with this NHS number.")
        return page.items[0]
