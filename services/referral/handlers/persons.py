"""Keeping the record of a person: corrected, moved, deceased, restricted, reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from services.referral.domain import ending, opting_out
from services.referral.domain.consent import withdrawn_at
from services.referral.domain.person import ChangedPerson, Person
from services.referral.domain.reaching import Suppression, suppression
from services.referral.domain.referral import Changed, Referral
from services.referral.handlers.changing import change_by_fact
from services.referral.handlers.looking import look_at_person
from services.referral.store import NHS_NUMBER, Stores
from shared.cause import Actor, Cause
from shared.errors import Conflict, NotFound
from shared.events import (
    PersonDataOptOutChanged,
    PersonDeceased,
    PersonDeceasedRevoked,
    PersonMoved,
)
from shared.ids import derived_id
from shared.store import Duplicate, Saved

PersonCommand = Callable[[Person, Cause], ChangedPerson]

_PAGE = 100


async def change_person(
    stores: Stores,
    person_id: str,
    command: PersonCommand,
    cause: Cause,
    *,
    if_match: int | None = None,
) -> Saved[Person]:
    """Change the record of a person whose referral the actor's organisation sees all of.

    A retired id changes the survivor. Raises NotFound for anyone else, Conflict where
    another record has the NHS number already.
    """
    known, _ = await look_at_person(stores, person_id, cause.actor, cause.at)
    try:
        return await stores.persons.update(
            known.id, lambda person: command(person, cause), cause, if_match=if_match
        )
    except Duplicate as taken:
        if taken.index != NHS_NUMBER:
            raise
        raise Conflict(
            "Another record has this NHS number: merge the two.",
            {"current_status": "possible_duplicate", "allowed": ["merge"]},
        ) from None


async def why_silent(stores: Stores, person: Person) -> Suppression | None:
    """Why nothing is to be sent to the person; None where something may be."""
    agreed_at: datetime | None = None
    if withdrawn_at(person, None) is not None:
        ids = await stores.persons.ids_of(person)
        page = await stores.referrals.find(
            person.tenant,
            {"state.person_id": {"$in": list(ids)}, "facets.open": True},
            limit=_PAGE,
        )
        agreed_at = max((each.state.consent.recorded_at for each in page.items), default=None)
    return suppression(person, agreed_at)


async def after_death(stores: Stores, event: PersonDeceased, cause: Cause) -> None:
    """End what is open about someone who has died, unless that was taken back meanwhile."""
    person = await _person(stores, event.person_id, cause.actor)
    if person is not None and person.deceased is not None:
        await each_referral(stores, person, ending.end_for_death, cause)


async def after_death_revoked(stores: Stores, event: PersonDeceasedRevoked, cause: Cause) -> None:
    """Mark what the death had ended, for someone to look at; nothing is reopened."""

    def mark(referral: Referral, _: Cause) -> Changed:
        ended_by_it = referral.reason_code == "deceased" and referral.attention is None
        return ending.flag(referral, "death_revoked") if ended_by_it else (referral, [])

    person = await _person(stores, event.person_id, cause.actor)
    if person is not None and person.deceased is None:
        await each_referral(stores, person, mark, cause)


async def choose_opt_out(
    stores: Stores, person_id: str, cause: Cause, *, opted_out: bool, if_match: int | None
) -> Saved[Person]:
    """Write down the person's choice; their cases follow at once, and by its fact after a crash."""

    def command(person: Person, cause: Cause) -> ChangedPerson:
        return opting_out.choose(person, cause, opted_out=opted_out)

    saved = await change_person(stores, person_id, command, cause, if_match=if_match)
    await follow_opt_out(stores, saved.state, cause)
    return saved


async def after_opt_out(stores: Stores, event: PersonDataOptOutChanged, cause: Cause) -> None:
    """Every case of the person is counted, or not, as their record says now."""
    person = await _person(stores, event.person_id, cause.actor)
    if person is not None:
        await follow_opt_out(stores, person, cause)


async def follow_opt_out(stores: Stores, person: Person, cause: Cause) -> None:
    """Every case of the person is counted, or taken out of reports, as their record says."""
    own = replace(cause, id=derived_id(cause.id, "opt-out"), digest=None)
    await each_referral(stores, person, partial(opting_out.follow_choice, person=person), own)


async def after_move(stores: Stores, event: PersonMoved, cause: Cause) -> None:
    """Mark the open cases of someone who left the area: to be handed over, or closed."""

    def mark(referral: Referral, _: Cause) -> Changed:
        concerned = referral.is_open and referral.attention is None
        return ending.flag(referral, "moved_out_of_area") if concerned else (referral, [])

    person = await _person(stores, event.person_id, cause.actor)
    if person is not None and person.moved is not None and person.moved.out_of_area:
        await each_referral(stores, person, mark, cause)


async def each_referral(
    stores: Stores, person: Person, command: Callable[[Referral, Cause], Changed], cause: Cause
) -> None:
    """Do this to every referral of the person, page by page; it is idempotent by nature."""
    ids = list(await stores.persons.ids_of(person))
    cursor: str | None = None
    while True:
        page = await stores.referrals.find(
            person.tenant, {"state.person_id": {"$in": ids}}, limit=_PAGE, cursor=cursor
        )
        for saved in page.items:
            if command(saved.state, cause)[0] != saved.state:
                await change_by_fact(stores, saved.id, command, cause)
        cursor = page.next_cursor
        if cursor is None:
            return


async def _person(stores: Stores, person_id: str, actor: Actor) -> Person | None:
    """The person a fact is about; None where the record was erased meanwhile."""
    try:
        return (await stores.persons.resolve(person_id, actor.tenant)).state
    except NotFound:
        return None
