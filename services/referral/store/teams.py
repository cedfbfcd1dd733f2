"""Teams: which workers an organisation has, one document each."""

from __future__ import annotations

from services.referral.domain.caseload import Team
from shared.errors import NotFound
from shared.store import Store


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


def team_key(tenant: str, organisation_id: str) -> str:
    """The id of a team's document: tenants may know an organisation under the same id."""
    return f"{tenant}/{organisation_id}"
