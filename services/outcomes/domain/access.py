"""Who may see a plan, and how much of it; who may write in it."""

from __future__ import annotations

from typing import Literal

from services.outcomes.domain.plan import Plan
from shared.cause import Actor
from shared.errors import NotFound

Access = Literal["full", "summary"]
"""All of it, or how far it has come without anyone's own words."""

WORKERS = ("link_worker", "team_lead")
"""The roles that write in the plans of their own organisation."""


def access_of(plan: Plan, actor: Actor) -> Access:
    """How much of the plan the actor may see; NotFound where it is nothing."""
    if actor.role in WORKERS and actor.organisation == plan.team_organisation_id:
        return "full"
    if actor.role == "referrer" and actor.organisation == plan.source_organisation_id:
        return "summary"
    raise NotFound("There is no such plan.")


def require_team(plan: Plan, actor: Actor) -> None:
    """Only the plan's own team goes on; anyone else gets NotFound."""
    if access_of(plan, actor) != "full":
        raise NotFound("There is no such plan.")


def require_source_or_team(plan: Plan, actor: Actor) -> None:
    """Who referred the person in, or the plan's own team; anyone else gets NotFound."""
    access_of(plan, actor)
