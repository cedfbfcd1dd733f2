"""The rules of notifications: pure, no framework."""

from services.notifications.domain.deliveries import (
    About,
    Attempt,
    Delivery,
    DeliveryStatus,
    Outcome,
    OutcomeCode,
    RetryPolicy,
    cancel,
    delivery_of,
    record_attempt,
)
from services.notifications.domain.subscriptions import (
    EVENT_TYPES,
    HEARD_EVENTS,
    SUBSCRIPTION_LIMIT,
    DisabledReason,
    Subscription,
    check_room,
    disable,
    hears,
    subscribe,
)

__all__ = [
    "EVENT_TYPES",
    "HEARD_EVENTS",
    "SUBSCRIPTION_LIMIT",
    "About",
    "Attempt",
    "Delivery",
    "DeliveryStatus",
    "DisabledReason",
    "Outcome",
    "OutcomeCode",
    "RetryPolicy",
    "Subscription",
    "cancel",
    "check_room",
    "delivery_of",
    "disable",
    "hears",
    "record_attempt",
    "subscribe",
]
