"""What an actor is to a plan, and what follows from it by the policy: decided here alone."""

from __future__ import annotations

from services.outcomes.domain.plan import Plan
from services.outcomes.domain.policy import POLICY, READ, Is, Sight
from shared.cause import Actor
from shared.policy import not_there


def relations(plan: Plan, actor: Actor) -> frozenset[str]:
    """What the actor's organisation is to the case."""
    whose = {Is.TEAM: plan.team_organisation_id, Is.SOURCE: plan.source_organisation_id}
    return frozenset(relation for relation, own in whose.items() if own == actor.organisation)


def sight(plan: Plan, actor: Actor) -> Sight:
    """How much of the plan the actor may see; NotFound where it is nothing."""
    seen = POLICY.sight(actor, relations(plan, actor), READ)
    if seen is None:
        raise not_there()
    return seen


def permit(plan: Plan, actor: Actor) -> None:
    """Let the actor do what it asks for to this plan; to anyone else it is not there."""
    POLICY.require(actor, relations(plan, actor))
