"""Looking at a referral or a person, with as much as the asker may see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.referral.domain.access import sight
from services.referral.domain.disclosure import disclosed, practice_link_ended
from services.referral.domain.person import Person
from services.referral.domain.policy import POLICY, READ_PERSON, Is, Sight
from services.referral.domain.referral import Referral
from services.referral.domain.standing import check_open_to
from services.referral.store import Stores, visible_with_person
from shared.cause import Actor, Cause
from shared.errors import NotFound
from shared.store import Saved

Seen = tuple[Saved[Referral], Sight, Person | None]
"""A referral, how much of it the asker sees, and the person if that is part of it."""

_MOST_KNOWN = 200
"""Referrals looked at to tell whether an organisation knows a person."""


async def look_at(stores: Stores, referral_id: str, actor: Actor, at: datetime) -> Seen:
    """A referral, how much of it this actor sees, and the person if that is part of it."""
    saved = await stores.referrals.get(referral_id, actor.tenant)
    return (await look_at_all(stores, [saved], actor, at))[0]


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
    """A person, for organisations that see all of one of their referrals. Else NotFound."""
    saved = await stores.persons.resolve(person_id, actor.tenant)
    POLICY.require(actor, {Is.KNOWING} if await known_among(stores, [saved], actor, at) else ())
    how = Sight.ALL if saved.state.is_open_to(actor.subject) else Sight.RESTRICTED
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
    page = await stores.referrals.find(
        actor.tenant,
        {
            "state.person_id": {"$in": list(owner)},
            "$or": [
                {"state.referrer_organisation_id": actor.organisation},
                {"state.source_organisation_id": actor.organisation},
                {"state.team_organisation_id": actor.organisation},
            ],
        },
        limit=_MOST_KNOWN,
    )
    known = {
        owner[each.state.person_id].id
        for each in page.items
        if not practice_link_ended(each.state, owner[each.state.person_id].state, actor, at)
    }
    return [saved for saved in persons if saved.id in known]


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
