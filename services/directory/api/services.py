"""Routes of community services: loading, stating, closing, reading and finding them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from services.directory import handlers
from services.directory.api.models import (
    BatchResults,
    CloseService,
    Receipt,
    ServiceList,
    ServiceView,
    service_found,
    service_view,
)
from services.directory.api.rows import ServiceRows, put_rows
from services.directory.domain import Id, Listing, NeedCode, Point, ServiceStatus
from services.directory.domain.words import Latitude, Longitude
from services.directory.handlers import Place, Wanted
from services.directory.store import Stores
from shared.errors import FieldError, Invalid
from shared.events import ServiceRole
from shared.web import Acting, CauseOf, IfMatch, JsonBody, Paging, etag, require_role

router = APIRouter(tags=["services"])


async def stores_of(request: Request) -> Stores:
    """The stores of this application."""
    stores: Stores = request.app.state.stores
    return stores


Held = Annotated[Stores, Depends(stores_of)]

CURATORS = [Depends(require_role("directory_curator"))]
CURATORS_AND_PROVIDERS = [Depends(require_role("directory_curator", "provider"))]


@router.put(
    "/services",
    dependencies=CURATORS,
    response_model_exclude_none=True,
    summary="Load up to 500 services",
)
async def put_services(
    rows: Annotated[list[Any], JsonBody(ServiceRows)], cause: CauseOf, stores: Held
) -> BatchResults:
    """Create or restate each service by its id; bad rows are reported, good ones load.

    The same batch again changes nothing. Held places stay. A service that was closed here
    is not reopened. Pointers in ``errors`` are relative to the row.
    """
    return await put_rows(Listing, rows, lambda good: handlers.put_services(stores, good, cause))


@router.put(
    "/services/{service_id}",
    dependencies=CURATORS_AND_PROVIDERS,
    responses={201: {"model": Receipt, "description": "Created"}},
    summary="State one service",
)
async def put_service(
    *,
    service_id: Id,
    listing: Annotated[Listing, JsonBody(Listing)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Held,
    response: Response,
) -> Receipt:
    """Create or restate a service; a provider states those of its own organisation.

    Reopens a service that was closed.
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
    dependencies=CURATORS_AND_PROVIDERS,
    summary="Close a service",
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
    """The service takes no one any more, until it is stated anew by PUT /services/{id}."""
    saved = await handlers.close_service(stores, service_id, body.reason_code, cause, if_match)
    response.headers["ETag"] = etag(saved.version)
    return Receipt(
        id=service_id, version=saved.version, status=saved.receipt["status"], outcome="changed"
    )


@router.get("/services/{service_id}", summary="Read one service")
async def get_service(
    service_id: Id, actor: Acting, stores: Held, response: Response
) -> ServiceView:
    """What is said of the service, and its free places."""
    saved = await handlers.get_service(stores, service_id, actor.tenant)
    response.headers["ETag"] = etag(saved.version)
    return service_view(saved.state)


async def _wanted(
    *,
    need: Annotated[list[NeedCode], Query(default_factory=list, description="Any of these needs.")],
    postcode: Annotated[
        str | None,
        Query(max_length=12, description="Look from here; a whole postcode or its district."),
    ] = None,
    lat: Annotated[Latitude | None, Query(description="Look from here, with `lon`.")] = None,
    lon: Annotated[Longitude | None, Query(description="Look from here, with `lat`.")] = None,
    proximity: Annotated[
        float | None, Query(gt=0, le=1_000_000, description="How far away at most, in metres.")
    ] = None,
    search: Annotated[
        str | None, Query(max_length=200, description="Beginnings of words, all of them.")
    ] = None,
    service_role: ServiceRole | None = None,
    status: ServiceStatus = "active",
    minimum_free_places: Annotated[
        int | None, Query(ge=0, description="Only services that say they have so many free.")
    ] = None,
) -> Wanted:
    faults = []
    if (lat is None) != (lon is None):
        faults.append(FieldError("/query/lon", "lat and lon must be given together"))
    if postcode is not None and lat is not None:
        faults.append(FieldError("/query/postcode", "give either a postcode or lat and lon"))
    if proximity is not None and postcode is None and lat is None:
        faults.append(FieldError("/query/proximity", "needs a postcode or lat and lon"))
    if faults:
        raise Invalid("The search cannot be made.", errors=faults)
    point = None if lat is None or lon is None else Point(latitude=lat, longitude=lon)
    return Wanted(
        needs=need,
        text=search,
        role=service_role,
        status=status,
        free_places=minimum_free_places,
        place=None
        if point is None and postcode is None
        else Place(point=point, postcode=postcode, metres=proximity),
    )


@router.get("/services", summary="Find services")
async def find_services(
    wanted: Annotated[Wanted, Depends(_wanted)], page: Paging, actor: Acting, stores: Held
) -> ServiceList:
    """Services by need and place: nearest first from a place, else newest first.

    From a place, services that have none on the map are left out. A distance is measured
    in a straight line, and from the middle of the district where a postcode is given.
    """
    matches, next_cursor = await handlers.find_services(
        stores, wanted, actor.tenant, limit=page.limit, cursor=page.cursor
    )
    return ServiceList(
        items=tuple(service_found(match.saved.state, match.metres) for match in matches),
        next_cursor=next_cursor,
    )
