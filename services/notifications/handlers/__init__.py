"""What notifications does, whether asked over HTTP, told by an event, or due."""

from services.notifications.handlers.deliveries import (
    Wish,
    cancel,
    deliveries_of,
    delivery_of,
    record_attempt,
    subscribe,
    subscription_of,
    subscriptions_of,
    tell,
    unsubscribe,
)

__all__ = [
    "Wish",
    "cancel",
    "deliveries_of",
    "delivery_of",
    "record_attempt",
    "subscribe",
    "subscription_of",
    "subscriptions_of",
    "tell",
    "unsubscribe",
]
