"""Following referrals: the places they hold, use and give back."""

from __future__ import annotations

import structlog

from services.directory import domain
from services.directory.store import Stores, key
from shared.cause import Cause
from shared.errors import NotFound
from shared.events import ReferralEvent

log = structlog.get_logger("directory")


async def follow_referral(stores: Stores, event: ReferralEvent, cause: Cause) -> None:
    """Hold, use or release the referral's place.

    A fact about a service that is not known here is passed over: there are no places to
    keep. The cause is not remembered, as an entry by referral is idempotent by nature and
    the document lives long.
    """
    if not domain.takes_place(event):
        return
    try:
        await stores.services.update(
            key(event.tenant, event.service_id),
            lambda service: domain.follow_referral(service, event, cause),
            cause,
            remember=False,
        )
    except NotFound:
        log.info("service-not-known", service_id=event.service_id, event_type=event.type)
