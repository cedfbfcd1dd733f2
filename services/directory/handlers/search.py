"""Finding services by what they are for, where they are and the words they use."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.directory.domain import (
    AccessCode,
    NeedGroup,
    Point,
    ServiceStatus,
    Weekday,
    metres_between,
    split_postcode,
)
from services.directory.handlers.cursors import read_nearest, read_newest, write_cursor
from services.directory.store import FacetName, Found, Hit, Near, Stores, key, words
from services.directory.store.tags import ANY, lead, rarest_way, tag, value_of
from shared.errors import FieldError, Invalid
from shared.events import ServiceRole

FEW = 2000
"""So many services at most are read for a word and put in order in memory.

Where even the rarest word asked for is shared by more, it is common enough to be met soon
by going outward from the place, or back from the newest.
"""

COUNTED = 1000
"""So many services are counted for facets: enough to choose by, and the cost stays the same."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look from: a point, or a postcode or its district; ``metres`` may bound it."""

    point: Point | None = None
    postcode: str | None = None
    metres: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; everything that is given must hold.

    A service answers if it meets any of ``needs``, speaks any of ``languages`` and is open
    on any of ``days``; it must have all of ``accessibility``. ``age`` is the person's, in
    years. ``text`` is matched by the beginnings of words. ``free_places`` asks for services
    that state a capacity with so many free.
    """

    needs: Sequence[str] = ()
    group: NeedGroup | None = None
    languages: Sequence[str] = ()
    accessibility: Sequence[AccessCode] = ()
    days: Sequence[Weekday] = ()
    free: bool | None = None
    age: int | None = None
    text: str | None = None
    role: ServiceRole | None = None
    status: ServiceStatus = "active"
    free_places: int | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of the services found have each value, by facet.

    ``complete`` is false where more were found than were counted: then they are the nearest
    ones, or the newest.
    """

    counted: int
    complete: bool
    values: Mapping[FacetName, Mapping[str, int]]


async def find_services(
    stores: Stores, wanted: Wanted, tenant: str, *, limit: int, cursor: str | None
) -> tuple[Sequence[Found], str | None]:
    """Services that fit and where to go on: nearest first from a place, else newest first.

    With a place, services that have none on the map are left out. Raises Invalid naming
    the parameter: a postcode that is none or whose district is not known, a bad cursor.
    """
    near = await _near(stores, wanted.place, tenant, cursor)
    after = None if cursor is None or near is not None else read_newest(cursor)
    found: list[Found] | None = None
    if words(wanted.text or ""):
        found = await _by_words(stores, wanted, tenant, near=near, after=after, limit=limit + 1)
    if found is None:
        where = {**_leading(wanted), **_conditions(wanted)}
        found = (
            await stores.services.newest(tenant, where, after, limit + 1)
            if near is None
            else await stores.services.nearest(tenant, where, near, limit + 1)
        )
    more = len(found) > limit
    return found[:limit], write_cursor(found[limit - 1]) if more else None


async def count_facets(
    stores: Stores, wanted: Wanted, tenant: str, facets: Sequence[FacetName]
) -> Counts | None:
    """How many of the services that fit have each value of these facets; None without any."""
    if not facets:
        return None
    near = await _near(stores, wanted.place, tenant, None)
    where = {**_leading(wanted), **_conditions(wanted)}
    tags = await stores.services.count_tags(tenant, where, near, COUNTED + 1)
    values: dict[FacetName, dict[str, int]] = {facet: {} for facet in facets}
    for each, count in sorted(tags.items(), key=lambda item: (-item[1], item[0])):
        for facet in facets:
            value = value_of(each, facet)
            if value is not None:
                values[facet][value] = count
    counted = tags.get(ANY, 0)
    return Counts(counted=min(counted, COUNTED), complete=counted <= COUNTED, values=values)


async def locate(stores: Stores, place: Place, tenant: str) -> Point:
    """The place as a point; a postcode is the middle of its district. Raises Invalid."""
    if place.point is not None:
        return place.point
    parts = split_postcode(place.postcode or "")
    if parts is None:
        raise _bad("postcode", "must be a UK postcode such as ZZ1 1AA, or its district")
    district = key(tenant, parts[0])
    known = (await stores.districts.get_many([district], tenant)).get(district)
    if known is None:
        raise _bad("postcode", "must lie in a postcode district that the directory knows")
    return known.state.district.point


async def _near(
    stores: Stores, place: Place | None, tenant: str, cursor: str | None
) -> Near | None:
    if place is None:
        return None
    return Near(
        point=await locate(stores, place, tenant),
        metres=place.metres,
        after=None if cursor is None else read_nearest(cursor),
    )


async def _by_words(
    stores: Stores,
    wanted: Wanted,
    tenant: str,
    *,
    near: Near | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[Found] | None:
    """What the words find, in order; None where it is too much to put in order here."""
    rarest = await _rarest_word(stores, wanted, tenant)
    if rarest is None:
        return None
    where = {"facets.status": wanted.status, **_begun(rarest)}
    hits = await stores.services.hits(tenant, where, _conditions(wanted), FEW)
    placed = _nearest(hits, near) if near is not None else _newest(hits, after)
    wanted_ids = placed[:limit]
    saved = await stores.services.get_many([hit.id for hit, _ in wanted_ids], tenant)
    return [Found(saved[hit.id], metres) for hit, metres in wanted_ids if hit.id in saved]


async def _rarest_word(stores: Stores, wanted: Wanted, tenant: str) -> str | None:
    """The word that the fewest services have; None where even that one is common."""
    asked = words(wanted.text or "")

    async def count(word: str) -> int:
        where = {"facets.status": wanted.status, **_begun(word)}
        return await stores.services.how_many(tenant, where, FEW + 1)

    counts = await asyncio.gather(*map(count, asked))
    fewest, rarest = min(zip(counts, asked, strict=True))
    return rarest if fewest <= FEW else None


def _begun(word: str) -> Mapping[str, Any]:
    return {"facets.words": {"$regex": f"^{word}"}}


def _nearest(hits: Sequence[Hit], near: Near) -> list[tuple[Hit, float | None]]:
    away = sorted(
        (min(metres_between(near.point, point) for point in hit.points), hit.id, n)
        for n, hit in enumerate(hits)
        if hit.points
    )
    return [
        (hits[n], metres)
        for metres, id_, n in away
        if (near.metres is None or metres <= near.metres)
        and (near.after is None or (metres, id_) > near.after)
    ]


def _newest(
    hits: Sequence[Hit], after: tuple[datetime, str] | None
) -> list[tuple[Hit, float | None]]:
    ordered = sorted(hits, key=lambda hit: (hit.created_at, hit.id), reverse=True)
    return [(hit, None) for hit in ordered if after is None or (hit.created_at, hit.id) < after]


def _leading(wanted: Wanted) -> Mapping[str, Any]:
    """The part of a search that an index answers: its status, and the rarest tag asked for."""
    return {"facets.status": wanted.status, "facets.tags": _rarest(wanted)}


def _rarest(wanted: Wanted) -> Any:
    """One condition on tags, the one that fewest services are likely to meet.

    A need together with what is rarer than it is rarer than either.
    """
    if wanted.needs:
        return {"$in": lead(wanted.needs, wanted.languages, wanted.accessibility)}
    languages = () if "en" in wanted.languages else wanted.languages
    ways = [rarest_way(wanted.accessibility)] if wanted.accessibility else ()
    asked: list[tuple[FacetName, Sequence[str]]] = [
        ("language", languages),
        ("accessibility", ways),
        ("group", [wanted.group] if wanted.group else ()),
        ("role", ["link_worker_team"] if wanted.role == "link_worker_team" else ()),
        ("day", wanted.days),
    ]
    for kind, values in asked:
        if values:
            return {"$in": [tag(kind, value) for value in values]}
    return ANY


def _conditions(wanted: Wanted) -> Mapping[str, Any]:
    """Every condition but the status, on what an index of tags does not lead by."""
    where: dict[str, Any] = {}
    if wanted.needs:
        where["facets.needs"] = {"$in": list(wanted.needs)}
    if wanted.languages:
        where["facets.languages"] = {"$in": list(wanted.languages)}
    if wanted.accessibility:
        where["facets.accessibility"] = {"$all": list(wanted.accessibility)}
    if wanted.days:
        where["facets.days"] = {"$in": list(wanted.days)}
    if wanted.free is not None:
        where["facets.free"] = wanted.free
    if wanted.role is not None:
        where["facets.role"] = wanted.role
    if wanted.free_places is not None:
        where["facets.available"] = {"$gte": wanted.free_places}
    if wanted.age is not None:
        where["facets.minimum_age"] = {"$not": {"$gt": wanted.age}}
        where["facets.maximum_age"] = {"$not": {"$lt": wanted.age}}
    also: list[Mapping[str, Any]] = [_begun(word) for word in words(wanted.text or "")]
    if wanted.group is not None:
        also.append({"facets.groups": wanted.group})
    return {**where, "$and": also} if also else where


def _bad(parameter: str, reason: str) -> Invalid:
    return Invalid("The search cannot be made.", errors=[FieldError(f"/query/{parameter}", reason)])
