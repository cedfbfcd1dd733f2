"""What notifications hears: every fact of the other services."""

from __future__ import annotations

from services.notifications import handlers
from services.notifications.domain import HEARD_EVENTS
from services.notifications.store import Stores
from shared.bus import Consumer
from shared.cause import Cause
from shared.events import Event

consumer = Consumer[Stores]("notifications")


@consumer.on(*HEARD_EVENTS)
async def happened(event: Event, cause: Cause, stores: Stores) -> None:
    """Whoever subscribed to such a fact, and is a party to this one, is told."""
    await handlers.tell(stores, event, cause)
