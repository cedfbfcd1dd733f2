"""What every use case that changes a plan shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.outcomes import domain
from services.outcomes.domain import Plan
from services.outcomes.store import Stores
from shared.cause import Actor, Cause
from shared.store import Change, Saved

Check = Callable[[Plan, Actor], None]
"""Raises NotFound where the actor may not do this to the plan."""


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
    *,
    check: Check = domain.require_team,
) -> Saved[Plan]:
    """Apply a change that those allowed ask for; to anyone else there is no such plan."""

    def checked(plan: Plan) -> domain.Changed:
        check(plan, cause.actor)
        return change(plan)

    if if_match is not None:
        # The store compares versions first: 412 would tell a stranger that the plan exists.
        saved = await stores.plans.get(case_id, cause.actor.tenant)
        check(saved.state, cause.actor)
    return await stores.plans.update(case_id, checked, cause, if_match=if_match)
