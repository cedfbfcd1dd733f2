"""The route that finds services: by what they are for, where they are and their words."""

from __future__ import annotations

import asyncio
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.directory import handlers
from services.directory.api.models import ServiceList, service_found
from services.directory.api.services import Held
from services.directory.domain import (
    AccessCode,
    Language,
    NeedCode,
    NeedGroup,
    Point,
    ServiceStatus,
    Weekday,
)
from services.directory.domain.words import Latitude, Longitude
from services.directory.handlers import Counts, Place, Wanted
from services.directory.store import FACETS, FacetName
from shared.errors import FieldError, Invalid
from shared.events import ServiceRole
from shared.web import Acting, Paging

router = APIRouter(tags=["services"])


class FacetValue(BaseModel):
    """A value, and how many of the services found have it."""

    value: str
    count: int


class Facets(BaseModel):
    """Counts by facet, the most frequent value first.

    `complete` is false where more services were found than the `counted` ones, which are
    then the nearest, or the newest.
    """

    counted: int
    complete: bool
    values: dict[FacetName, tuple[FacetValue, ...]]


class ServicesFound(ServiceList):
    """Some services and where to go on, with the counts that were asked for."""

    facets: Facets | None = None


async def _wanted(
    *,
    need: Annotated[
        list[NeedCode],
        Query(default_factory=list, max_length=40, description="Any of these needs."),
    ],
    language: Annotated[
        list[Language],
        Query(default_factory=list, max_length=20, description="Any of these, such as `pl`."),
    ],
    accessibility: Annotated[
        list[AccessCode], Query(default_factory=list, max_length=12, description="All of these.")
    ],
    day: Annotated[
        list[Weekday],
        Query(default_factory=list, max_length=7, description="Open on any of these days."),
    ],
    group: Annotated[NeedGroup | None, Query(description="Any need of this group.")] = None,
    free: Annotated[
        bool | None, Query(description="Only services that say they are free, or are not.")
    ] = None,
    age: Annotated[
        int | None, Query(ge=0, le=150, description="Only services for someone of this age.")
    ] = None,
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
        group=group,
        languages=language,
        accessibility=accessibility,
        days=day,
        free=free,
        age=age,
        text=search,
        role=service_role,
        status=status,
        free_places=minimum_free_places,
        place=None
        if point is None and postcode is None
        else Place(point=point, postcode=postcode, metres=proximity),
    )


async def _facets(
    facets: Annotated[
        str | None,
        Query(
            max_length=100,
            description=f"Count these too, joined by commas: {', '.join(FACETS)}.",
            examples=["need,language"],
        ),
    ] = None,
) -> tuple[FacetName, ...]:
    asked = tuple(dict.fromkeys(filter(None, (facets or "").split(","))))
    known: tuple[FacetName, ...] = get_args(FacetName)
    if not set(asked) <= set(known):
        fault = FieldError("/query/facets", f"must be of {', '.join(FACETS)}, joined by commas")
        raise Invalid("The search cannot be made.", errors=[fault])
    return tuple(facet for facet in known if facet in asked)


@router.get("/services")
async def find_services(
    *,
    wanted: Annotated[Wanted, Depends(_wanted)],
    facets: Annotated[tuple[FacetName, ...], Depends(_facets)],
    page: Paging,
    actor: Acting,
    stores: Held,
) -> ServicesFound:
    """Find services.

    Services by need and place: nearest first from a place, else newest first. Every condition must
    hold; lists of needs, languages and days mean any of them. From a place, services that have none
    on the map are left out. A distance is measured in a straight line, and from the middle of the
    district where a postcode is given. For the services that suit one person best, and why, ask
    `POST /matches`.

    422 names the parameter: a postcode whose district is not known, a need that is not in
    `GET /needs`, a cursor of another search.
    """
    (matches, next_cursor), counts = await asyncio.gather(
        handlers.find_services(stores, wanted, actor.tenant, limit=page.limit, cursor=page.cursor),
        handlers.count_facets(stores, wanted, actor.tenant, facets),
    )
    return ServicesFound(
        items=tuple(service_found(match.saved.state, match.metres) for match in matches),
        next_cursor=next_cursor,
        facets=None if counts is None else _counted(counts),
    )


def _counted(counts: Counts) -> Facets:
    return Facets(
        counted=counts.counted,
        complete=counts.complete,
        values={
            facet: tuple(FacetValue(value=value, count=n) for value, n in by_value.items())
            for facet, by_value in counts.values.items()
        },
    )
