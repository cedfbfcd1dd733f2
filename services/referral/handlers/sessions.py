"""Group sessions, and what they mean for the referrals that have a place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from services.referral.domain import sessions
from services.referral.domain.access import permit_session, relations
from services.referral.domain.disclosure import MEETINGS
from services.referral.domain.lifecycle import Command, after
from services.referral.domain.meetings import SessionStatus
from services.referral.domain.places import follow_session, holds_idle_place
from services.referral.domain.policy import POLICY, PROVIDER, READ
from services.referral.domain.referral import Referral
from services.referral.domain.sessions import ChangedSession, Place, Session
from services.referral.handlers.changing import change_by_fact
from services.referral.handlers.looking import check_open, look_at_all
from services.referral.store import Stores
from shared.cause import Actor, Cause
from shared.errors import Contended, FieldError, Invalid, PreconditionFailed
from shared.events import AppointmentCancelled
from shared.store import Saved

SessionChange = Callable[[Session, Cause], ChangedSession]

_AT_ONCE = 50
_READ_AT_ONCE = 500
"""Referrals looked at together to tell whose places may be shown."""


async def schedule(
    stores: Stores, new: Callable[[str, str], Session], service_id: str, cause: Cause
) -> Saved[Session]:
    """Arrange a session; ``new`` makes it under an id, for an organisation.

    Raises Invalid unless the actor's organisation runs the service.
    """
    listing = await stores.listings.look_up(service_id, cause.actor.tenant)
    if listing is None or listing.organisation_id != cause.actor.organisation:
        raise _invalid("/service_id", "must be a service that your organisation runs")
    session = new(cause.make_id("session"), listing.organisation_id)
    made, events = sessions.schedule(session, cause)
    return await stores.sessions.insert(made.id, made, events, cause)


async def change_session(
    stores: Stores,
    session_id: str,
    command: SessionChange,
    cause: Cause,
    *,
    if_match: int | None = None,
) -> Saved[Session]:
    """Do something to a session of the actor's organisation."""
    return await stores.sessions.update(
        session_id,
        lambda session: command(session, cause),
        cause,
        if_match=if_match,
        check=lambda session: permit_session(session, cause.actor),
    )


async def take_place(
    stores: Stores, session_id: str, referral_id: str, cause: Cause, *, if_match: int | None = None
) -> Saved[Session]:
    """Give a referral a place; its appointment follows from the fact.

    Raises Invalid where the referral is not one to this service, Conflict where it allows no
    appointment or the session no further place.
    """
    tenant = cause.actor.tenant
    session = (await stores.sessions.get(session_id, tenant)).state
    permit_session(session, cause.actor)
    found = await stores.referrals.get_many([referral_id], tenant)
    asked = _of_service(session, found.values(), cause.actor)
    await check_open(stores, asked, cause)  # also of who has a place: that is not for all to know
    if referral_id not in session.places:
        if not asked:
            raise _invalid("/referral_id", "must be a referral to this service")
        after(asked[0].status, Command.BOOK)
    take = partial(sessions.take, referral_id=referral_id)
    return await change_session(stores, session_id, take, cause, if_match=if_match)


async def change_places(
    stores: Stores,
    session_id: str,
    referral_ids: Collection[str],
    command: SessionChange,
    cause: Cause,
    *,
    if_match: int | None = None,
) -> Saved[Session]:
    """Do something about the places of these referrals in a session.

    Raises Forbidden where the record of one of the persons is restricted to others.
    """
    session = (await stores.sessions.get(session_id, cause.actor.tenant)).state
    permit_session(session, cause.actor)
    found = await stores.referrals.get_many(list(referral_ids), cause.actor.tenant)
    await check_open(stores, _of_service(session, found.values(), cause.actor), cause)
    return await change_session(stores, session_id, command, cause, if_match=if_match)


async def visible_places(
    stores: Stores, page: Sequence[Session], actor: Actor, at: datetime
) -> Sequence[Mapping[str, Place]]:
    """Of each session the places, by the referral's id, that the actor may see at that time.

    They are those of the referrals of which it would see the appointments.
    """
    wanted = list(dict.fromkeys(known for session in page for known in session.places))
    shown: set[str] = set()
    for start in range(0, len(wanted), _READ_AT_ONCE):
        some = wanted[start : start + _READ_AT_ONCE]
        found = await stores.referrals.get_many(some, actor.tenant)
        known = [each for each in found.values() if _is_known(each.state, actor)]
        seen = await look_at_all(stores, known, actor, at)
        shown |= {saved.id for saved, how, _ in seen if how in MEETINGS}
    return [
        {known: place for known, place in session.places.items() if known in shown}
        for session in page
    ]


async def follow(
    stores: Stores, session_id: str, referral_ids: Iterable[str], cause: Cause
) -> None:
    """Make these referrals' appointments what the session has, whatever was said when."""
    saved = await stores.sessions.get(session_id, cause.actor.tenant)
    waiting = list(referral_ids)
    for start in range(0, len(waiting), _AT_ONCE):
        some = waiting[start : start + _AT_ONCE]
        await asyncio.gather(*(_follow_one(stores, saved, each, cause) for each in some))


async def give_place_back(stores: Stores, event: AppointmentCancelled, cause: Cause) -> None:
    """A referral that ends gives up its places: whoever waits for one can have it."""
    referral = (await stores.referrals.get(event.referral_id, event.tenant)).state
    place = next((each for each in referral.appointments if each.id == event.appointment_id), None)
    if place is None or place.session_id is None or referral.is_open:
        return
    await _give_back(stores, place.session_id, referral.id, cause)


async def _follow_one(
    stores: Stores, session: Saved[Session], referral_id: str, cause: Cause
) -> None:
    command = partial(follow_session, session=session.state, version=session.version)
    saved = await change_by_fact(stores, referral_id, command, cause)
    called_off = session.state.status is SessionStatus.CANCELLED
    if not called_off and holds_idle_place(saved.state, session.state):
        try:
            await _give_back(stores, session.id, referral_id, cause, if_match=session.version)
        except PreconditionFailed:
            raise Contended("The session changed meanwhile; look again.") from None


async def _give_back(
    stores: Stores, session_id: str, referral_id: str, cause: Cause, if_match: int | None = None
) -> None:
    await stores.sessions.update(
        session_id,
        lambda session: sessions.give_back(session, cause, referral_id=referral_id),
        cause,
        if_match=if_match,
        remember=False,
    )


def _is_known(referral: Referral, actor: Actor) -> bool:
    return POLICY.sight(actor, relations(referral, actor), READ) is not None


def _of_service(
    session: Session, found: Iterable[Saved[Referral]], actor: Actor
) -> Sequence[Referral]:
    """Those of the referrals that were made to this session's service, as its provider knows."""
    return [
        saved.state
        for saved in found
        if saved.state.service_id == session.service_id
        and relations(saved.state, actor) & set(PROVIDER)
    ]


def _invalid(pointer: str, reason: str) -> Invalid:
    return Invalid("The session does not allow this.", errors=(FieldError(pointer, reason),))
