"""What notifications hears: every fact of the other services, and how telling them went."""

from __future__ import annotations

from services.notifications import handlers
from services.notifications.domain import HEARD_EVENTS
from services.notifications.domain.news import thing_of
from services.notifications.handlers import messages_back, people
from services.notifications.store import Stores
from shared.bus import Consumer
from shared.cause import Cause
from shared.events import (
    AppointmentEvent,
    ConsentWithdrawn,
    ContactAttempted,
    Event,
    NotificationDelivered,
    NotificationFailed,
    PersonDeceased,
    PersonDeceasedRevoked,
    PersonMerged,
    ReferralConsentWithdrawn,
    ReferralEvent,
)

consumer = Consumer[Stores]("notifications")

people_consumer = Consumer[Stores]("notifications-people")
"""Tells persons: a group of its own, so that neither holds up the other."""


@consumer.on(*HEARD_EVENTS)
async def happened(event: Event, cause: Cause, stores: Stores) -> None:
    """Whoever subscribed to such a fact, and is a party to this one, is told."""
    if isinstance(event, ReferralConsentWithdrawn):
        await handlers.withdraw_notices(stores, event, cause)
    await messages_back.tell_back(stores, event, cause)
    await handlers.tell(stores, event, cause)


@consumer.on(NotificationDelivered, NotificationFailed)
async def ended(
    event: NotificationDelivered | NotificationFailed, cause: Cause, stores: Stores
) -> None:
    """A message back has arrived, or never will."""
    await messages_back.heard_of_delivery(stores, event, cause)
