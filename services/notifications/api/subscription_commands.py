"""What can be done with a subscription: confirm, enable, change its key, send again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from services.notifications import handlers
from services.notifications.api.access import Id, Kept, Keys
from services.notifications.api.subscription_models import (
    Confirmation,
    ResendOrder,
    SubscriptionReceipt,
)
from services.notifications.domain import Subscription
from shared.store import Saved
from shared.web import CauseOf, JsonBody, etag

router = APIRouter(prefix="/subscriptions/{subscription_id}", tags=["subscriptions"])


@router.post("/confirm", response_model_exclude_none=True)
async def confirm_subscription(
    subscription_id: Id,
    body: Annotated[Confirmation, JsonBody(Confirmation)],
    cause: CauseOf,
    stores: Kept,
    response: Response,
) -> SubscriptionReceipt:
    """Confirm an address by its challenge.

    Give back what came to the address; the subscription is then `active`. For e-mail, and for
    receivers that cannot answer by themselves. 422 for another challenge or one older than seven
    days, 409 where the subscription has ended.
    """
    saved = await handlers.confirm(stores, subscription_id, body.challenge, cause)
    return _receipt(saved, response)


@router.post("/challenge", status_code=202, response_model_exclude_none=True)
async def send_challenge_again(
    subscription_id: Id, cause: CauseOf, stores: Kept, response: Response
) -> SubscriptionReceipt:
    """Have the challenge sent again.

    At once. 409 where the subscription is not `pending`. It is sent in the background; read the
    subscription to see how that went.
    """
    return _receipt(await handlers.challenge_again(stores, subscription_id, cause), response)


@router.post("/enable", response_model_exclude_none=True)
async def enable_subscription(
    subscription_id: Id, cause: CauseOf, stores: Kept, response: Response
) -> SubscriptionReceipt:
    """Enable a subscription again.

    One that Linkway disabled (`gone`, `failing`) hears again. What it missed is not sent by itself:
    see `/resend`. 409 for one that your organisation ended, or whose address has another
    subscription by now.
    """
    return _receipt(await handlers.enable(stores, subscription_id, cause), response)


@router.post("/rotate-secret", response_model_exclude_none=True)
async def rotate_secret(
    subscription_id: Id, cause: CauseOf, stores: Kept, keyring: Keys, response: Response
) -> SubscriptionReceipt:
    """Change the key that signs webhooks.

    Keep the new `secret`: it is given this once. For 24 hours every webhook carries a signature by
    the old key too, so that you can change over at leisure. 409 for e-mail and for a subscription
    that has ended.
    """
    saved = await handlers.rotate_secret(stores, keyring, subscription_id, cause)
    made = handlers.key_made_by(saved.state, cause)
    receipt = _receipt(saved, response)
    if made is None:  # a repeat, after the key has been changed again and its time is over
        return receipt
    return receipt.model_copy(update={"secret": keyring.secret(made), "public_key": made.public})


@router.post("/resend", status_code=202, response_model_exclude_none=True)
async def resend_deliveries(
    subscription_id: Id,
    body: Annotated[ResendOrder, JsonBody(ResendOrder)],
    cause: CauseOf,
    stores: Kept,
    response: Response,
) -> SubscriptionReceipt:
    """Have what was missed sent again.

    At most 5,000 deliveries, the newest. They keep their ids and their order. It is done in the
    background; the subscription's `resend` says when and how many. 422 for a time more than 30 days
    ago, 409 where the subscription is not active or such an order is still being carried out.
    """
    saved = await handlers.order_resend(
        stores, subscription_id, since=body.since, status=body.status, cause=cause
    )
    return _receipt(saved, response)


def _receipt(saved: Saved[Subscription], response: Response) -> SubscriptionReceipt:
    response.headers["ETag"] = etag(saved.version)
    return SubscriptionReceipt.of(saved)
