"""What a withdrawn consent means for the referrals it covers."""

from __future__ import annotations

from services.referral.domain.consent import withdrawn_at
from services.referral.domain.ending import end_for_consent
from services.referral.domain.referral import Changed, Referral
from services.referral.handlers.persons import each_referral
from services.referral.store import Stores
from shared.cause import Cause
from shared.errors import NotFound
from shared.events import ConsentWithdrawn


async def after_consent_withdrawn(stores: Stores, event: ConsentWithdrawn, cause: Cause) -> None:
    """Tell every recipient, and end what was open, as far as the withdrawal still stands.

    What the person agreed to afterwards is left alone, however late or often this comes.
    """
    try:
        person = (await stores.persons.resolve(event.person_id, event.tenant)).state
    except NotFound:
        return

    def end(referral: Referral, cause: Cause) -> Changed:
        since = withdrawn_at(person, referral.provider_organisation_id)
        if since is None:
            return referral, []
        return end_for_consent(referral, cause, withdrawn_at=since)

    await each_referral(stores, person, end, cause)
