"""Which records of persons were merged into which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.outcomes.domain import Alias
from shared.errors import NotFound
from shared.store import Index, Store

_MOST = 1000
"""More records than anyone ever merges into one."""


class Aliases(Store[Alias]):
    """One document per record that was ever merged into another; its id is that record's."""

    model = Alias
    listed = False
    indexes = (
        Index("survivor", (("tenant", 1), ("facets.survivors", 1))),
        Index("given_back", (("tenant", 1), ("facets.given_back", 1))),
    )

    def about(self, state: Alias) -> Sequence[str]:
        """The records of persons that were merged."""
        return [state.retired_id, *(link.survivor_id for link in state.links)]

    def facets(self, state: Alias) -> Mapping[str, Any]:
        """Flat lists, to be found by: whom it was merged into, which cases were given back."""
        return {
            "survivors": [link.survivor_id for link in state.links],
            "given_back": [case_id for link in state.links for case_id in link.case_ids],
        }

    async def of(self, person_id: str, tenant: str) -> Alias | None:
        """The alias that this record is, if it ever was one."""
        try:
            return (await self.get(person_id, tenant)).state
        except NotFound:
            return None

    async def into(self, person_ids: Sequence[str], tenant: str) -> Sequence[Alias]:
        """The records that were ever merged into one of these."""
        where = {"facets.survivors": {"$in": list(person_ids)}}
        return [saved.state for saved in (await self.find(tenant, where, limit=_MOST)).items]

    async def giving(self, case_id: str, tenant: str) -> Sequence[Alias]:
        """The records that this case was ever given back to."""
        found = await self.having(tenant, "facets.given_back", case_id, limit=_MOST)
        return [saved.state for saved in found]
