"""What other services' facts mean here."""

from __future__ import annotations

from services.referral.domain import listing as listings
from services.referral.domain import referral as referrals
from services.referral.domain.referral import Referral
from services.referral.handlers.rerouting import mark_referrals_to
from services.referral.store import Listings, Stores, listing_key
from shared.cause import Cause
from shared.events import DirectoryEvent, GoalUpdated
from shared.store import Duplicate, Saved


async def note_listing(stores: Stores, event: DirectoryEvent, cause: Cause) -> None:
    """Keep what the directory says of a service; a closed one leaves its referrals without."""
    saved = await keep_listing(stores.listings, event, cause)
    if not saved.state.open:
        await mark_referrals_to(stores, event.service_id, saved.state.seq, cause)


async def keep_listing(
    kept: Listings, event: DirectoryEvent, cause: Cause
) -> Saved[listings.Listing]:
    """Keep the newest of what the directory says of a service, and nothing else."""
    key = listing_key(event.tenant, event.service_id)
    try:
        return await kept.insert(key, listings.heard(event), [], cause)
    except Duplicate:
        return await kept.update(
            key,
            lambda known: (listings.newest(known, event), []),
            cause,
            remember=False,
        )


async def note_goal(stores: Stores, event: GoalUpdated, cause: Cause) -> Saved[Referral]:
    """Keep how far a goal has come on the case it belongs to."""
    return await stores.referrals.update(
        event.case_id, lambda intake: referrals.note_goal(intake, event), cause, remember=False
    )
