"""Which facts this service hears, and which of them organisations may be told."""

from __future__ import annotations

from shared.events import (
    ALL_EVENTS,
    AccessOverridden,
    CaseProfiled,
    DirectoryErasureApplied,
    Event,
    NeedUnmet,
    NotificationEvent,
    OutcomesErasureApplied,
    PersonEvent,
    ReferralConsentWithdrawn,
    SessionEvent,
)

_TOLD_TO_NONE = (
    CaseProfiled,
    DirectoryErasureApplied,
    NeedUnmet,
    OutcomesErasureApplied,
    PersonEvent,
    SessionEvent,
)
"""Facts for services alone: what an organisation needs to hear of them it hears as a fact
about its own referral, appointment or service."""

TOLD_EVENTS: tuple[type[Event], ...] = tuple(
    event
    for event in ALL_EVENTS
    if event.topic != NotificationEvent.topic and not issubclass(event, _TOLD_TO_NONE)
)
"""What organisations may be told: the others are not read for them at all."""

EVENT_TYPES = frozenset(event.type for event in TOLD_EVENTS)
"""What can be subscribed to."""

ALWAYS_TOLD = frozenset({ReferralConsentWithdrawn.type, AccessOverridden.type})
"""What every party that listens at all is told, asked for or not: it must act on it."""
