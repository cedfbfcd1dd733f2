"""Looking at a referral or a person, with as much as the asker may see."""

from __future__ import annotations

from services.referral.domain.disclosure import Sight, sight
from services.referral.domain.person import Person
from services.referral.domain.referral import Referral
from services.referral.store import Stores
from shared.cause import Actor
from shared.errors import NotFound
from shared.store import Saved


async def look_at(
    stores: Stores, referral_id: str, actor: Actor
) -> tuple[Saved[Referral], Sight, Person | None]:
    """A referral, how much of it this actor sees, and the person if that is part of it."""
    saved = await stores.referrals.get(referral_id, actor.tenant)
    how = sight(saved.state, actor)
    if how is Sight.HAPPENED:
        return saved, how, None
    person = await stores.persons.get(saved.state.person_id, actor.tenant)
    return saved, how, person.state


async def look_at_person(stores: Stores, person_id: str, actor: Actor) -> Saved[Person]:
    """A person, for organisations that see all of one of their referrals. Else NotFound."""
    page = await stores.referrals.find(
        actor.tenant,
        {
            "state.person_id": person_id,
            "$or": [
                {"state.referrer_organisation_id": actor.organisation},
                {"state.source_organisation_id": actor.organisation},
                {"state.team_organisation_id": actor.organisation},
            ],
        },
        limit=1,
    )
    if not page.items or actor.role == "operations":
        raise NotFound("There is no such person.")
    return await stores.persons.get(person_id, actor.tenant)
