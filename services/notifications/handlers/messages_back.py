"""Messages back to practices: sent by their own subscriptions, answered, or done by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from services.notifications import domain
from services.notifications.domain import Subscription
from services.notifications.domain import messages_back as rules
from services.notifications.domain.access import to_message_back
from services.notifications.domain.messages_back import ByHand, MessageBack, RejectReason
from services.notifications.domain.policy import POLICY, Is
from services.notifications.store import Stores
from shared.cause import Actor, Cause
from shared.errors import NotFound
from shared.events import Event, NotificationDelivered, NotificationEvent, ReferralEvent
from shared.ids import derived_id, new_id
from shared.policy import TENANT
from shared.store import Page, Saved

_BATCH = 50


async def tell_back(stores: Stores, event: Event, cause: Cause) -> None:
    """Record the message back about the event, if there is to be one, and its deliveries.

    To be called before others are told of the event: a delivery has one id for an event and
    a subscription, so the practice gets one message, and that one names the message back.
    """
    if not isinstance(event, ReferralEvent) or not rules.is_told_back(event, cause.at):
        return
    chosen = _chosen(
        await stores.subscriptions.active(event.tenant, [event.source_organisation_id]), event
    )
    named = {"return_id": rules.return_id(cause.id)}
    deliveries = [
        domain.delivery_of(event, subscription, cause, place=new_id()) for subscription in chosen
    ]
    message, events = rules.message_back_of(
        event,
        cause,
        delivery_ids=[each.id for each in deliveries],
        working_days=stores.messages_back.working_days,
    )
    # First, so that it is there when its deliveries tell how they went. Of an event heard
    # again it names those of the first time, whoever listens now.
    saved = await stores.messages_back.insert(message.id, message, events, cause)
    for delivery in deliveries:
        if delivery.id in saved.state.delivery_ids:
            facts = {**delivery.about.facts, **named}
            about = delivery.about.model_copy(update={"facts": facts})
            told = delivery.model_copy(update={"about": about})
            await stores.deliveries.insert(told.id, told, (), cause)
            stores.deliveries.recorded.set()


async def heard_of_delivery(stores: Stores, event: NotificationEvent, cause: Cause) -> None:
    """A delivery has ended: what that means for the message back it carried, if any.

    Most carry none, and the kind of fact they told of says so without a look.
    """
    if event.about_event_type not in rules.TOLD_BACK_TYPES:
        return

    def change(message: MessageBack) -> rules.Change:
        if isinstance(event, NotificationDelivered):
            return rules.delivered(message, event.delivery_id, event.channel, cause)
        return rules.delivery_failed(message, event.delivery_id, cause)

    with suppress(NotFound):
        message_id = rules.return_id(event.about_event_id)
        await stores.messages_back.update(message_id, change, cause, remember=False)


async def message_back_of(stores: Stores, message_id: str, actor: Actor) -> Saved[MessageBack]:
    """A message back to the actor's practice, or of the actor's team; any, for operations."""
    saved = await stores.messages_back.get(message_id, actor.tenant)
    POLICY.require(actor, to_message_back(saved.state, actor))
    return saved


async def messages_back_of(
    stores: Stores,
    actor: Actor,
    *,
    where: Mapping[str, Any],
    limit: int,
    cursor: str | None,
) -> Page[MessageBack]:
    """Messages back, newest first: to the actor's practice, or those of the actor's team."""
    granted = POLICY.relations(actor)
    if TENANT not in granted:
        side = "organisation_id" if Is.PRACTICE in granted else "team_organisation_id"
        where = {**where, f"state.{side}": actor.organisation}
    return await stores.messages_back.find(actor.tenant, where, limit=limit, cursor=cursor)


async def acknowledge(
    stores: Stores, message_id: str, cause: Cause, *, if_match: int | None = None
) -> Saved[MessageBack]:
    """The practice filed it. Raises NotFound, Conflict."""
    await message_back_of(stores, message_id, cause.actor)
    return await stores.messages_back.update(
        message_id, lambda state: rules.acknowledge(state, cause), cause, if_match=if_match
    )


async def reject(
    stores: Stores,
    message_id: str,
    reason: RejectReason,
    cause: Cause,
    *,
    if_match: int | None = None,
) -> Saved[MessageBack]:
    """The practice does not file it. Raises NotFound, Conflict."""
    await message_back_of(stores, message_id, cause.actor)
    return await stores.messages_back.update(
        message_id, lambda state: rules.reject(state, reason, cause), cause, if_match=if_match
    )


async def done_by_hand(
    stores: Stores,
    message_id: str,
    how: ByHand,
    cause: Cause,
    *,
    if_match: int | None = None,
) -> Saved[MessageBack]:
    """The team told the practice itself. Raises NotFound, Conflict."""
    await message_back_of(stores, message_id, cause.actor)
    return await stores.messages_back.update(
        message_id, lambda state: rules.done_by_hand(state, how, cause), cause, if_match=if_match
    )


async def time_out_due(stores: Stores, now: datetime, *, lease: timedelta) -> int:
    """Give up waiting for what was not answered by ``now``; how many were looked at."""
    claimed = await stores.messages_back.claim_due(now, lease, _BATCH)
    for saved in claimed:
        cause = Cause(
            id=derived_id(saved.id, "time-out"),
            actor=Actor(
                "notifications", "service", saved.state.organisation_id, saved.state.tenant
            ),
            at=now,
            repeatable=True,
        )
        await stores.messages_back.update(
            saved.id, partial(rules.time_out, cause=cause), cause, remember=False
        )
    return len(claimed)


def _chosen(listening: Sequence[Subscription], event: Event) -> Sequence[Subscription]:
    """Every subscription that hears of it anyway; else one, a webhook before a mailbox."""
    hearing = [each for each in listening if domain.hears(each, event)]
    return hearing or sorted(listening, key=lambda each: (each.channel != "webhook", each.id))[:1]
