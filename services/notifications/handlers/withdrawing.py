"""Consent withdrawn: what still waits to be told to whoever may no longer hear of it."""

from __future__ import annotations

from services.notifications.handlers.delivering import let_next_go
from services.notifications.handlers.ending import cancel
from services.notifications.store import Stores
from shared.cause import Cause
from shared.events import ReferralConsentWithdrawn, ReferralEnteredInError, ReferralWithdrawn

_PAGE = 200

_STILL_TOLD = frozenset(
    {ReferralConsentWithdrawn.type, ReferralWithdrawn.type, ReferralEnteredInError.type}
)
"""These end the sharing, so the recipient must hear them."""


async def withdraw_notices(stores: Stores, event: ReferralConsentWithdrawn, cause: Cause) -> None:
    """Take back the provider's queued messages about this referral from before the event."""
    where = {
        "state.organisation_id": event.provider_organisation_id,
        "state.about.subject": event.referral_id,
        "state.status": "queued",
    }
    cursor = None
    while True:
        page = await stores.deliveries.find(event.tenant, where, limit=_PAGE, cursor=cursor)
        for saved in page.items:
            about = saved.state.about
            if about.type not in _STILL_TOLD and about.occurred_at <= event.occurred_at:
                await cancel(stores, saved.state, cause.at)
                await let_next_go(stores, saved.state, cause.at)
        cursor = page.next_cursor
        if cursor is None:
            return
