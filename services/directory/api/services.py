"""Routes of community services: loading, stating, closing and reading them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from services.directory import handlers
from services.directory.api import examples
from services.directory.api.models import (
    BatchResults,
    CloseService,
    Receipt,
    ServiceView,
    service_view,
)
from services.directory.api.rows import ServiceRows, put_rows
from services.directory.domain import Id, Listing
from services.directory.domain.policy import POLICY, Sight, relations
from services.directory.store import Stores
from shared.errors import FieldError, Invalid
from shared.web import Acting, CauseOf, IfMatch, JsonBody, etag

router = APIRouter(tags=["services"])


async def stores_of(request: Request) -> Stores:
    """The stores of this application."""
    stores: Stores = request.app.state.stores
    return stores


Held = Annotated[Stores, Depends(stores_of)]

_Stated = Annotated[Listing, Field(examples=[examples.SERVICE])]


@router.put(
    "/services",
    response_model_exclude_none=True,
)
async def put_services(
    rows: Annotated[list[Any], JsonBody(ServiceRows)], cause: CauseOf, stores: Held
) -> BatchResults:
    """Load many services.

    Up to 500 at once. Create or restate each service by its id; bad rows are reported, good ones
    load. The same batch again changes nothing. Held places stay. A service that was closed here
    is not reopened. Pointers in `errors` are relative to the row.
    """
    return await put_rows(Listing, rows, lambda good: handlers.put_services(stores, good, cause))


@router.put(
    "/services/{service_id}",
    responses={201: {"model": Receipt, "description": "Created"}},
)
async def put_service(
    *,
    service_id: Id,
    listing: Annotated[Listing, JsonBody(_Stated)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Held,
    response: Response,
) -> Receipt:
    """State one service.

    Create or restate a service; a provider states those of its own organisation. Reopens a service
    that was closed.
    """
    if listing.id != service_id:
        fault = FieldError("/id", "must be the id in the address")
        raise Invalid("The service is not the one addressed.", errors=[fault])
    put = await handlers.put_service(stores, listing, cause, if_match)
    response.status_code = 201 if put.outcome == "created" else 200
    response.headers["ETag"] = etag(put.saved.version)
    response.headers["Location"] = f"/services/{service_id}"
    return Receipt(
        id=service_id,
        version=put.saved.version,
        status=put.saved.receipt.get("status", put.saved.state.listing.status),
        outcome=put.outcome,
    )


@router.post(
    "/services/{service_id}/close",
)
async def close_service(
    *,
    service_id: Id,
    body: Annotated[CloseService, JsonBody(CloseService)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Held,
    response: Response,
) -> Receipt:
    """Close a service.

    The service takes no one any more, until it is stated anew by PUT /services/{id}.
    """
    saved = await handlers.close_service(stores, service_id, body.reason_code, cause, if_match)
    response.headers["ETag"] = etag(saved.version)
    return Receipt(
        id=service_id, version=saved.version, status=saved.receipt["status"], outcome="changed"
    )


@router.get("/services/{service_id}")
async def get_service(
    service_id: Id, actor: Acting, stores: Held, response: Response
) -> ServiceView:
    """Read one service.

    What is said of the service, and its free places. Link workers, curators and its own provider
    also see what is reported to be wrong with the listing, and how often its organisation was asked
    to confirm it. 404 where there is no such service.
    """
    saved = await handlers.get_service(stores, service_id, actor.tenant)
    response.headers["ETag"] = etag(saved.version)
    held = relations(saved.state.listing.organization.id, actor.organisation)
    return service_view(saved.state, for_staff=POLICY.sight(actor, held) is Sight.TENDED)
