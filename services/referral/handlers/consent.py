"""What a death or a withdrawn consent means for the referrals it covers."""

from __future__ import annotations

from services.referral.domain.consent import withdrawn_at
from services.referral.domain.ending import end_for_consent, end_for_death
from services.referral.domain.opting_out import follow_choice
from services.referral.domain.person import Person
from services.referral.domain.referral import Changed, Referral
from services.referral.handlers.changing import change_by_fact
from services.referral.handlers.persons import each_referral
from services.referral.store import Stores
from shared.cause import Cause
from shared.errors import NotFound
from shared.events import ConsentWithdrawn
from shared.store import Saved


async def after_consent_withdrawn(stores: Stores, event: ConsentWithdrawn, cause: Cause) -> None:
    """Tell every recipient, and end what was open, as far as the withdrawal still stands.

    What the person agreed to afterwards is left alone, however late or often this comes.
    """
    try:
        person = (await stores.persons.resolve(event.person_id, event.tenant)).state
    except NotFound:
        return

    def end(referral: Referral, cause: Cause) -> Changed:
        return _end_without_consent(person, referral, cause)

    await each_referral(stores, person, end, cause)


async def end_if_over(stores: Stores, referral_id: str, cause: Cause) -> Saved[Referral]:
    """End a new referral of someone who died, or took back their consent, as it was made.

    One of someone who opted out of reports just then is taken out of them.

    Either this comes after that was written and sees it, or whoever follows that comes after
    the referral was written and sees the referral: no order of the two writes is missed.
    """
    saved = await stores.referrals.get(referral_id, cause.actor.tenant)
    try:
        person = (await stores.persons.resolve(saved.state.person_id, cause.actor.tenant)).state
    except NotFound:
        return saved

    def end(referral: Referral, cause: Cause) -> Changed:
        counted, events = follow_choice(referral, cause, person=person)
        if person.deceased is not None:
            ended, more = end_for_death(counted, cause)
        else:
            ended, more = _end_without_consent(person, counted, cause)
        return ended, [*events, *more]

    if end(saved.state, cause)[0] == saved.state:
        return saved
    return await change_by_fact(stores, referral_id, end, cause)


def _end_without_consent(person: Person, referral: Referral, cause: Cause) -> Changed:
    since = withdrawn_at(person, referral.provider_organisation_id)
    if since is None:
        return referral, []
    return end_for_consent(referral, cause, withdrawn_at=since)
