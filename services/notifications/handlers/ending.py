"""An address that is not written to any more, and what was still to go there."""

from __future__ import annotations

from datetime import datetime

from services.notifications import domain
from services.notifications.domain import Delivery, DisabledReason, Subscription
from services.notifications.store import Stores
from shared.cause import Actor, Cause
from shared.ids import derived_id
from shared.store import Saved

_PAGE = 200


async def disable(
    stores: Stores, subscription_id: str, reason: DisabledReason, cause: Cause
) -> Saved[Subscription]:
    """Send to this address no more; what waits for it is cancelled.

    After a crash in between, each message is cancelled when its turn comes.
    """
    saved = await stores.subscriptions.update(
        subscription_id, lambda state: domain.disable(state, reason, cause.at), cause
    )
    stores.subscriptions.forget(saved.state)
    stores.subscriptions.wanted.set()
    queued = {"state.subscription_id": subscription_id, "state.status": "queued"}
    cursor = None
    while True:
        page = await stores.deliveries.find(saved.state.tenant, queued, limit=_PAGE, cursor=cursor)
        for waiting in page.items:
            await cancel(stores, waiting.state, cause.at)
        cursor = page.next_cursor
        if cursor is None:
            return saved


async def cancel(stores: Stores, delivery: Delivery, at: datetime) -> Delivery:
    """Give up a delivery whose subscription has ended."""
    cause = own_cause(delivery, derived_id(delivery.id, "cancel"), at)
    saved = await stores.deliveries.update(delivery.id, domain.cancel, cause, remember=False)
    return saved.state


def own_cause(record: Delivery | Subscription, cause_id: str, at: datetime) -> Cause:
    """The cause of what this service does by itself about a delivery or a subscription."""
    return Cause(
        id=cause_id,
        actor=Actor(
            subject="notifications",
            role="service",
            organisation=record.organisation_id,
            tenant=record.tenant,
        ),
        at=at,
        traceparent=record.traceparent if isinstance(record, Delivery) else None,
        repeatable=True,
    )
