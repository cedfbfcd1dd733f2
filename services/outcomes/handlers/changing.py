"""What every use case that changes a plan shares."""

from __future__ import annotations

from dataclasses import dataclass

from services.outcomes import domain
from services.outcomes.domain import Plan
from services.outcomes.store import Stores
from shared.cause import Cause
from shared.store import Change, Saved


@dataclass(frozen=True, slots=True)
class Added:
    """What a command added to a plan: its own id, and the plan's version then."""

    id: str
    case_id: str
    version: int


async def change_plan(
    stores: Stores,
    case_id: str,
    change: Change[Plan],
    cause: Cause,
    if_match: int | None,
) -> Saved[Plan]:
    """Apply a change that those allowed ask for; to anyone else there is no such plan."""
    return await stores.plans.update(
        case_id,
        change,
        cause,
        if_match=if_match,
        check=lambda plan: domain.permit(plan, cause.actor),
    )
