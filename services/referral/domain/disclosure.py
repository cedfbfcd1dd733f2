"""What an asker may see of a referral and of the person, decided when it is read.

A referral holds only the person's opaque id, so a corrected telephone number is right
everywhere, and erasing one document erases the person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.referral.domain.consent import is_barred
from services.referral.domain.lifecycle import Status
from services.referral.domain.person import Person
from services.referral.domain.policy import Sight
from services.referral.domain.referral import Referral
from shared.cause import Actor
from shared.errors import NotFound

__all__ = ["COARSE", "PROVIDER", "Sight", "disclosed", "practice_link_ended", "sight"]

PROVIDER: Mapping[Status, Sight | None] = {
    Status.DRAFT: None,
    Status.SUBMITTED: Sight.DECIDING,
    Status.INFO_REQUESTED: Sight.DECIDING,
    Status.WAITLISTED: Sight.DECIDING,
    Status.ACCEPTED: Sight.SERVING,
    Status.IN_PROGRESS: Sight.SERVING,
    Status.ON_HOLD: Sight.SERVING,
    Status.COMPLETED: Sight.SERVING,
    Status.NOT_COMPLETED: Sight.HAPPENED,
    Status.DECLINED: Sight.HAPPENED,
    Status.EXPIRED: Sight.HAPPENED,
    Status.WITHDRAWN: Sight.HAPPENED,
    Status.ENTERED_IN_ERROR: Sight.HAPPENED,
    Status.GIVEN: None,
    Status.FOLLOWED_UP: None,
}
"""What the provider sees in each status; None: not even that there is something."""

COARSE = frozenset({"operations", "tenant_admin", "reporter"})
"""Roles that look after the system or its figures, and see no one's case."""


def sight(referral: Referral, actor: Actor) -> Sight:
    """How much this actor sees by who it is and where the referral stands.

    ``disclosed`` says what the person's record takes from that. Raises NotFound where the
    actor may not even know of the referral.
    """
    organisation = actor.organisation
    if referral.status is Status.DRAFT and (
        organisation != referral.referrer_organisation_id or actor.role in COARSE
    ):
        raise NotFound("There is no such referral.")
    if actor.role == "operations":
        return Sight.HAPPENED
    if organisation in {
        referral.referrer_organisation_id,
        referral.source_organisation_id,
        referral.team_organisation_id,
    }:
        return Sight.HAPPENED if actor.role in COARSE else Sight.ALL
    of_provider = PROVIDER[referral.status]
    if organisation != referral.provider_organisation_id or of_provider is None:
        raise NotFound("There is no such referral.")
    if actor.role in COARSE or referral.consent.withdrawn_at is not None:
        return Sight.HAPPENED
    return of_provider


def disclosed(how: Sight, referral: Referral, person: Person, actor: Actor, at: datetime) -> Sight:
    """What is left of it under the person's record as it is now.

    A consent withdrawn closes the provider's view at once; a restriction closes it for all
    who are not named; a move out of the area ends the practice's.
    """
    if how is Sight.HAPPENED:
        return how
    if not person.is_open_to(actor.subject):
        return Sight.RESTRICTED
    provider_only = how in {Sight.DECIDING, Sight.SERVING}
    agreed_at = referral.consent.recorded_at
    if provider_only and is_barred(person, referral.provider_organisation_id, agreed_at):
        return Sight.HAPPENED
    if practice_link_ended(referral, person, actor, at):
        return Sight.HAPPENED
    return how


def practice_link_ended(referral: Referral, person: Person, actor: Actor, at: datetime) -> bool:
    """Whether the actor is of the practice the person came from before moving away."""
    moved = person.moved
    return (
        moved is not None
        and moved.out_of_area
        and moved.effective_on <= at.date()
        and referral.consent.recorded_at <= moved.recorded_at
        and actor.organisation == referral.source_organisation_id
        and actor.organisation != referral.team_organisation_id
    )
