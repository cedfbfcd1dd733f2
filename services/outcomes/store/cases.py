"""Cases as reports see them, and the organisations they belong to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.outcomes.domain.reports import Case, Tree, waits_to_be_counted
from shared.store import Index, Saved, Store

_PAGE = 500


class Cases(Store[Case]):
    """One document per case, and one per search that found nothing.

    Due from the moment it counts for something else than is counted.
    """

    model = Case
    indexes = (Index("practice", (("tenant", 1), ("facets.practice", 1), ("created_at", -1))),)

    def about(self, state: Case) -> Sequence[str]:
        """The case; no person is known here."""
        return [state.case_id]

    def facets(self, state: Case) -> Mapping[str, Any]:
        """The practice, to find those whose network changed."""
        return {"practice": state.opening.source_organisation_id if state.opening else None}

    def due(self, state: Case) -> datetime | None:
        """When it changed, until it is counted."""
        return state.changed_at if waits_to_be_counted(state) else None

    async def uncounted(self, tenant: str) -> int:
        """How many of the tenant's cases wait to be counted."""
        return await self.count(tenant, {"due_at": {"$exists": True}})

    async def each(
        self, tenant: str, where: Mapping[str, Any] | None = None
    ) -> AsyncIterator[Saved[Case]]:
        """All that match, newest first, a page at a time."""
        cursor: str | None = None
        while True:
            page = await self.find(tenant, where, limit=_PAGE, cursor=cursor)
            for saved in page.items:
                yield saved
            cursor = page.next_cursor
            if cursor is None:
                return

    def of_practice(self, tenant: str, practice: str) -> AsyncIterator[Saved[Case]]:
        """The cases an organisation referred in."""
        return self.each(tenant, {"facets.practice": practice})


class Trees(Store[Tree]):
    """What each organisation has been part of; the id holds tenant and organisation."""

    model = Tree
    listed = False
    unaudited = "which organisation is part of which"
