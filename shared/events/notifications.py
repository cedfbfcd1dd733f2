"""Facts owned by notifications, on ``notification-events``."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.events.base import Event

Channel = Literal["webhook", "email"]


class NotificationEvent(Event):
    """What every fact about a delivery says: to whom, of what, how often tried."""

    topic: ClassVar[str] = "notification-events"

    delivery_id: str
    subscription_id: str
    organisation_id: str
    channel: Channel
    about_event_id: str
    about_event_type: str
    about_key: str
    """The key of the event told of (a case or a service): deliveries keep its order."""
    attempts: int

    @property
    def subject(self) -> str:
        """The delivery's id."""
        return self.delivery_id

    @property
    def key(self) -> str:
        """The key of the event told of."""
        return self.about_key


class NotificationDelivered(NotificationEvent):
    """The receiver took it."""

    type = "notification-delivered"
    phrase = "Notification delivered"


class NotificationFailed(NotificationEvent):
    """Every attempt failed; ``reason`` is a code, never the receiver's words."""

    type = "notification-failed"
    phrase = "Notification failed"

    reason: str
