"""What the referral service hears from others, one handler per fact."""

from __future__ import annotations

from services.referral import handlers
from services.referral.domain.referral import Referral
from services.referral.store import Stores
from shared.bus import Consumer
from shared.cause import Cause
from shared.events import (
    DirectoryEvent,
    GoalUpdated,
    ServiceChanged,
    ServiceClosed,
    ServicePublished,
)
from shared.store import Saved

consumer = Consumer[Stores]("referral")


@consumer.on(ServicePublished, ServiceChanged, ServiceClosed)
async def service_heard_of(event: DirectoryEvent, cause: Cause, stores: Stores) -> None:
    """What the directory says of a service decides whether it can be referred to."""
    await handlers.note_listing(stores, event, cause)


@consumer.on(GoalUpdated)
async def goal_updated(event: GoalUpdated, cause: Cause, stores: Stores) -> Saved[Referral]:
    """How far a goal has come is shown with the case."""
    return await handlers.note_goal(stores, event, cause)
