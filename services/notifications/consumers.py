"""What notifications hears: what may be told of the other services, and how telling it went."""

from __future__ import annotations

from services.notifications import handlers
from services.notifications.domain import TOLD_EVENTS
from services.notifications.domain.news import NEWS_EVENTS
from services.notifications.handlers import erasing, messages_back, people
from services.notifications.handlers.tracks import facts_not_told
from services.notifications.store import Stores
from shared.bus import Consumer
from shared.cause import Cause
from shared.events import (
    ConsentWithdrawn,
    Event,
    NotificationDelivered,
    NotificationEvent,
    NotificationFailed,
    PersonDeceased,
    PersonDeceasedRevoked,
    PersonErased,
    PersonEvent,
    PersonMerged,
    ReferralConsentWithdrawn,
    ReferralEvent,
)

consumer = Consumer[Stores]("notifications")

consumer.leaves_tracks(*TOLD_EVENTS)(facts_not_told)

people_consumer = Consumer[Stores]("notifications-people")
"""Tells persons: a group of its own, so that neither holds up the other."""


@consumer.on(*TOLD_EVENTS)
async def happened(event: Event, cause: Cause, stores: Stores) -> None:
    """Whoever subscribed to such a fact, and is a party to this one, is told."""
    if isinstance(event, ReferralConsentWithdrawn):
        await handlers.withdraw_notices(stores, event, cause)
    await messages_back.tell_back(stores, event, cause)
    await handlers.tell(stores, event, cause)


@consumer.on(PersonErased)
async def erased(event: PersonErased, cause: Cause, stores: Stores) -> None:
    """What is kept of the person's cases goes, once those who served them know it is over."""
    await erasing.erase(stores, event, cause)


@consumer.on(NotificationDelivered, NotificationFailed)
async def ended(event: NotificationEvent, cause: Cause, stores: Stores) -> None:
    """A message back has arrived, or never will."""
    await messages_back.heard_of_delivery(stores, event, cause)


@people_consumer.on(*NEWS_EVENTS)
async def news(event: ReferralEvent, cause: Cause, stores: Stores) -> None:
    """The person is told of what happened to a referral or an appointment of theirs."""
    await people.tell_person(stores, event, cause)


@people_consumer.on(PersonDeceased, PersonDeceasedRevoked)
async def death(event: PersonEvent, cause: Cause, stores: Stores) -> None:
    """Nothing more goes to someone who has died, unless that was recorded in error."""
    await people.heard_of_death(stores, event, cause)


@people_consumer.on(ConsentWithdrawn)
async def consent_withdrawn(event: ConsentWithdrawn, cause: Cause, stores: Stores) -> None:
    """What waits from those who may no longer know of the person is taken back."""
    await people.heard_of_withdrawn_consent(stores, event, cause)


@people_consumer.on(PersonMerged)
async def merged(event: PersonMerged, cause: Cause, stores: Stores) -> None:
    """What waits for the retired record is for the one that stays."""
    await people.heard_of_merge(stores, event, cause)
