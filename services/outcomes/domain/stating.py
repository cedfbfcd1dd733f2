"""What every change of a plan shares: the common part of its fact, and its bounds."""

from __future__ import annotations

from typing import Any

from services.outcomes.domain.plan import Plan
from shared.cause import Cause
from shared.errors import Conflict
from shared.events import EventActor


def common_of(plan: Plan, cause: Cause) -> dict[str, Any]:
    """The fields that all facts about a plan carry."""
    return {
        "tenant": plan.tenant,
        "case_id": plan.case_id,
        "person_id": plan.person_id,
        "source_organisation_id": plan.source_organisation_id,
        "team_organisation_id": plan.team_organisation_id,
        "occurred_at": cause.at,
        "actor": EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
    }


def refuse_if_closed(plan: Plan) -> None:
    """Raise Conflict on a closed plan: nothing new is begun, results may still come in."""
    if plan.status != "open":
        raise Conflict(
            "The plan is closed: progress, ended goals, a final assessment and final measures "
            "may still be recorded, nothing new begun.",
            {
                "plan_status": plan.status,
                "allowed": ["progress", "lifecycle", "final assessment", "final measure"],
            },
        )


def refuse_beyond(limit: int, held: int, what: str) -> None:
    """Raise Conflict where one more would be too many: a plan is one bounded document."""
    if held >= limit:
        raise Conflict(f"The plan already holds {limit} {what}, the most it takes.")
