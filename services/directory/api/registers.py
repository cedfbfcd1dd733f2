"""Routes of the registers: organisations and postcode districts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from services.directory import handlers
from services.directory.api.models import BatchResults, OrganisationList
from services.directory.api.rows import DistrictRows, OrganisationRows, put_rows
from services.directory.api.services import Held
from services.directory.api.tree import Now
from services.directory.domain import (
    Id,
    Organisation,
    OrganisationKind,
    OrganisationStatus,
    PostcodeDistrict,
)
from services.directory.domain.words import District
from shared.web import Acting, CauseOf, JsonBody, Paging, etag

router = APIRouter(tags=["registers"])


@router.put(
    "/organisations",
    response_model_exclude_none=True,
)
async def put_organisations(
    rows: Annotated[list[Any], JsonBody(OrganisationRows)], cause: CauseOf, stores: Held
) -> BatchResults:
    """Load many organisations.

    Up to 500 at once. Create or restate each organisation by its id, as with services. Say with
    `part_of_since` from which day it is part of another: the day may lie ahead, and what it was
    part of before is kept.
    """
    return await put_rows(
        Organisation, rows, lambda good: handlers.put_organisations(stores, good, cause)
    )


@router.put(
    "/districts",
    response_model_exclude_none=True,
)
async def put_districts(
    rows: Annotated[list[Any], JsonBody(DistrictRows)], cause: CauseOf, stores: Held
) -> BatchResults:
    """Load many postcode districts.

    Up to 500 at once. Create or restate the middle of each postcode district by its code, as with
    services. Load districts before services: one without a place on the map is put in the middle
    of its postcode's district when it is loaded.
    """
    return await put_rows(
        PostcodeDistrict, rows, lambda good: handlers.put_districts(stores, good, cause)
    )


@router.get("/organisations/{organisation_id}")
async def get_organisation(
    organisation_id: Id, actor: Acting, stores: Held, now: Now, response: Response
) -> Organisation:
    """Read an organisation by its ODS code or id.

    `part_of` is what it is part of today; `/organisations/{organisation_id}/place` says what it was
    and will be.
    """
    saved = await handlers.get_organisation(stores, organisation_id, actor.tenant)
    response.headers["ETag"] = etag(saved.version)
    return saved.state.at(now)


@router.get("/organisations")
async def list_organisations(
    *,
    actor: Acting,
    page: Paging,
    stores: Held,
    now: Now,
    kind: OrganisationKind | None = None,
    postcode_district: Annotated[District | None, Query(description="Such as ZZ1.")] = None,
    status: OrganisationStatus | None = None,
) -> OrganisationList:
    """List organisations, the latest first."""
    found = await handlers.list_organisations(
        stores,
        actor.tenant,
        kind=kind,
        district=postcode_district,
        status=status,
        limit=page.limit,
        cursor=page.cursor,
    )
    return OrganisationList(
        items=tuple(saved.state.at(now) for saved in found.items),
        next_cursor=found.next_cursor,
    )
