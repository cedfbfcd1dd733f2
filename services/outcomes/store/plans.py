"""What outcomes keeps, and how it is found again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.outcomes.domain import Plan, PlanStatus
from shared.store import Index, Page, Store


class Plans(Store[Plan]):
    """One document per case; its id is the case's."""

    model = Plan
    source = "/linkway/outcomes"
    indexes = (
        Index(
            "caseload",
            (
                ("tenant", 1),
                ("state.team_organisation_id", 1),
                ("facets.status", 1),
                ("created_at", -1),
                ("_id", -1),
            ),
        ),
    )

    def facets(self, state: Plan) -> Mapping[str, Any]:
        """The status, which follows from the intake's."""
        return {"status": state.status}

    async def of_team(
        self,
        team_organisation_id: str,
        tenant: str,
        statuses: Sequence[PlanStatus],
        *,
        limit: int,
        cursor: str | None,
    ) -> Page[Plan]:
        """A team's plans in these statuses, newest first. Raises Invalid for a bad cursor."""
        where = {
            "state.team_organisation_id": team_organisation_id,
            "facets.status": {"$in": list(statuses)},
        }
        return await self.find(tenant, where, limit=limit, cursor=cursor)
