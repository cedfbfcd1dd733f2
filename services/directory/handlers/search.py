"""Finding services by need and place."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from services.directory.domain import Point, Service, ServiceStatus, split_postcode
from services.directory.store import Found, Near, Stores, key, words
from shared.errors import FieldError, Invalid
from shared.events import ServiceRole
from shared.store import Saved


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look from: a point, or a postcode or its district; ``metres`` may bound it."""

    point: Point | None = None
    postcode: str | None = None
    metres: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; everything that is given must hold.

    A service answers if it meets any of ``needs``. ``text`` is matched by the beginnings
    of words. ``free_places`` asks for services that state a capacity with so many free.
    """

    needs: Sequence[str] = ()
    text: str | None = None
    role: ServiceRole | None = None
    status: ServiceStatus = "active"
    free_places: int | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A service that was found; ``metres`` is its distance where a place was given."""

    saved: Saved[Service]
    metres: float | None = None


async def find_services(
    stores: Stores, wanted: Wanted, tenant: str, *, limit: int, cursor: str | None
) -> tuple[Sequence[Match], str | None]:
    """Services that fit and where to go on: nearest first from a place, else newest first.

    With a place, services that have none on the map are left out. Raises Invalid naming
    the parameter: a postcode that is none or whose district is not known, a bad cursor.
    """
    where = _where(wanted)
    if wanted.place is None:
        page = await stores.services.find(tenant, where, limit=limit, cursor=cursor)
        return [Match(saved) for saved in page.items], page.next_cursor
    near = Near(
        point=await _locate(stores, wanted.place, tenant),
        metres=wanted.place.metres,
        after=None if cursor is None else _read_cursor(cursor),
    )
    found = await stores.services.near(tenant, where, near, limit + 1)
    matches = [Match(each.saved, each.metres) for each in found[:limit]]
    return matches, _write_cursor(found[limit - 1]) if len(found) > limit else None


def _where(wanted: Wanted) -> Mapping[str, Any]:
    where: dict[str, Any] = {"facets.status": wanted.status}
    if wanted.needs:
        where["facets.needs"] = {"$in": list(wanted.needs)}
    if wanted.role is not None:
        where["facets.role"] = wanted.role
    if wanted.free_places is not None:
        where["facets.available"] = {"$gte": wanted.free_places}
    if begun := words(wanted.text or ""):
        where["$and"] = [{"facets.words": {"$regex": f"^{word}"}} for word in begun]
    return where


async def _locate(stores: Stores, place: Place, tenant: str) -> Point:
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


def _write_cursor(last: Found) -> str:
    return urlsafe_b64encode(f"{last.metres!r} {last.saved.id}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[float, str]:
    try:
        metres, last = urlsafe_b64decode(cursor.encode()).decode().split(" ")
        if isfinite(distance := float(metres)):
            return distance, last
    except ValueError:
        pass
    raise _bad("cursor", "use next_cursor of the page before")


def _bad(parameter: str, reason: str) -> Invalid:
    return Invalid("The search cannot be made.", errors=[FieldError(f"/query/{parameter}", reason)])
