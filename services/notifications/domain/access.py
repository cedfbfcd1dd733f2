"""What an actor is to a subscription or a message: decided here, for the policy to judge."""

from __future__ import annotations

from services.notifications.domain.messages_back import MessageBack
from services.notifications.domain.policy import Is
from services.notifications.domain.subscriptions import Subscription
from shared.cause import Actor
from shared.policy import TENANT


def to_subscription(subscription: Subscription, actor: Actor) -> frozenset[str]:
    """Its organisation's own, or made by the curators' organisation for another."""
    held = {TENANT}
    if subscription.organisation_id == actor.organisation:
        held.add(Is.OWN)
    if subscription.made_by_organisation == actor.organisation:
        held.add(Is.MAKER)
    return frozenset(held)


def to_message(organisation_id: str, actor: Actor) -> frozenset[str]:
    """A delivery or a message to a person: the organisation's it went to, or was about."""
    own = organisation_id == actor.organisation
    return frozenset({TENANT, Is.OWN}) if own else frozenset({TENANT})


def to_message_back(message: MessageBack, actor: Actor) -> frozenset[str]:
    """The practice's that is told, or the team's that holds the case."""
    held = {TENANT}
    if message.organisation_id == actor.organisation:
        held.add(Is.PRACTICE)
    if message.team_organisation_id == actor.organisation:
        held.add(Is.TEAM)
    return frozenset(held)
