"""What an asker may see of a referral and of the person, decided when it is read.

A referral holds only the person's opaque id, so a corrected telephone number is right
everywhere, and erasing one document erases the person.
"""

from __future__ import annotations

from datetime import datetime

from services.referral.domain.calendar import day_of
from services.referral.domain.consent import is_barred
from services.referral.domain.person import Person
from services.referral.domain.policy import Sight
from services.referral.domain.referral import Referral
from shared.cause import Actor

MEETINGS = frozenset({Sight.ALL, Sight.SERVING})
"""How much of a referral one sees who also sees its appointments, and who came."""


def disclosed(how: Sight, referral: Referral, person: Person, actor: Actor, at: datetime) -> Sight:
    """What is left of it under the person's record as it is now.

    A consent withdrawn, or a request to be erased that waits for its decision, closes the
    provider's view at once; a restriction closes it for all
    who are not named; a move out of the area ends the practice's.
    """
    if how is Sight.HAPPENED:
        return how
    provider_only = how in {Sight.DECIDING, Sight.SERVING}
    agreed_at = referral.consent.recorded_at
    if provider_only and person.held is not None:
        return Sight.HAPPENED
    if provider_only and is_barred(person, referral.provider_organisation_id, agreed_at):
        return Sight.HAPPENED
    if practice_link_ended(referral, person, actor, at):
        return Sight.HAPPENED
    return how if person.is_open_to(actor.subject) else Sight.RESTRICTED


def of_person(how: Sight, referral: Referral) -> Sight:
    """How much of the person goes with this much of the referral.

    A provider who serves someone who did not agree to share their contact details goes on
    seeing what it took to decide: not who they are, nor how to reach them.
    """
    if how is Sight.SERVING and "contact_details" not in referral.consent.scope:
        return Sight.DECIDING
    return how


def practice_link_ended(referral: Referral, person: Person, actor: Actor, at: datetime) -> bool:
    """Whether the actor is of the practice the person came from before moving away."""
    left = practice_left(person, at)
    return (
        left is not None
        and referral.consent.recorded_at <= left
        and actor.organisation == referral.source_organisation_id
        and actor.organisation != referral.team_organisation_id
    )


def practice_left(person: Person, at: datetime) -> datetime | None:
    """When it was recorded that the person left the practice's area, once that holds."""
    moved = person.moved
    if moved is None or not moved.out_of_area or moved.effective_on > day_of(at):
        return None
    return moved.recorded_at
