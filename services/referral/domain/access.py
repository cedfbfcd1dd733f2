"""What an actor is to a record, and what follows from it by the policy: decided here alone."""

from __future__ import annotations

from collections.abc import Mapping

from services.referral.domain.lifecycle import Status
from services.referral.domain.overrides import Override
from services.referral.domain.policy import POLICY, READ, Is, Sight
from services.referral.domain.referral import Referral
from services.referral.domain.safeguarding import LEAD, Concern
from services.referral.domain.sessions import Session
from shared.cause import Actor
from shared.errors import Forbidden
from shared.policy import TENANT, not_there

PART: Mapping[Status, Is | None] = {
    Status.DRAFT: None,
    Status.SUBMITTED: Is.ASKED,
    Status.INFO_REQUESTED: Is.ASKED,
    Status.WAITLISTED: Is.ASKED,
    Status.ACCEPTED: Is.SERVING,
    Status.IN_PROGRESS: Is.SERVING,
    Status.ON_HOLD: Is.SERVING,
    Status.COMPLETED: Is.SERVING,
    Status.NOT_COMPLETED: Is.WAS_ASKED,
    Status.DECLINED: Is.WAS_ASKED,
    Status.EXPIRED: Is.WAS_ASKED,
    Status.WITHDRAWN: Is.WAS_ASKED,
    Status.ENTERED_IN_ERROR: Is.WAS_ASKED,
    Status.GIVEN: None,
    Status.FOLLOWED_UP: None,
}
"""What the provider is to a referral in each status; None: nothing, it knows of none."""


def relations(referral: Referral, actor: Actor) -> frozenset[str]:
    """What the actor is to a referral: by organisation, and by where the referral stands."""
    organisation = actor.organisation
    if referral.status is Status.DRAFT:
        own = organisation == referral.referrer_organisation_id
        return frozenset({Is.WRITER}) if own else frozenset()
    held: set[str] = {TENANT}
    for relation, whose in (
        (Is.REFERRER, referral.referrer_organisation_id),
        (Is.PRACTICE, referral.source_organisation_id),
        (Is.TEAM, referral.team_organisation_id),
    ):
        if organisation == whose:
            held.add(relation)
    part = PART[referral.status]
    if part is not None and organisation == referral.provider_organisation_id:
        held.add(Is.WAS_ASKED if referral.consent.withdrawn_at is not None else part)
    return frozenset(held)


def sight(referral: Referral, actor: Actor) -> Sight:
    """How much this actor sees of a referral by what it is to it.

    ``disclosure.disclosed`` says what the person's record takes from that. Raises NotFound
    where the actor may not even know of the referral.
    """
    seen = POLICY.sight(actor, relations(referral, actor), READ)
    if seen is None:
        raise not_there()
    return seen


def permit(referral: Referral, actor: Actor) -> None:
    """Let the actor do what it asks for to this referral.

    Raises Forbidden where it knows the referral and its part in it is another, else NotFound.
    """
    held = relations(referral, actor)
    if POLICY.allows(actor, held):
        return
    sight(referral, actor)
    allowed = [str(relation) for relation in POLICY.relations(actor)]
    raise Forbidden(
        "Your organisation's part in this referral does not allow that; it is for the "
        f"organisation that {', or '.join(allowed)}.",
        {"allowed_relations": allowed},
    )


def permit_session(session: Session, actor: Actor) -> None:
    """Let the actor do what it asks for to this session. Raises NotFound."""
    own = actor.organisation == session.provider_organisation_id
    POLICY.require(actor, {Is.HOLDER} if own else ())


def permit_concern(concern: Concern, actor: Actor) -> None:
    """Let the actor do what it asks for to this concern. Raises NotFound."""
    held = set()
    if actor.role == LEAD or actor.subject == concern.lead_subject:
        held.add(Is.LEAD)
    if actor.subject == concern.author_subject:
        held.add(Is.AUTHOR)
    POLICY.require(actor, held)


def permit_override(made: Override, actor: Actor) -> None:
    """Let the actor do what it asks for to this breaking of the glass. Raises NotFound."""
    POLICY.require(actor, {Is.TOLD} if actor.organisation in made.told else ())


def permit_own(organisation_id: str, actor: Actor) -> None:
    """Let the actor do what it asks for to something of this organisation. Raises NotFound."""
    POLICY.require(actor, {Is.OWN} if organisation_id == actor.organisation else ())
