"""Sending again, by hand, what a receiver missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.notifications.domain.subscriptions import (
    Resend,
    ResendStatus,
    Subscription,
    asked_of,
)
from shared.cause import Cause
from shared.errors import Conflict, FieldError, Invalid
from shared.events import Event

RESEND_WINDOW = timedelta(days=30)
"""How far back one order may reach."""

RESEND_DEFAULT = timedelta(days=7)
"""How far back one reaches that does not say: twice the time the schedule takes."""

Change = tuple[Subscription, Sequence[Event]]


def order_resend(
    subscription: Subscription, since: datetime, status: ResendStatus, cause: Cause
) -> Change:
    """Order that deliveries recorded since ``since`` and ended in ``status`` be sent again.

    Raises Invalid for a time in the future or more than 30 days back, Conflict where the
    subscription is not active or such an order is still being carried out.
    """
    if not cause.at - RESEND_WINDOW <= since <= cause.at:
        raise Invalid(
            "Deliveries of the last 30 days can be sent again.",
            errors=(FieldError("/since", "must be a time of the last 30 days"),),
        )
    asked_of(subscription, "resend", among={"active"})
    if subscription.resend is not None and not subscription.resend.done:
        raise Conflict(
            "An order to send again is still being carried out; wait until it is done.",
            {"requeued": subscription.resend.requeued},
        )
    order = Resend(id=cause.id, since=since, status=status, asked_at=cause.at)
    return subscription.model_copy(update={"resend": order}), ()


def record_resend(subscription: Subscription, order: Resend, *, requeued: int) -> Change:
    """The order was carried out; one that was dropped meanwhile stays dropped."""
    if subscription.resend is None or subscription.resend.id != order.id:
        return subscription, ()
    changed = order.model_copy(update={"requeued": requeued, "done": True})
    return subscription.model_copy(update={"resend": changed}), ()
