"""Finding services by what they are for, where they are and the words they use."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.directory.domain import (
    AccessCode,
    NeedGroup,
    Point,
    ServiceStatus,
    Weekday,
    split_postcode,
)
from services.directory.handlers.cursors import read_nearest, read_newest, write_cursor
from services.directory.store import FacetName, Found, Near, Stores, key, words
from services.directory.store.tags import ANY, lead, rarest_way, tag, value_of
from shared.errors import FieldError, Invalid
from shared.events import ServiceRole

COMMON = 10_000
"""A word that more services have leads no search.

It is common enough to be met soon by going outward from the place, or back from the newest.
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
    word = await _rarest_word(stores, wanted, tenant)
    leading, also = _leading(wanted, word), _conditions(wanted)
    if near is not None:
        found = await stores.services.nearest(tenant, {**leading, **also}, near, limit + 1)
    elif word is not None:
        found = await stores.services.newest_with(tenant, leading, also, after, limit + 1)
    else:
        found = await stores.services.newest(tenant, {**leading, **also}, after, limit + 1)
    more = len(found) > limit
    return found[:limit], write_cursor(found[limit - 1]) if more else None


async def count_facets(
    stores: Stores, wanted: Wanted, tenant: str, facets: Sequence[FacetName]
) -> Counts | None:
    """How many of the services that fit have each value of these facets; None without any."""
    if not facets:
        return None
    near = await _near(stores, wanted.place, tenant, None)
    word = await _rarest_word(stores, wanted, tenant)
    where = {**_leading(wanted, word), **_conditions(wanted)}
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


async def _rarest_word(stores: Stores, wanted: Wanted, tenant: str) -> str | None:
    """The word that the fewest services have; None without any, or where all are common."""
    asked = words(wanted.text or "")

    async def count(word: str) -> int:
        return await stores.services.how_many(tenant, _leading(wanted, word), COMMON + 1)

    counts = await asyncio.gather(*map(count, asked))
    fewest, rarest = min(zip(counts, asked, strict=True), default=(0, None))
    return rarest if fewest <= COMMON else None


def _begun(word: str) -> Mapping[str, Any]:
    return {"facets.words": {"$regex": f"^{word}"}}


def _leading(wanted: Wanted, word: str | None) -> Mapping[str, Any]:
    """The part of a search that an index answers: its status, and a rare word or tag."""
    rare = {"facets.tags": _rarest(wanted)} if word is None else _begun(word)
    return {"facets.status": wanted.status, **rare}


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
