"""What was sent, to whom, and how it went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StringConstraints

from services.notifications import handlers
from services.notifications.api.access import Id, Kept
from services.notifications.domain import Attempt, Delivery, DeliveryStatus
from shared.events import Channel
from shared.store import Saved
from shared.web import Acting, CauseOf, Listing, Paging, etag

router = APIRouter(tags=["deliveries"])


class DeliveryView(BaseModel):
    """A delivery. It holds no address: the subscription does."""

    id: str
    version: int
    status: DeliveryStatus
    held: bool = Field(
        description="It waits for a message before it: of one case or service, to one address, "
        "messages arrive in order."
    )
    channel: Channel
    organisation_id: str
    subscription_id: str
    event_id: str
    event_type: str
    event_subject: str
    event_key: str
    occurred_at: datetime
    created_at: datetime
    next_attempt_at: datetime | None
    attempt_count: int
    last_outcome: str | None

    @classmethod
    def of(cls, saved: Saved[Delivery]) -> Self:
        """The view of a delivery."""
        return cls(**_fields(saved))


class DeliveryDetail(DeliveryView):
    """A delivery with each attempt."""

    attempts: list[Attempt]

    @classmethod
    def of(cls, saved: Saved[Delivery]) -> Self:
        """The view of a delivery, attempts included."""
        return cls(**_fields(saved), attempts=list(saved.state.attempts))


@router.get("/deliveries")
async def list_deliveries(
    actor: Acting,
    stores: Kept,
    page: Paging,
    *,
    status: Annotated[DeliveryStatus | None, Query()] = None,
    event_type: Annotated[str | None, StringConstraints(max_length=64), Query()] = None,
    organisation_id: Annotated[Id | None, Query()] = None,
    subscription_id: Annotated[Id | None, Query()] = None,
) -> Listing[DeliveryView]:
    """List deliveries.

    Those to your organisation, newest first; for operations, to every one.
    """
    asked = {
        "state.status": status,
        "state.about.type": event_type,
        "state.organisation_id": organisation_id,
        "state.subscription_id": subscription_id,
    }
    where = {name: value for name, value in asked.items() if value is not None}
    found = await handlers.deliveries_of(
        stores, actor, where=where, limit=page.limit, cursor=page.cursor
    )
    return Listing(
        items=[DeliveryView.of(saved) for saved in found.items], next_cursor=found.next_cursor
    )


@router.get("/deliveries/{delivery_id}")
async def read_delivery(
    delivery_id: Id, actor: Acting, stores: Kept, response: Response
) -> DeliveryDetail:
    """Read a delivery.

    With each attempt.
    """
    saved = await handlers.delivery_of(stores, delivery_id, actor)
    response.headers["ETag"] = etag(saved.version)
    return DeliveryDetail.of(saved)


class DeliveryReceipt(BaseModel):
    """The answer to a command."""

    id: str
    version: int
    status: DeliveryStatus


@router.post("/deliveries/{delivery_id}/resend")
async def resend_delivery(
    delivery_id: Id, cause: CauseOf, stores: Kept, response: Response
) -> DeliveryReceipt:
    """Send a delivery again.

    Whether it failed, was cancelled or was taken and lost. It keeps its id and body, has the whole
    schedule before it, and goes before later messages about the same case or service. One that is
    still queued stays as it is. 404 for another organisation's delivery, 409 where its subscription
    is not active.
    """
    saved = await handlers.resend(stores, delivery_id, cause)
    response.headers["ETag"] = etag(saved.version)
    status = saved.receipt.get("status", saved.state.status)
    return DeliveryReceipt(id=saved.id, version=saved.version, status=status)


def _fields(saved: Saved[Delivery]) -> dict[str, object]:
    state = saved.state
    return {
        "id": saved.id,
        "version": saved.version,
        "status": state.status,
        "held": state.held,
        "channel": state.channel,
        "organisation_id": state.organisation_id,
        "subscription_id": state.subscription_id,
        "event_id": state.about.event_id,
        "event_type": state.about.type,
        "event_subject": state.about.subject,
        "event_key": state.about.key,
        "occurred_at": state.about.occurred_at,
        "created_at": state.created_at,
        "next_attempt_at": state.next_attempt_at,
        "attempt_count": len(state.attempts),
        "last_outcome": state.attempts[-1].outcome if state.attempts else None,
    }
