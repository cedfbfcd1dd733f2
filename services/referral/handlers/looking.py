"""Looking at a referral or a person, with as much as the asker may see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from services.referral.domain.access import sight
from services.referral.domain.disclosure import disclosed, practice_link_ended
from services.referral.domain.lifecycle import Status
from services.referral.domain.person import Person
from services.referral.domain.policy import POLICY, READ_PERSON, Is, Sight
from services.referral.domain.referral import Referral
from services.referral.domain.standing import check_open_to
from services.referral.store import Stores, visible_with_person
from shared.cause import Actor, Cause
from shared.errors import NotFound
from shared.policy import not_there
from shared.store import Page, Saved

Seen = tuple[Saved[Referral], Sight, Person | None]
"""A referral, how much of it the asker sees, and the person if that is part of it."""

_MOST_KNOWN = 200
"""Referrals looked at to tell whether an organisation knows a person."""


async def look_at(stores: Stores, referral_id: str, actor: Actor, at: datetime) -> Seen:
    """A referral, how much of it this actor sees, and the person if that is part of it.

    Whoever broke the glass on the person sees all, where the policy says so of what is asked.
    """
    saved: Saved[Referral] | None = None
    seen: Seen | None = None
    with suppress(NotFound):
        saved = await stores.referrals.get(referral_id, actor.tenant)
        seen = (await look_at_all(stores, [saved], actor, at))[0]
    if seen is not None and seen[1] is Sight.ALL:
        return seen
    # Asked of one that is not there as well: the same work says nothing of whether it is.
    person_id = saved.state.person_id if saved is not None else referral_id
    person = await _opened(stores, person_id, actor, at)
    if person is not None and saved is not None and saved.state.status is not Status.DRAFT:
        return saved, Sight.ALL, person
    if seen is None:
        raise not_there()
    return seen


async def _opened(stores: Stores, person_id: str, actor: Actor, at: datetime) -> Person | None:
    """The person, where the actor broke the glass on them and asks for what that opens."""
    if Is.OVERRIDER not in POLICY.relations(actor):
        return None
    try:
        person = (await stores.persons.resolve(person_id, actor.tenant)).state
        ids = await stores.persons.ids_of(person)
    except NotFound:
        person, ids = None, (person_id,)
    return person if await stores.overrides.in_force(actor, ids, at) else None


async def look_at_all(
    stores: Stores, page: Sequence[Saved[Referral]], actor: Actor, at: datetime
) -> Sequence[Seen]:
    """Each referral with how much this actor sees of it at that time, by the person's own record.

    Raises NotFound where the actor may not know of one of them.
    """
    first = {saved.id: sight(saved.state, actor) for saved in page}
    wanted = [each.state.person_id for each in page if first[each.id] is not Sight.HAPPENED]
    persons = await _persons(stores, wanted, actor.tenant)
    seen: list[Seen] = []
    for saved in page:
        how, person = first[saved.id], persons.get(saved.state.person_id)
        if how is Sight.HAPPENED or person is None:
            seen.append((saved, Sight.HAPPENED, None))
            continue
        left = disclosed(how, saved.state, person, actor, at)
        seen.append((saved, left, None if left is Sight.HAPPENED else person))
    return seen


async def check_open(stores: Stores, page: Sequence[Referral], cause: Cause) -> None:
    """Nobody acts on what is restricted to others: they are told what reading tells them.

    Raises Forbidden, or NotFound where the actor may not know of one of the referrals.
    """
    wanted = [each.person_id for each in page if sight(each, cause.actor) is not Sight.HAPPENED]
    persons = await _persons(stores, wanted, cause.actor.tenant)
    for person in persons.values():
        check_open_to(person, cause.actor)


async def look_at_person(
    stores: Stores, person_id: str, actor: Actor, at: datetime
) -> tuple[Saved[Person], Sight]:
    """A person, for organisations that see all of one of their referrals. Else NotFound.

    And for whoever broke the glass on them, where the policy says so of what is asked.
    """
    try:
        saved = await stores.persons.resolve(person_id, actor.tenant)
    except NotFound:
        # The same work as for someone there is says nothing of whether there is anyone.
        await _referrals_known_to(stores, [person_id], actor)
        await _opened(stores, person_id, actor, at)
        raise not_there() from None
    known = bool(await known_among(stores, [saved], actor, at))
    if known and saved.state.is_open_to(actor.subject):
        held, how = {Is.KNOWING}, Sight.ALL
    elif await _opened(stores, saved.id, actor, at) is not None:
        held, how = {Is.OVERRIDER}, Sight.ALL
    else:
        held, how = ({Is.KNOWING} if known else set()), Sight.RESTRICTED
    POLICY.require(actor, held)
    return saved, how


async def known_among(
    stores: Stores, persons: Collection[Saved[Person]], actor: Actor, at: datetime
) -> Sequence[Saved[Person]]:
    """Those of the persons whose referrals this actor's organisation sees all of."""
    if not persons or not POLICY.allows(actor, {Is.KNOWING}, READ_PERSON):
        return []
    owner = {
        alias: saved for saved in persons for alias in await stores.persons.ids_of(saved.state)
    }
    page = await _referrals_known_to(stores, list(owner), actor)
    known = {
        owner[each.state.person_id].id
        for each in page.items
        if not practice_link_ended(each.state, owner[each.state.person_id].state, actor, at)
    }
    return [saved for saved in persons if saved.id in known]


async def _referrals_known_to(
    stores: Stores, person_ids: Sequence[str], actor: Actor
) -> Page[Referral]:
    """Referrals of these persons that the actor's organisation made, or that make it know them."""
    return await stores.referrals.find(
        actor.tenant,
        {
            "state.person_id": {"$in": list(person_ids)},
            "$or": [
                {"state.referrer_organisation_id": actor.organisation},
                {"state.source_organisation_id": actor.organisation},
                {"state.team_organisation_id": actor.organisation},
            ],
        },
        limit=_MOST_KNOWN,
    )


async def among(
    stores: Stores, person_id: str, actor: Actor, at: datetime
) -> Mapping[str, Any] | None:
    """The filter for the referrals of one person that the actor sees the person of.

    What would show the referral without the person is left out by the query itself: neither an
    item nor a page's length nor its cursor tells whose it is. None where nothing can match.
    """
    try:
        person = (await stores.persons.resolve(person_id, actor.tenant)).state
    except NotFound:
        return None
    visible = visible_with_person(actor, person, at)
    if visible is None:
        return None
    ids = await stores.persons.ids_of(person)
    return {"state.person_id": {"$in": list(ids)}, **visible}


async def _persons(stores: Stores, person_ids: Sequence[str], tenant: str) -> Mapping[str, Person]:
    """The persons these ids stand for: a retired id gives the survivor."""
    wanted = list(dict.fromkeys(person_ids))
    found = await stores.persons.get_many(wanted, tenant) if wanted else {}
    persons: dict[str, Person] = {}
    for person_id, saved in found.items():
        alias = saved.state.merged_into is not None
        whole = await stores.persons.resolve(person_id, tenant) if alias else saved
        persons[person_id] = whole.state
    return persons
