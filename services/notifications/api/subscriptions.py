"""Subscribing: what an organisation wants to hear, and where."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.notifications import handlers
from services.notifications.api.access import SUBSCRIBERS, Guarded, Id, Kept
from services.notifications.domain import EVENT_TYPES, DisabledReason, Subscription
from shared.events import Channel
from shared.store import Saved
from shared.web import Acting, CauseOf, JsonBody, Listing, Paging, etag, require_role

router = APIRouter(tags=["subscriptions"], dependencies=[Depends(require_role(*SUBSCRIBERS))])

EventTypes = Annotated[
    list[str],
    Field(
        min_length=1,
        max_length=len(EVENT_TYPES),
        description="Which events to hear: " + ", ".join(f"`{t}`" for t in sorted(EVENT_TYPES)),
    ),
]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    event_types: EventTypes


class NewWebhook(_Request):
    """To be told by signed webhook (Standard Webhooks 1.0)."""

    channel: Literal["webhook"]
    url: Annotated[
        str,
        StringConstraints(min_length=1, max_length=2048),
        Field(description="An `https://` URL on port 443 that leads to the public internet."),
    ]


class NewMail(_Request):
    """To be told by e-mail."""

    channel: Literal["email"]
    email: Annotated[
        str,
        StringConstraints(
            max_length=254,
            pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
        ),
        Field(description="An address of the organisation, not of a person."),
    ]


NewSubscription = Annotated[NewWebhook | NewMail, Field(discriminator="channel")]


class SubscriptionReceipt(BaseModel):
    """The answer to a command. ``secret``, for a new webhook, is given this once."""

    id: str
    version: int
    status: Literal["active", "disabled"]
    secret: str | None = None

    @classmethod
    def of(cls, saved: Saved[Subscription], *, secret: str | None = None) -> Self:
        """The receipt for a subscription as saved."""
        return cls(id=saved.id, version=saved.version, status=saved.state.status, secret=secret)


class SubscriptionView(BaseModel):
    """A subscription as its own organisation sees it; the secret is not shown again."""

    id: str
    version: int
    channel: Channel
    url: str | None
    email: str | None
    event_types: list[str]
    status: Literal["active", "disabled"]
    disabled_reason: DisabledReason | None
    created_at: datetime

    @classmethod
    def of(cls, saved: Saved[Subscription]) -> Self:
        """The view of a subscription."""
        state = saved.state
        return cls(
            id=saved.id,
            version=saved.version,
            channel=state.channel,
            url=state.address if state.channel == "webhook" else None,
            email=state.address if state.channel == "email" else None,
            event_types=list(state.event_types),
            status=state.status,
            disabled_reason=state.disabled_reason,
            created_at=state.created_at,
        )


@router.post("/subscriptions", status_code=201, response_model_exclude_none=True)
async def subscribe(
    body: Annotated[NewWebhook | NewMail, JsonBody(NewSubscription)],
    cause: CauseOf,
    stores: Kept,
    guard: Guarded,
    response: Response,
) -> SubscriptionReceipt:
    """Subscribe your organisation. Keep the `secret`: with it you check signatures.

    409 where your organisation has an active subscription at this address already.
    """
    wish = handlers.Wish(
        channel=body.channel,
        address=body.url if isinstance(body, NewWebhook) else body.email,
        event_types=body.event_types,
    )
    saved = await handlers.subscribe(stores, guard, wish, cause)
    response.headers["ETag"] = etag(saved.version)
    response.headers["Location"] = f"/subscriptions/{saved.id}"
    return SubscriptionReceipt.of(saved, secret=saved.state.secret)


@router.get("/subscriptions")
async def list_subscriptions(
    actor: Acting, stores: Kept, page: Paging
) -> Listing[SubscriptionView]:
    """Your organisation's subscriptions, newest first."""
    found = await handlers.subscriptions_of(stores, actor, limit=page.limit, cursor=page.cursor)
    return Listing(
        items=[SubscriptionView.of(saved) for saved in found.items],
        next_cursor=found.next_cursor,
    )


@router.get("/subscriptions/{subscription_id}")
async def read_subscription(
    subscription_id: Id, actor: Acting, stores: Kept, response: Response
) -> SubscriptionView:
    """One of your organisation's subscriptions."""
    saved = await handlers.subscription_of(stores, subscription_id, actor)
    response.headers["ETag"] = etag(saved.version)
    return SubscriptionView.of(saved)


@router.delete("/subscriptions/{subscription_id}", response_model_exclude_none=True)
async def unsubscribe(
    subscription_id: Id, cause: CauseOf, stores: Kept, response: Response
) -> SubscriptionReceipt:
    """End a subscription; what is still waiting to be sent for it is cancelled."""
    saved = await handlers.unsubscribe(stores, subscription_id, cause)
    response.headers["ETag"] = etag(saved.version)
    return SubscriptionReceipt.of(saved)
