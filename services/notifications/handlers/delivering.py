"""Deliveries: recorded for whoever listens, sent in order, and sent again by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.notifications import domain
from services.notifications.domain import Delivery, Outcome, RetryPolicy
from services.notifications.domain.access import to_message
from services.notifications.domain.policy import POLICY
from services.notifications.handlers.ending import disable, own_cause
from services.notifications.store import Stores
from shared.cause import Actor, Cause
from shared.events import Event
from shared.ids import derived_id, new_id
from shared.policy import TENANT
from shared.store import Page, Saved


async def delivery_of(stores: Stores, delivery_id: str, actor: Actor) -> Saved[Delivery]:
    """A delivery to the actor's organisation (to any, for operations), or NotFound."""
    saved = await stores.deliveries.get(delivery_id, actor.tenant)
    POLICY.require(actor, to_message(saved.state.organisation_id, actor))
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
    if TENANT not in POLICY.relations(actor):
        asked = where.get("state.organisation_id", actor.organisation)
        if asked != actor.organisation:
            return Page(items=[], next_cursor=None)
        where = {**where, "state.organisation_id": actor.organisation}
    return await stores.deliveries.find(actor.tenant, where, limit=limit, cursor=cursor)


async def tell(stores: Stores, event: Event, cause: Cause) -> None:
    """Record one delivery of the event for each subscription that hears it.

    Events of one key come here one after the other, so that the places of their messages,
    which sort by the time they were made, keep the order of the events.
    """
    due = [
        domain.delivery_of(event, subscription, cause, place=new_id())
        for subscription in await stores.subscriptions.active(event.tenant, event.parties)
        if domain.hears(subscription, event)
    ]
    if due:
        await asyncio.gather(*(stores.deliveries.insert(each.id, each, (), cause) for each in due))
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
    """Write down how an attempt went.

    A receiver that is gone, or took nothing for as long as this message was tried, is not
    written to again. Should the process die before that is written, the next message that
    fails says so again.
    """
    cause = own_cause(delivery, derived_id(delivery.id, started.isoformat()), ended)
    saved = await stores.deliveries.update(
        delivery.id,
        lambda state: domain.record_attempt(
            state, outcome, cause, started=started, policy=policy, jitter=jitter
        ),
        cause,
    )
    if outcome.code == "gone":
        await disable(stores, delivery.subscription_id, "gone", cause)
    elif domain.schedule_ended(saved.state, outcome) and not await _anything_taken(stores, saved):
        await disable(stores, delivery.subscription_id, "failing", cause)
    return saved


async def hold_back(stores: Stores, delivery: Delivery, until: datetime, at: datetime) -> None:
    """Let a message wait for one before it in its line, to be looked at ``until`` at the latest."""
    cause = own_cause(delivery, derived_id(delivery.id, "hold"), at)
    await stores.deliveries.update(
        delivery.id, lambda state: domain.hold(state, until), cause, remember=False
    )


async def give_back(stores: Stores, delivery: Delivery, at: datetime) -> None:
    """Let go of a claimed message unsent, so that the next process need not wait for the claim."""
    cause = own_cause(delivery, derived_id(delivery.id, "give-back"), at)
    await stores.deliveries.update(
        delivery.id, lambda state: domain.give_back(state, at), cause, remember=False
    )


async def let_next_go(stores: Stores, delivery: Delivery, at: datetime) -> None:
    """Send the first message in the line of ``delivery`` now, if it was held back."""
    head = await stores.deliveries.head(delivery)
    if head is None or not head.state.held:
        return
    cause = own_cause(head.state, derived_id(head.id, "let-go"), at)
    await stores.deliveries.update(
        head.id, lambda state: domain.let_go(state, at), cause, remember=False
    )
    stores.deliveries.recorded.set()


async def resend(stores: Stores, delivery_id: str, cause: Cause) -> Saved[Delivery]:
    """Send an ended delivery again, by the whole schedule. One that is queued stays queued.

    Raises Conflict where its subscription is not active.
    """
    found = await delivery_of(stores, delivery_id, cause.actor)
    subscription = await stores.subscriptions.get(found.state.subscription_id, found.state.tenant)
    domain.check_listening(subscription.state)
    saved = await stores.deliveries.update(
        delivery_id, lambda state: domain.resend(state, cause.at), cause
    )
    stores.deliveries.recorded.set()
    return saved


async def _anything_taken(stores: Stores, failed: Saved[Delivery]) -> bool:
    """Whether the subscription took any message since the failed one was first tried."""
    state = failed.state
    where = {
        "state.subscription_id": state.subscription_id,
        "state.status": "delivered",
        "updated_at": {"$gte": state.first_tried_at or state.created_at},
    }
    return bool((await stores.deliveries.find(state.tenant, where, limit=1)).items)
