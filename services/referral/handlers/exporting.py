"""A person's own data, gathered for them (UK GDPR Art 15), without what is about others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.referral.domain import standing
from services.referral.domain.access import sight
from services.referral.domain.notes import Note
from services.referral.domain.person import Person
from services.referral.domain.policy import Sight
from services.referral.domain.referral import Referral
from services.referral.handlers.erasing import referrals_of
from services.referral.handlers.looking import look_at_person
from services.referral.store import Stores
from shared.cause import Cause
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class Export:
    """What is held about a person, as far as the asker's organisation may hand it over.

    ``elsewhere`` counts referrals that another team has to be asked for.
    """

    person: Person
    person_ids: Sequence[str]
    referrals: Sequence[Referral]
    notes: Sequence[Note]
    elsewhere: int


async def export_person(stores: Stores, person_id: str, cause: Cause) -> Export:
    """Everything held here. Raises NotFound for whoever may not know the person.

    Safeguarding concerns are not part of it: whether one may be shown is the lead's to decide
    (Data Protection Act 2018, Schedule 3). Notes are those of the asker's organisation.
    """
    actor = cause.actor
    saved, _ = await look_at_person(stores, person_id, actor, cause.at)
    standing.check_open_to(saved.state, actor)
    ids = await stores.persons.ids_of(saved.state)
    everything = await referrals_of(stores, ids, actor.tenant)
    own = [each for each in everything if _whole(each, cause)]
    note_ids = await stores.notes.ids_about(ids, actor.tenant)
    notes = [each.state for each in (await stores.notes.get_many(note_ids, actor.tenant)).values()]
    return Export(
        person=saved.state,
        person_ids=ids,
        referrals=sorted(own, key=lambda each: each.consent.recorded_at),
        notes=sorted(
            (each for each in notes if each.organisation_id == actor.organisation),
            key=lambda each: each.written_at,
        ),
        elsewhere=len(everything) - len(own),
    )


def _whole(referral: Referral, cause: Cause) -> bool:
    try:
        return sight(referral, cause.actor) is Sight.ALL
    except NotFound:
        return False
