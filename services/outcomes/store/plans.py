"""What outcomes keeps of each case, and how it is found again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from services.outcomes.domain import Plan, PlanStatus
from shared.store import Index, Page, Seals, Store

_PAGE = 200


class Plans(Store[Plan]):
    """One document per case; its id is the case's."""

    model = Plan
    source = "/linkway/outcomes"
    seals = Seals(
        owner="own_person_id",
        fields=("assessments", "goals", "measures", "gp_contacts"),
        worded={"needs": "own_words"},
    )
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
        Index("person", (("tenant", 1), ("state.person_id", 1))),
        Index("own_person", (("tenant", 1), ("state.own_person_id", 1))),
    )

    def about(self, state: Plan) -> Sequence[str]:
        """The person; after a merge, the record the case was opened for too."""
        return list(dict.fromkeys((state.person_id, state.own_person_id)))

    def facets(self, state: Plan) -> Mapping[str, Any]:
        """The status, which follows from the intake's, and which goals there are."""
        return {"status": state.status, "goals": [goal.id for goal in state.goals] or None}

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

    async def concerning(self, person_ids: Sequence[str], tenant: str) -> Sequence[str]:
        """The ids of the cases counted under these persons now, or opened for them."""
        persons = {"$in": list(person_ids)}
        return [
            case_id
            for field in ("state.person_id", "state.own_person_id")
            async for case_id in self._ids(tenant, {field: persons})
        ]

    async def _ids(self, tenant: str, where: Mapping[str, Any]) -> AsyncIterator[str]:
        cursor: str | None = None
        while True:
            page = await self.find(tenant, where, limit=_PAGE, cursor=cursor)
            for saved in page.items:
                yield saved.id
            cursor = page.next_cursor
            if cursor is None:
                return
