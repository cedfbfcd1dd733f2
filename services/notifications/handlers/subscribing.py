"""Subscriptions: made, confirmed, disabled, enabled again, and signed with new keys."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notifications import domain
from services.notifications.domain import ResendStatus, Signature, SigningKey, Subscription
from services.notifications.domain.access import to_subscription
from services.notifications.domain.policy import POLICY
from services.notifications.guard import Guard
from services.notifications.handlers.ending import disable, own_cause
from services.notifications.keyring import Keyring
from services.notifications.store import Stores, seen_by
from shared.cause import Actor, Cause
from shared.errors import Conflict
from shared.events import Channel
from shared.ids import derived_id
from shared.links import Read
from shared.store import Change, Duplicate, Page, Saved

_CODE_BYTES = 24
_TAKEN = "The organisation has another subscription at this address; end it first."


@dataclass(frozen=True, slots=True)
class Wish:
    """What an organisation asks for: to hear of these event types at this address."""

    channel: Channel
    address: str
    event_types: Sequence[str]
    signature: Signature = "hmac"
    contact: str | None = None
    organisation_id: str | None = None
    """Another organisation's, where a curator of the directory asks for it."""


async def subscribe(
    stores: Stores, guard: Guard, keyring: Keyring, wish: Wish, cause: Cause
) -> Saved[Subscription]:
    """A subscription, silent until its address has answered.

    Raises Forbidden for another organisation's, unless a curator asks; Invalid for an event
    type that does not exist or an address Linkway does not send to; Conflict when the
    organisation has enough or is subscribed at this address.
    """
    webhook = wish.channel == "webhook"
    subscription = domain.subscribe(
        cause,
        id=cause.make_id("subscription"),
        channel=wish.channel,
        address=wish.address,
        contact=wish.contact,
        organisation_id=wish.organisation_id,
        event_types=wish.event_types,
        key=keyring.make(cause.make_id("key"), wish.signature) if webhook else None,
        challenge=domain.new_challenge(_new_code(), cause.at),
    )
    # A repeated request gets its first answer, whatever has become of the address since.
    if not await stores.subscriptions.get_many([subscription.id], subscription.tenant):
        if webhook:
            await guard.check(wish.address)
        own = {"facets.open_for": subscription.organisation_id}
        domain.check_room(await stores.subscriptions.count(subscription.tenant, own))
    try:
        saved = await stores.subscriptions.insert(subscription.id, subscription, (), cause)
    except Duplicate:
        raise Conflict(_TAKEN) from None
    stores.subscriptions.wanted.set()
    return saved


async def confirm(
    stores: Stores, subscription_id: str, code: str, cause: Cause
) -> Saved[Subscription]:
    """The address answered with its challenge: the subscription is active.

    Raises Invalid for another code, Conflict where the subscription has ended.
    """
    await subscription_of(stores, subscription_id, cause.actor)
    return await _change(
        stores, subscription_id, lambda state: domain.confirm(state, code, cause), cause
    )


async def subscription_of_link(stores: Stores, read: Read) -> Saved[Subscription]:
    """The subscription that a confirmation link is about, or NotFound."""
    return await stores.subscriptions.get(read.subject, read.tenant)


async def confirm_by_link(stores: Stores, read: Read, at: datetime) -> Saved[Subscription]:
    """Whoever reads the address followed the link that was sent there.

    Raises Conflict or Invalid where the subscription has ended or its challenge expired.
    """
    found = await subscription_of_link(stores, read)
    code = found.state.challenge.code if found.state.challenge else ""
    cause = own_cause(found.state, derived_id(found.id, read.token_id), at)
    return await _change(stores, found.id, lambda state: domain.confirm(state, code, cause), cause)


async def challenge_again(
    stores: Stores, subscription_id: str, cause: Cause
) -> Saved[Subscription]:
    """Send the challenge of a pending subscription once more. Raises Conflict for another."""
    await subscription_of(stores, subscription_id, cause.actor)
    code = _new_code()
    return await _change(
        stores, subscription_id, lambda state: domain.challenge_again(state, code, cause), cause
    )


async def enable(stores: Stores, subscription_id: str, cause: Cause) -> Saved[Subscription]:
    """Let a subscription that Linkway disabled hear again.

    Raises Conflict where its organisation ended it, or has enough, or has made another at
    the same address.
    """
    found = await subscription_of(stores, subscription_id, cause.actor)
    if found.state.status == "disabled":
        own = {"facets.open_for": found.state.organisation_id}
        domain.check_room(await stores.subscriptions.count(found.state.tenant, own))
    try:
        return await _change(
            stores, subscription_id, lambda state: domain.enable(state, cause), cause
        )
    except Duplicate:
        raise Conflict(_TAKEN) from None


async def unsubscribe(stores: Stores, subscription_id: str, cause: Cause) -> Saved[Subscription]:
    """End a subscription of the actor's organisation, and what is still queued for it."""
    await subscription_of(stores, subscription_id, cause.actor)
    return await disable(stores, subscription_id, "unsubscribed", cause)


async def rotate_secret(
    stores: Stores, keyring: Keyring, subscription_id: str, cause: Cause
) -> Saved[Subscription]:
    """Sign with a new key from now on, and for a day with the old one too."""
    found = await subscription_of(stores, subscription_id, cause.actor)
    signature = found.state.keys[0].signature if found.state.keys else "hmac"
    new = keyring.make(cause.make_id("key"), signature)
    return await _change(
        stores, subscription_id, lambda state: domain.rotate_key(state, new, cause), cause
    )


def key_made_by(subscription: Subscription, cause: Cause) -> SigningKey | None:
    """The key that this command made, if it still signs."""
    keys = subscription.keys
    if not cause.repeatable:
        return keys[0] if keys else None
    return next((key for key in keys if key.id == cause.make_id("key")), None)


async def order_resend(
    stores: Stores,
    subscription_id: str,
    *,
    since: datetime | None,
    status: ResendStatus,
    cause: Cause,
) -> Saved[Subscription]:
    """Order that what a receiver missed be sent again; the work is done in the background.

    Without ``since`` what was recorded in the last seven days.
    """
    start = since or cause.at - domain.RESEND_DEFAULT
    await subscription_of(stores, subscription_id, cause.actor)
    return await _change(
        stores,
        subscription_id,
        lambda state: domain.order_resend(state, start, status, cause),
        cause,
    )


async def subscription_of(
    stores: Stores, subscription_id: str, actor: Actor
) -> Saved[Subscription]:
    """A subscription of the actor's organisation, or made by its curators. Else NotFound."""
    saved = await stores.subscriptions.get(subscription_id, actor.tenant)
    POLICY.require(actor, to_subscription(saved.state, actor))
    return saved


async def subscriptions_of(
    stores: Stores, actor: Actor, *, limit: int, cursor: str | None
) -> Page[Subscription]:
    """The subscriptions of the actor's organisation, and those its curators made, newest first."""
    return await stores.subscriptions.find(actor.tenant, seen_by(actor), limit=limit, cursor=cursor)


async def _change(
    stores: Stores, subscription_id: str, change: Change[Subscription], cause: Cause
) -> Saved[Subscription]:
    saved = await stores.subscriptions.update(subscription_id, change, cause)
    stores.subscriptions.forget(saved.state)
    stores.subscriptions.wanted.set()
    return saved


def _new_code() -> str:
    return secrets.token_urlsafe(_CODE_BYTES)
