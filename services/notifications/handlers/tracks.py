"""Which facts were told to nobody who subscribes to them; asked long after, only read."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from services.notifications import domain
from services.notifications.store import Stores
from shared.events import Event
from shared.ids import derived_id


async def facts_not_told(events: Mapping[str, Event], stores: Stores) -> Collection[str]:
    """Facts without a delivery to one of those who hear of them now, and did when it happened.

    A delivery's id follows from the event's and the subscription's, so it is looked for by id.
    """
    due: dict[str, dict[str, str]] = {}
    for event_id, event in events.items():
        for subscription in await stores.subscriptions.active(event.tenant, event.parties):
            if domain.hears(subscription, event) and _listened(subscription, event):
                delivery = derived_id(event_id, subscription.id)
                due.setdefault(event.tenant, {})[delivery] = event_id
    missing: set[str] = set()
    for tenant, deliveries in due.items():
        known = await stores.deliveries.get_many(sorted(deliveries), tenant)
        unknown = [delivery for delivery in deliveries if delivery not in known]
        erased = await stores.deliveries.gone(unknown, tenant)
        missing |= {
            id_ for delivery, id_ in deliveries.items() if delivery not in {*known, *erased}
        }
    return missing


def _listened(subscription: domain.Subscription, event: Event) -> bool:
    """Whether it was surely active by then: near the moment it became so, either is right."""
    since = subscription.active_since or subscription.created_at
    return event.occurred_at >= since
