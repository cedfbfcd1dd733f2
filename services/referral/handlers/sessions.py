"""Group sessions, and what they mean for the referrals that have a place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from functools import partial

from services.referral.domain import sessions
from services.referral.domain.access import permit_session, relations
from services.referral.domain.lifecycle import Command, after
from services.referral.domain.meetings import SessionStatus
from services.referral.domain.places import follow_session, holds_idle_place
from services.referral.domain.policy import PROVIDER
from services.referral.domain.sessions import ChangedSession, Session
from services.referral.handlers.changing import change_by_fact
from services.referral.handlers.looking import check_open
from services.referral.store import Stores
from shared.cause import Cause
from shared.errors import Contended, FieldError, Invalid, NotFound, PreconditionFailed
from shared.events import AppointmentCancelled
from shared.store import Saved

SessionChange = Callable[[Session, Cause], ChangedSession]

_AT_ONCE = 50


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
    if referral_id not in session.places:
        try:
            referral = (await stores.referrals.get(referral_id, tenant)).state
            await check_open(stores, [referral], cause)
        except NotFound:
            raise _invalid("/referral_id", "must be a referral to this service") from None
        of_provider = relations(referral, cause.actor) & set(PROVIDER)
        if not of_provider or referral.service_id != session.service_id:
            raise _invalid("/referral_id", "must be a referral to this service")
        after(referral.status, Command.BOOK)
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
    placed = [each for each in referral_ids if each in session.places]
    found = await stores.referrals.get_many(placed, cause.actor.tenant) if placed else {}
    await check_open(stores, [each.state for each in found.values()], cause)
    return await change_session(stores, session_id, command, cause, if_match=if_match)


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


def _invalid(pointer: str, reason: str) -> Invalid:
    return Invalid("The session does not allow this.", errors=(FieldError(pointer, reason),))
