"""Looking at plans, and what a practice or a team adds to one."""

from __future__ import annotations

from services.outcomes import domain
from services.outcomes.domain import Plan, PlanStatus, RecordGpContacts, Sight
from services.outcomes.handlers.changing import change_plan
from services.outcomes.store import Stores
from shared.cause import Actor, Cause
from shared.store import Page, Saved


async def read_plan(stores: Stores, case_id: str, actor: Actor) -> tuple[Saved[Plan], Sight]:
    """The plan and how much of it the actor may see. Raises NotFound where that is nothing."""
    saved = await stores.plans.get(case_id, actor.tenant)
    return saved, domain.sight(saved.state, actor)


async def caseload(
    stores: Stores,
    actor: Actor,
    status: PlanStatus | None,
    *,
    limit: int,
    cursor: str | None,
) -> Page[Plan]:
    """The plans of the actor's own team, newest first; without a status, open and closed."""
    statuses: tuple[PlanStatus, ...] = ("open", "closed") if status is None else (status,)
    return await stores.plans.of_team(
        actor.organisation, actor.tenant, statuses, limit=limit, cursor=cursor
    )


async def record_gp_contacts(
    stores: Stores,
    case_id: str,
    command: RecordGpContacts,
    cause: Cause,
    *,
    if_match: int | None,
) -> Saved[Plan]:
    """Contacts with the practice before and after, from the practice or the team."""
    return await change_plan(
        stores,
        case_id,
        lambda plan: domain.record_gp_contacts(plan, command, cause),
        cause,
        if_match,
    )
