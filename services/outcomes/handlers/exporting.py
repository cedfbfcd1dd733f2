"""A person's plans, gathered for them."""

from __future__ import annotations

from collections.abc import Sequence

from services.outcomes.domain import Plan
from services.outcomes.store import Stores
from shared.cause import Actor


async def export_plans(stores: Stores, person_id: str, actor: Actor) -> tuple[Sequence[Plan], int]:
    """The plans of the actor's own team, oldest first, and how many others there are."""
    ids = await stores.plans.concerning([person_id], actor.tenant)
    found = [saved.state for saved in (await stores.plans.get_many(ids, actor.tenant)).values()]
    # Whose plan it is now: one that went back to another record is theirs.
    theirs = [plan for plan in found if plan.person_id == person_id]
    own = [plan for plan in theirs if plan.team_organisation_id == actor.organisation]
    return sorted(own, key=lambda plan: plan.opened_at), len(theirs) - len(own)
