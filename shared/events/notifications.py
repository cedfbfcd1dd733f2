"""Facts owned by notifications, on ``notification-events``."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.events.base import Event

Channel = Literal["webhook", "email", "sms", "letter"]


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


class NotificationSuppressed(NotificationEvent):
    """It was not sent, by a rule: do-not-contact, deceased, no safe way to reach the person."""

    type = "notification-suppressed"
    phrase = "Notification not sent, by rule"

    reason: str


class MessageBackEvent(Event):
    """What every fact about a message back to the practice says; the case is the key."""

    topic: ClassVar[str] = "notification-events"

    return_id: str
    case_id: str
    organisation_id: str
    """The practice."""
    about_event_id: str

    @property
    def subject(self) -> str:
        """The id of this message back."""
        return self.return_id

    @property
    def key(self) -> str:
        """The case's id."""
        return self.case_id


class MessageBackSent(MessageBackEvent):
    """It left; the practice's system has not answered yet."""

    type = "message-back-sent"
    phrase = "Message to the practice sent"


class MessageBackAcknowledged(MessageBackEvent):
    """The practice filed it."""

    type = "message-back-acknowledged"
    phrase = "Message filed by the practice"


class MessageBackFailed(MessageBackEvent):
    """It was rejected or never answered: someone is to tell the practice by hand."""

    type = "message-back-failed"
    phrase = "Message to the practice not filed"

    reason: Literal["rejected", "timed_out", "undeliverable"]
