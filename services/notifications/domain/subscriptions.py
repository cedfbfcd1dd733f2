"""Subscriptions: which organisation wants to hear what, and where."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field

from services.notifications.domain import signing_keys
from services.notifications.domain.event_types import ALWAYS_TOLD, EVENT_TYPES
from services.notifications.domain.frozen import Frozen
from services.notifications.domain.outcomes import OutcomeCode
from services.notifications.domain.signing_keys import SigningKey
from shared.cause import Cause
from shared.errors import Conflict, FieldError, Forbidden, Invalid
from shared.events import Channel, Event

SUBSCRIPTION_LIMIT = 20
"""Subscriptions an organisation may have that have not ended."""

CURATOR = "directory_curator"
"""The role that may subscribe an organisation which has no account."""

CLOCK_GRACE = timedelta(hours=2)
"""How far the clocks of two services may differ: by an hour where one missed summer time.

Within it a new subscriber may be told what happened just before; beyond it news would be lost."""

SubscriptionStatus = Literal["pending", "active", "disabled"]
"""``pending`` until the address has answered a challenge; only ``active`` ones hear."""

DisabledReason = Literal["unsubscribed", "gone", "failing"]
"""``gone``: the receiver answered 410. ``failing``: nothing was taken for a whole schedule."""

ResendStatus = Literal["failed", "cancelled"]
"""Deliveries that can be sent again in one go: given up, or dropped when the address ended."""


class Challenge(Frozen):
    """What the address is to answer with; ``next_attempt_at`` is when it is sent (again)."""

    code: str = Field(repr=False)
    asked_at: AwareDatetime
    expires_at: AwareDatetime
    attempts: int = 0
    next_attempt_at: AwareDatetime | None
    last_outcome: OutcomeCode | None = None


class Notice(Frozen):
    """A mail that says that the subscription was disabled, still to be sent."""

    asked_at: AwareDatetime
    attempts: int = 0
    next_attempt_at: AwareDatetime


class Resend(Frozen):
    """An order to send again what ended in ``status`` and was recorded since ``since``."""

    id: str
    since: AwareDatetime
    status: ResendStatus
    asked_at: AwareDatetime
    requeued: int = 0
    done: bool = False


class Subscription(Frozen):
    """What one organisation wants to hear, and at which address of its own.

    ``address`` is an https URL or the organisation's e-mail address, never a person's.
    ``contact`` is the e-mail address to write to when Linkway stops sending. ``keys`` sign
    webhooks, the one in force first. ``made_by_organisation`` is the directory's curators, where
    they made it for an organisation without an account. ``notice`` and ``resend`` are work
    still to be done.
    """

    id: str
    tenant: str
    organisation_id: str
    made_by_organisation: str | None = None
    channel: Channel
    address: str = Field(repr=False)
    contact: str | None = Field(default=None, repr=False)
    event_types: tuple[str, ...]
    keys: tuple[SigningKey, ...] = ()
    status: SubscriptionStatus = "pending"
    disabled_reason: DisabledReason | None = None
    disabled_at: AwareDatetime | None = None
    challenge: Challenge | None = None
    notice: Notice | None = None
    resend: Resend | None = None
    created_at: AwareDatetime
    active_since: AwareDatetime | None = None


Change = tuple[Subscription, Sequence[Event]]


def subscribe(
    cause: Cause,
    *,
    id: str,  # noqa: A002 - it is the record's id
    channel: Channel,
    address: str,
    event_types: Sequence[str],
    key: SigningKey | None,
    challenge: Challenge,
    contact: str | None = None,
    organisation_id: str | None = None,
) -> Subscription:
    """A subscription, silent until its address has answered.

    Of the actor's own organisation; a curator of the directory may name another, which has
    no account to subscribe with. Raises Forbidden where anyone else does, Invalid for an
    event type that does not exist.
    """
    own = cause.actor.organisation
    other = organisation_id if organisation_id not in {None, own} else None
    if other is not None and cause.actor.role != CURATOR:
        raise Forbidden(
            "You may subscribe your own organisation only.", {"allowed_roles": [CURATOR]}
        )
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
        organisation_id=other or own,
        made_by_organisation=None if other is None else own,
        channel=channel,
        address=address,
        contact=contact,
        event_types=tuple(sorted(set(event_types))),
        keys=() if key is None else (key,),
        challenge=challenge,
        created_at=cause.at,
    )


def check_room(open_ones: int) -> None:
    """Raises Conflict when an organisation has all the subscriptions it may have."""
    if open_ones >= SUBSCRIPTION_LIMIT:
        raise Conflict(
            f"An organisation may have {SUBSCRIPTION_LIMIT} subscriptions; end one first.",
            {"limit": SUBSCRIPTION_LIMIT},
        )


_ALLOWED: dict[SubscriptionStatus, tuple[str, ...]] = {
    "pending": ("confirm", "challenge", "unsubscribe"),
    "active": ("rotate-secret", "resend", "unsubscribe"),
    "disabled": ("enable",),
}


def asked_of(
    subscription: Subscription, command: str, *, among: Collection[SubscriptionStatus]
) -> Subscription:
    """The subscription, where its status allows ``command``; raises Conflict where not."""
    if subscription.status not in among:
        allowed = _ALLOWED[subscription.status]
        if subscription.disabled_reason == "unsubscribed":
            allowed = ()
        raise Conflict(
            f"The subscription is {subscription.status}; it does not allow {command}.",
            {"current_status": subscription.status, "allowed": list(allowed)},
        )
    return subscription


def disable(subscription: Subscription, reason: DisabledReason, at: datetime) -> Change:
    """The subscription hears nothing more. Disabling it again changes nothing.

    Where that was not the organisation's own wish, its contact is written to.
    """
    if subscription.status == "disabled":
        return subscription, ()
    notice = None
    if reason != "unsubscribed" and subscription.contact is not None:
        notice = Notice(asked_at=at, next_attempt_at=at)
    changed = {
        "status": "disabled",
        "disabled_reason": reason,
        "disabled_at": at,
        "challenge": None,
        "resend": None,
        "notice": notice,
    }
    return subscription.model_copy(update=changed), ()


def enable(subscription: Subscription, cause: Cause) -> Change:
    """A subscription that Linkway disabled hears again; enabling it again changes nothing.

    Raises Conflict for one that was never confirmed or that its organisation ended.
    """
    if subscription.status == "active":
        return subscription, ()
    asked_of(subscription, "enable", among={"disabled"})
    if subscription.disabled_reason == "unsubscribed":
        raise Conflict(
            "The organisation ended this subscription; make a new one.",
            {"current_status": "disabled", "allowed": []},
        )
    changed = {
        "status": "active",
        "disabled_reason": None,
        "disabled_at": None,
        "notice": None,
        "active_since": cause.at,
    }
    return subscription.model_copy(update=changed), ()


def rotate_key(subscription: Subscription, new: SigningKey, cause: Cause) -> Change:
    """Webhooks are signed with ``new`` too; the keys before it end after the overlap.

    Raises Conflict for an e-mail subscription and for one that has ended.
    """
    if subscription.channel != "webhook":
        raise Conflict("Only webhooks are signed.", {"channel": subscription.channel})
    asked_of(subscription, "rotate-secret", among={"pending", "active"})
    keys = signing_keys.replace(subscription.keys, new, cause.at)
    return subscription.model_copy(update={"keys": keys}), ()


def hears(subscription: Subscription, event: Event) -> bool:
    """Whether the event is to be told to this subscription.

    An event from before the subscription became active is not: topics are kept for good, and
    reading them again from the beginning must not send old news to new subscribers.
    """
    since = subscription.active_since or subscription.created_at
    return (
        subscription.status == "active"
        and subscription.tenant == event.tenant
        and subscription.organisation_id in event.parties
        and (event.type in subscription.event_types or event.type in ALWAYS_TOLD)
        and event.occurred_at >= since - CLOCK_GRACE
    )
