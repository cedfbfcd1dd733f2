"""What notifications does, whether asked over HTTP, told by an event, or due."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notifications import domain
from services.notifications.domain import (
    Delivery,
    DisabledReason,
    Outcome,
    RetryPolicy,
    Subscription,
)
from services.notifications.guard import Guard
from services.notifications.store import Stores
from shared.cause import Actor, Cause
from shared.errors import Conflict, NotFound
from shared.events import Channel, Event
from shared.ids import derived_id
from shared.store import Duplicate, Page, Saved

_KEY_BYTES = 32
"""Standard Webhooks: 24 to 64."""
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What an organisation asks for: to hear of these event types at this address."""

    channel: Channel
    address: str
    event_types: Sequence[str]


async def subscribe(stores: Stores, guard: Guard, wish: Wish, cause: Cause) -> Saved[Subscription]:
    """A subscription of the actor's organisation; the answer alone holds its secret.

    Raises Invalid for an event type that does not exist or an address Linkway does not
    send to, Conflict when the organisation has enough or hears at this address already.
    """
    subscription = domain.subscribe(
        cause,
        id=cause.make_id("subscription"),
        channel=wish.channel,
        address=wish.address,
        event_types=wish.event_types,
        key=secrets.token_bytes(_KEY_BYTES),
    )
    # A repeated request gets its first answer, whatever has become of the address since.
    if not await stores.subscriptions.get_many([subscription.id], subscription.tenant):
        if wish.channel == "webhook":
            await guard.check(wish.address)
        own = {"facets.active_for": subscription.organisation_id}
        domain.check_room(await stores.subscriptions.count(subscription.tenant, own))
    try:
        saved = await stores.subscriptions.insert(subscription.id, subscription, (), cause)
    except Duplicate:
        raise Conflict(
            "Your organisation has an active subscription at this address; end it first."
        ) from None
    stores.subscriptions.forget(subscription)
    return saved


async def unsubscribe(stores: Stores, subscription_id: str, cause: Cause) -> Saved[Subscription]:
    """End a subscription of the actor's organisation, and what is still queued for it."""
    await subscription_of(stores, subscription_id, cause.actor)
    return await _disable(stores, subscription_id, "unsubscribed", cause)


async def subscription_of(
    stores: Stores, subscription_id: str, actor: Actor
) -> Saved[Subscription]:
    """A subscription of the actor's organisation, or NotFound."""
    saved = await stores.subscriptions.get(subscription_id, actor.tenant)
    if saved.state.organisation_id != actor.organisation:
        raise NotFound("There is no such record.")
    return saved


async def subscriptions_of(
    stores: Stores, actor: Actor, *, limit: int, cursor: str | None
) -> Page[Subscription]:
    """The subscriptions of the actor's organisation, newest first."""
    own = {"state.organisation_id": actor.organisation}
    return await stores.subscriptions.find(actor.tenant, own, limit=limit, cursor=cursor)


async def delivery_of(stores: Stores, delivery_id: str, actor: Actor) -> Saved[Delivery]:
    """A delivery to the actor's organisation (to any, for operations), or NotFound."""
    saved = await stores.deliveries.get(delivery_id, actor.tenant)
    if actor.role != "operations" and saved.state.organisation_id != actor.organisation:
        raise NotFound("There is no such record.")
    return saved


async def deliveries_of(
    stores: Stores,
    actor: Actor,
    *,
    where: Mapping[str, Any],
    limit: int,
    cursor: str | None,
) -> Page[Delivery]:
    """Deliveries to the actor's organisation (to any, for operations), newest first."""
    if actor.role != "operations":
        asked = where.get("state.organisation_id", actor.organisation)
        if asked != actor.organisation:
            return Page(items=[], next_cursor=None)
        where = {**where, "state.organisation_id": actor.organisation}
    return await stores.deliveries.find(actor.tenant, where, limit=limit, cursor=cursor)


async def tell(stores: Stores, event: Event, cause: Cause) -> None:
    """Record one delivery of the event for each subscription that hears it."""
    for subscription in await stores.subscriptions.active(event.tenant, event.parties):
        if domain.hears(subscription, event):
            delivery = domain.delivery_of(event, subscription, cause)
            await stores.deliveries.insert(delivery.id, delivery, (), cause)
            stores.deliveries.recorded.set()


async def record_attempt(
    stores: Stores,
    delivery: Delivery,
    outcome: Outcome,
    *,
    started: datetime,
    ended: datetime,
    policy: RetryPolicy,
    jitter: float,
) -> Saved[Delivery]:
    """Write down how an attempt went; a receiver that is gone is not written to again."""
    cause = _own_cause(delivery, derived_id(delivery.id, started.isoformat()), ended)
    saved = await stores.deliveries.update(
        delivery.id,
        lambda state: domain.record_attempt(
            state, outcome, cause, started=started, policy=policy, jitter=jitter
        ),
        cause,
    )
    if outcome.code == "gone":
        await _disable(stores, delivery.subscription_id, "gone", cause)
    return saved


async def cancel(stores: Stores, delivery: Delivery, at: datetime) -> None:
    """Give up a delivery whose subscription has ended."""
    cause = _own_cause(delivery, derived_id(delivery.id, "cancel"), at)
    await stores.deliveries.update(delivery.id, domain.cancel, cause, remember=False)


async def _disable(
    stores: Stores, subscription_id: str, reason: DisabledReason, cause: Cause
) -> Saved[Subscription]:
    saved = await stores.subscriptions.update(
        subscription_id, lambda state: domain.disable(state, reason), cause
    )
    stores.subscriptions.forget(saved.state)
    queued = {"state.subscription_id": subscription_id, "state.status": "queued"}
    cursor = None
    while True:
        page = await stores.deliveries.find(saved.state.tenant, queued, limit=_PAGE, cursor=cursor)
        for waiting in page.items:
            await cancel(stores, waiting.state, cause.at)
        cursor = page.next_cursor
        if cursor is None:
            return saved


def _own_cause(delivery: Delivery, cause_id: str, at: datetime) -> Cause:
    return Cause(
        id=cause_id,
        actor=Actor(
            subject="notifications",
            role="service",
            organisation=delivery.organisation_id,
            tenant=delivery.tenant,
        ),
        at=at,
        traceparent=delivery.traceparent,
        repeatable=True,
    )
