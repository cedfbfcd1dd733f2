"""Teams: which workers an organisation has, one document each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.referral.domain.caseload import Team
from shared.errors import NotFound
from shared.store import Store

_PAGE = 200


class Teams(Store[Team]):
    """One document per organisation that shares its cases out."""

    model = Team
    listed = False
    unaudited = "workers of an organisation and their limits: staff, not persons cared for"

    async def of(self, organisation_id: str, tenant: str) -> Team:
        """The organisation's team; one without workers where it has stated none."""
        try:
            return (await self.get(team_key(tenant, organisation_id), tenant)).state
        except NotFound:
            return Team(tenant=tenant, organisation_id=organisation_id)

    async def with_workers(self, subjects: Collection[str], tenant: str) -> Sequence[str]:
        """The organisations of which one of these is a worker: all teams of the tenant are read.

        For what happens rarely: there are some hundred teams, and ids may hold dots, which no
        path of a query may.
        """
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = await self.find(tenant, limit=_PAGE, cursor=cursor)
            teams = [each.state for each in page.items]
            found += [each.organisation_id for each in teams if each.workers.keys() & set(subjects)]
            cursor = page.next_cursor
            if cursor is None:
                return found


def team_key(tenant: str, organisation_id: str) -> str:
    """The id of a team's document: tenants may know an organisation under the same id."""
    return f"{tenant}/{organisation_id}"
