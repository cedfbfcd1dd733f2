"""Subscriptions: which organisation wants to hear what, and where."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.cause import Cause
from shared.errors import Conflict, FieldError, Invalid
from shared.events import ALL_EVENTS, Channel, Event, NotificationEvent

HEARD_EVENTS: tuple[type[Event], ...] = tuple(
    event for event in ALL_EVENTS if not issubclass(event, NotificationEvent)
)
"""What can be subscribed to: everything but the facts about notifications themselves."""

EVENT_TYPES = frozenset(event.type for event in HEARD_EVENTS)

SUBSCRIPTION_LIMIT = 20
"""Active subscriptions an organisation may have."""

CLOCK_GRACE = timedelta(minutes=1)
"""How far the clocks of two services may differ."""

DisabledReason = Literal["unsubscribed", "gone"]


class Frozen(BaseModel):
    """The base of what is stored: never changed in place."""

    model_config = ConfigDict(frozen=True)


class Subscription(Frozen):
    """What one organisation wants to hear, and at which address of its own.

    ``address`` is an https URL or the organisation's e-mail address, never a person's.
    ``secret`` signs webhooks and is shown to the subscriber once.
    """

    id: str
    tenant: str
    organisation_id: str
    channel: Channel
    address: str = Field(repr=False)
    event_types: tuple[str, ...]
    secret: str | None = Field(default=None, repr=False)
    status: Literal["active", "disabled"] = "active"
    disabled_reason: DisabledReason | None = None
    created_at: AwareDatetime


def subscribe(
    cause: Cause,
    *,
    id: str,  # noqa: A002 - it is the record's id
    channel: Channel,
    address: str,
    event_types: Sequence[str],
    key: bytes,
) -> Subscription:
    """A subscription of the actor's own organisation; ``key`` (24 to 64 bytes) signs webhooks.

    Raises Invalid for an event type that does not exist.
    """
    unknown = [at for at, name in enumerate(event_types) if name not in EVENT_TYPES]
    if unknown or not event_types:
        reason = "must be one of: " + ", ".join(sorted(EVENT_TYPES))
        pointers = [f"/event_types/{at}" for at in unknown] or ["/event_types"]
        raise Invalid(
            "There is no such event type to subscribe to.",
            errors=tuple(FieldError(pointer, reason) for pointer in pointers),
        )
    return Subscription(
        id=id,
        tenant=cause.actor.tenant,
        organisation_id=cause.actor.organisation,
        channel=channel,
        address=address,
        event_types=tuple(sorted(set(event_types))),
        secret="whsec_" + b64encode(key).decode() if channel == "webhook" else None,
        created_at=cause.at,
    )


def check_room(active: int) -> None:
    """Raises Conflict when an organisation has all the subscriptions it may have."""
    if active >= SUBSCRIPTION_LIMIT:
        raise Conflict(
            f"An organisation may have {SUBSCRIPTION_LIMIT} active subscriptions; end one first.",
            {"limit": SUBSCRIPTION_LIMIT},
        )


def disable(
    subscription: Subscription, reason: DisabledReason
) -> tuple[Subscription, Sequence[Event]]:
    """The subscription hears nothing more. Disabling it again changes nothing."""
    if subscription.status == "disabled":
        return subscription, ()
    changed = subscription.model_copy(update={"status": "disabled", "disabled_reason": reason})
    return changed, ()


def hears(subscription: Subscription, event: Event) -> bool:
    """Whether the event is to be told to this subscription.

    An event from before the subscription is not: topics are kept for good, and reading
    them again from the beginning must not send old news to new subscribers.
    """
    return (
        subscription.status == "active"
        and subscription.tenant == event.tenant
        and subscription.organisation_id in event.parties
        and event.type in subscription.event_types
        and event.occurred_at >= subscription.created_at - CLOCK_GRACE
    )
