"""What an asker may see of a referral and of the person, decided when it is read.

A referral holds only the person's opaque id, so a corrected telephone number is right
everywhere, and erasing one document erases the person.
"""

from __future__ import annotations

from enum import Enum

from services.referral.domain.lifecycle import Status
from services.referral.domain.referral import Referral
from shared.cause import Actor
from shared.errors import NotFound


class Sight(Enum):
    """How much of a referral an asker sees."""

    ALL = "all"
    """The referrer, the practice the person came from, and the team that holds the case."""
    SERVING = "serving"
    """The provider who took the person on: who they are and how to reach them."""
    DECIDING = "deciding"
    """The provider before answering: what it takes to decide, not who it is."""
    HAPPENED = "happened"
    """That it happened and how it ended: the provider afterwards, and operations."""


def sight(referral: Referral, actor: Actor) -> Sight:
    """How much this actor sees. Raises NotFound where it may not even know of it."""
    if actor.role == "operations":
        return Sight.HAPPENED
    organisation = actor.organisation
    if organisation in {
        referral.referrer_organisation_id,
        referral.source_organisation_id,
        referral.team_organisation_id,
    }:
        return Sight.ALL
    if organisation != referral.provider_organisation_id:
        raise NotFound("There is no such referral.")
    if referral.status in {Status.SUBMITTED, Status.WAITLISTED}:
        return Sight.DECIDING
    if referral.status in {Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED}:
        return Sight.SERVING
    return Sight.HAPPENED
