"""What is due about subscriptions themselves: challenges, notices, and sending again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.notifications import domain
from services.notifications.domain import Notice, Outcome, Resend, RetryPolicy, Subscription
from services.notifications.handlers.ending import own_cause
from services.notifications.store import Stores
from shared.errors import Conflict, Invalid
from shared.events import Event
from shared.ids import derived_id
from shared.store import Saved

_PAGE = 200
RESEND_LIMIT = 5_000
"""Deliveries that one order sends again at most, the newest ones; another order takes more."""


async def record_challenge(
    stores: Stores,
    subscription: Subscription,
    outcome: Outcome,
    *,
    started: datetime,
    ended: datetime,
    policy: RetryPolicy,
    jitter: float,
) -> Saved[Subscription]:
    """Write down how sending a challenge went; a webhook that gave it back is confirmed."""
    cause = own_cause(subscription, derived_id(subscription.id, started.isoformat()), ended)
    code = subscription.challenge.code if subscription.challenge else ""

    def change(state: Subscription) -> tuple[Subscription, Sequence[Event]]:
        if outcome.delivered and subscription.channel == "webhook":
            try:
                return domain.confirm(state, code, cause)
            except (Conflict, Invalid):  # ended, or asked for anew, while it was on its way
                return state, ()
        return domain.record_challenge(
            state, outcome, cause, started=started, policy=policy, jitter=jitter
        )

    saved = await stores.subscriptions.update(subscription.id, change, cause, remember=False)
    stores.subscriptions.forget(saved.state)
    return saved


async def record_notice(
    stores: Stores,
    subscription: Subscription,
    notice: Notice,
    outcome: Outcome,
    *,
    ended: datetime,
    policy: RetryPolicy,
    jitter: float,
) -> Saved[Subscription]:
    """Write down how sending a notice went."""
    cause = own_cause(subscription, derived_id(subscription.id, "notice"), ended)
    return await stores.subscriptions.update(
        subscription.id,
        lambda state: domain.record_notice(
            state, notice, outcome, cause, policy=policy, jitter=jitter
        ),
        cause,
        remember=False,
    )


async def carry_out_resend(
    stores: Stores, subscription: Subscription, order: Resend, at: datetime
) -> Saved[Subscription]:
    """Send again what an order names, oldest first; begun anew after a crash, it goes on.

    Only what had ended when the order was given: what fails again is not sent again by it.
    One at a time, so that of two messages of one line the older is there first.
    """
    ended = {
        "state.subscription_id": subscription.id,
        "state.status": order.status,
        "created_at": {"$gte": order.since},
        "updated_at": {"$lte": order.asked_at},
    }
    newest_first: list[str] = []
    cursor = None
    while len(newest_first) < RESEND_LIMIT:
        page = await stores.deliveries.find(subscription.tenant, ended, limit=_PAGE, cursor=cursor)
        newest_first += [found.id for found in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    for delivery_id in reversed(newest_first):
        cause = own_cause(subscription, derived_id(order.id, delivery_id), at)
        await stores.deliveries.update(delivery_id, lambda state: domain.resend(state, at), cause)
    stores.deliveries.recorded.set()
    cause = own_cause(subscription, derived_id(order.id, "done"), at)
    return await stores.subscriptions.update(
        subscription.id,
        lambda state: domain.record_resend(state, order, requeued=len(newest_first)),
        cause,
        remember=False,
    )
