"""Which facts this service hears, and which of them organisations may be told."""

from __future__ import annotations

from shared.events import (
    ALL_EVENTS,
    CaseProfiled,
    Event,
    NeedUnmet,
    NotificationEvent,
    PersonEvent,
    ReferralConsentWithdrawn,
    SessionEvent,
)

HEARD_EVENTS: tuple[type[Event], ...] = tuple(
    event for event in ALL_EVENTS if event.topic != NotificationEvent.topic
)
"""Every fact of the other services."""

_TOLD_TO_NONE = (CaseProfiled, NeedUnmet, PersonEvent, SessionEvent)
"""Facts for services alone: what an organisation needs to hear of them it hears as a fact
about its own referral, appointment or service."""

EVENT_TYPES = frozenset(
    event.type for event in HEARD_EVENTS if not issubclass(event, _TOLD_TO_NONE)
)
"""What can be subscribed to."""

ALWAYS_TOLD = frozenset({ReferralConsentWithdrawn.type})
"""What every party that listens at all is told, asked for or not: it must act on it."""
