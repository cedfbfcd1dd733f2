"""Routes of places: how many there are, and who waits for one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.directory import handlers
from services.directory.api.services import Held
from services.directory.domain import Id, Service, Waiting, waiting_list
from services.directory.domain.words import Line
from shared.web import Acting, CauseOf, IfMatch, JsonBody, etag

router = APIRouter(tags=["capacity"])


class StateCapacity(BaseModel):
    """How many people the service can take at once, in HSDS 3.1's words."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"unit": "places", "maximum": 12}]},
    )

    unit: Line
    maximum: int = Field(ge=0, le=1_000_000)


class CapacityReceipt(BaseModel):
    """The places as they now stand."""

    id: str
    version: int
    unit: str
    maximum: int
    available: int
    waiting: int
    next_referral_id: str | None
    """Who waits longest, where a place is free for them."""


class WaitingList(BaseModel):
    """Who waits, the one who was put on the list first at its head."""

    items: tuple[Waiting, ...]
    available: int | None
    """Places free now; null where the service states no capacity."""
    next_referral_id: str | None
    """The head of the list, where a place is free for them."""


@router.put(
    "/services/{service_id}/capacity",
)
async def put_capacity(
    *,
    service_id: Id,
    body: Annotated[StateCapacity, JsonBody(StateCapacity)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Held,
    response: Response,
) -> CapacityReceipt:
    """State how many places a service has.

    What is free follows from the referrals that hold places; those keep theirs. A provider states
    its own services' places, a curator any. 404 where the service is not the provider's. Publishes
    `capacity-changed` where anything changed.
    """
    saved = await handlers.put_capacity(
        stores,
        service_id,
        unit=body.unit,
        maximum=body.maximum,
        cause=cause,
        if_match=if_match,
    )
    response.headers["ETag"] = etag(saved.version)
    return _receipt(service_id, saved.version, saved.state, body)


@router.get(
    "/services/{service_id}/waiting-list",
)
async def see_waiting_list(
    service_id: Id, actor: Acting, stores: Held, response: Response
) -> WaitingList:
    """See who waits for a place.

    The referrals that wait, in the order in which they were put on the list. Ids only: `GET
    /referrals/{id}` of the referral service says what you may see of each. 404 where the service is
    not the provider's.
    """
    saved = await handlers.see_waiting_list(stores, service_id, actor)
    response.headers["ETag"] = etag(saved.version)
    return WaitingList(
        items=waiting_list(saved.state),
        available=saved.state.available,
        next_referral_id=saved.state.next_referral_id,
    )


def _receipt(
    service_id: str, version: int, service: Service, stated: StateCapacity
) -> CapacityReceipt:
    """The present places; as they were stated, should a repeat find none stated any more."""
    capacity = service.listing.capacity or stated
    return CapacityReceipt(
        id=service_id,
        version=version,
        unit=capacity.unit,
        maximum=capacity.maximum,
        available=service.available or 0,
        waiting=len(service.waiting),
        next_referral_id=service.next_referral_id,
    )
