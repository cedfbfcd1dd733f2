"""Subscribing: what an organisation wants to hear, and where."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from services.notifications import handlers
from services.notifications.api.access import Guarded, Id, Kept, Keys
from services.notifications.api.subscription_models import (
    NewMail,
    NewSubscription,
    NewWebhook,
    SubscriptionReceipt,
    SubscriptionView,
)
from shared.web import Acting, CauseOf, JsonBody, Listing, Paging, etag

router = APIRouter(tags=["subscriptions"])


@router.post("/subscriptions", status_code=201, response_model_exclude_none=True)
async def subscribe(
    body: Annotated[NewWebhook | NewMail, JsonBody(NewSubscription)],
    cause: CauseOf,
    stores: Kept,
    response: Response,
    *,
    guard: Guarded,
    keyring: Keys,
) -> SubscriptionReceipt:
    """Subscribe your organisation.

    A curator of the directory may subscribe another (`organisation_id`): one that has no account
    and answers by the links in its mail; 403 for anyone else who names another.
        Keep the `secret`: it is given this once. The subscription is `pending`, and hears nothing,
    until its address has answered a challenge. A webhook receiver is sent `{"type":
    "subscription-challenge", "data": {"challenge": "…"}}`, signed like every message, and answers
    200 with `{"challenge": "…"}`; an e-mail address is sent a link and a code. 422 for a URL
    Linkway does not send to; 409 where the organisation is subscribed at this address already, or
    has 20 subscriptions.
    """
    wish = handlers.Wish(
        channel=body.channel,
        address=body.url if isinstance(body, NewWebhook) else body.email,
        event_types=body.event_types,
        signature=body.signature if isinstance(body, NewWebhook) else "hmac",
        contact=body.contact,
        organisation_id=body.organisation_id,
    )
    saved = await handlers.subscribe(stores, guard, keyring, wish, cause)
    response.headers["ETag"] = etag(saved.version)
    response.headers["Location"] = f"/subscriptions/{saved.id}"
    key = handlers.key_made_by(saved.state, cause)
    if key is None:
        return SubscriptionReceipt.of(saved)
    return SubscriptionReceipt.of(saved, secret=keyring.secret(key), public_key=key.public)


@router.get("/subscriptions")
async def list_subscriptions(
    actor: Acting, stores: Kept, page: Paging
) -> Listing[SubscriptionView]:
    """List your organisation's subscriptions.

    Newest first; for curators, with those they made for others.
    """
    found = await handlers.subscriptions_of(stores, actor, limit=page.limit, cursor=page.cursor)
    return Listing(
        items=[SubscriptionView.of(saved) for saved in found.items],
        next_cursor=found.next_cursor,
    )


@router.get("/subscriptions/{subscription_id}")
async def read_subscription(
    subscription_id: Id, actor: Acting, stores: Kept, response: Response
) -> SubscriptionView:
    """Read a subscription.

    One of your organisation's, or one that its curators made. 404 for another organisation's.
    """
    saved = await handlers.subscription_of(stores, subscription_id, actor)
    response.headers["ETag"] = etag(saved.version)
    return SubscriptionView.of(saved)


@router.delete("/subscriptions/{subscription_id}", response_model_exclude_none=True)
async def unsubscribe(
    subscription_id: Id, cause: CauseOf, stores: Kept, response: Response
) -> SubscriptionReceipt:
    """End a subscription.

    What is still waiting to be sent for it is cancelled.
    """
    saved = await handlers.unsubscribe(stores, subscription_id, cause)
    response.headers["ETag"] = etag(saved.version)
    return SubscriptionReceipt.of(saved)
