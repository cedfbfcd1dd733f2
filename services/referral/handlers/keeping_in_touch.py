"""Attempts to reach the person, and notes of those who look after them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from services.referral.domain import contacts
from services.referral.domain.access import relations
from services.referral.domain.notes import Note
from services.referral.domain.policy import POLICY, READ
from services.referral.domain.record import ContactAttempt
from services.referral.domain.referral import Referral
from services.referral.handlers.changing import change
from services.referral.handlers.looking import look_at
from services.referral.store import Stores
from shared.cause import Actor, Cause
from shared.events import ContactChannel, ContactOutcome
from shared.policy import not_there
from shared.store import Page, Saved


async def log_contact(
    stores: Stores,
    referral_id: str,
    cause: Cause,
    *,
    channel: ContactChannel,
    outcome_code: ContactOutcome,
    at: datetime | None,
    note: str | None,
    if_match: int | None = None,
) -> Saved[Referral]:
    """Write down an attempt to reach the person; ``at`` is now where it is not said."""
    made = ContactAttempt(
        id=cause.make_id("contact"),
        at=at or cause.at,
        channel=channel,
        outcome_code=outcome_code,
        by=cause.actor.subject,
        note=note,
    )
    command = partial(contacts.attempt, made=made)
    return await change(stores, referral_id, command, cause, if_match=if_match)


async def contact_log(
    stores: Stores, referral_id: str, actor: Actor, at: datetime
) -> Sequence[ContactAttempt]:
    """The attempts, for those who serve the person or hold the case. Else NotFound."""
    return (await _permitted(stores, referral_id, actor, at)).contacts


async def write_note(stores: Stores, referral_id: str, text: str, cause: Cause) -> Saved[Note]:
    """Keep a note of one's own organisation about a referral it knows of."""
    actor = cause.actor
    referral = await _permitted(stores, referral_id, actor, cause.at)
    note = Note(
        id=cause.make_id("note"),
        tenant=actor.tenant,
        referral_id=referral_id,
        person_id=referral.person_id,
        organisation_id=actor.organisation,
        written_at=cause.at,
        written_by=actor.subject,
        text=text,
    )
    return await stores.notes.insert(note.id, note, [], cause)


async def notes_of(
    stores: Stores, referral_id: str, actor: Actor, at: datetime, *, limit: int, cursor: str | None
) -> Page[Note]:
    """The notes of one's own organisation about a referral, newest first."""
    await _permitted(stores, referral_id, actor, at)
    own = {"state.referral_id": referral_id, "state.organisation_id": actor.organisation}
    return await stores.notes.find(actor.tenant, own, limit=limit, cursor=cursor)


async def _permitted(stores: Stores, referral_id: str, actor: Actor, at: datetime) -> Referral:
    """The referral, where the policy lets the actor do this and its person is not kept from it.

    Whoever is let in as one who is told only that it happened, is let in all the same.
    """
    saved, how, _ = await look_at(stores, referral_id, actor, at)
    held = relations(saved.state, actor)
    POLICY.require(actor, held)
    if how is not POLICY.sight(actor, held, READ):
        raise not_there()
    return saved.state
