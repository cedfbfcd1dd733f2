"""How finding services is said to MongoDB: pipelines that read a bounded number of documents."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.directory.domain import Candidate, Point, Service
from shared.store import Saved
from shared.store.documents import Document

Pipeline = list[dict[str, Any]]

_UNREAD = ["seen", "writes", "outbox", "facets", "history"]
"""What the answer to a search never shows; the timeline alone may be hundreds of lines."""

_ROUNDING = 1e-6
"""How much wider bounds are set than they must be: the exact comparison follows."""

_OF_A_CANDIDATE = (
    "needs",
    "minimum_age",
    "maximum_age",
    "languages",
    "accessibility",
    "free",
    "cost_options",
    "days",
    "remote",
    "available",
    "waiting",
    "assured",
    "open_problems",
)


@dataclass(frozen=True, slots=True)
class Near:
    """Ask for services around ``point``, within ``metres``, behind ``after`` (metres, id)."""

    point: Point
    metres: float | None = None
    after: tuple[float, str] | None = None


_FIRST_REACH = 500.0
_FARTHEST = 20_037_509.0
"""Metres: half way around the earth, where nothing is further."""

_NEARLY_ALL = 300_000.0
"""Beyond so many metres there is little left in one country: then everything is looked at."""


def first_reach(near: Near) -> float:
    """How far to look at first, in metres: next door, or somewhat beyond the page before."""
    behind = 0.0 if near.after is None else near.after[0] * 1.5
    return min(max(_FIRST_REACH, behind), _limit_of(near))


def next_reach(near: Near, reach: float, found: int, limit: int) -> float | None:
    """How far to look next where so few were found of ``limit``; None where that was all.

    MongoDB reads thousands to find the nearest fifty, unless it is told how far to go. As far as
    as many again would fill the rest, if they lie as densely further out, and some more.
    """
    farthest = _limit_of(near)
    if found >= limit or reach >= farthest:
        return None
    wider = reach * min(4.0, max(1.5, 1.2 * math.sqrt(limit / max(found, 1))))
    return farthest if wider > min(farthest, _NEARLY_ALL) else wider


def _limit_of(near: Near) -> float:
    return _FARTHEST if near.metres is None else near.metres


@dataclass(frozen=True, slots=True)
class Found:
    """A service and how far it is, in metres, where that was asked."""

    saved: Saved[Service]
    metres: float | None = None


def nearest(where: Mapping[str, Any], near: Near, limit: int) -> Pipeline:
    """The nearest that match, with ``metres``; equals in no order, so that none is waited for.

    Reading stops at the last one: a sort here would first read all there are.
    """
    return [around(where, near), *_behind(near), {"$limit": limit}, {"$unset": _UNREAD}]


def nearest_in_order(where: Mapping[str, Any], near: Near, up_to: float, limit: int) -> Pipeline:
    """Those that are no further than ``up_to`` metres, equals by id."""
    within = Near(near.point, up_to * (1 + _ROUNDING) + _ROUNDING, near.after)
    in_order = {"$sort": {"metres": 1, "_id": 1}}
    limited: Pipeline = [{"$limit": limit}, {"$unset": _UNREAD}]
    return [around(where, within), *_behind(near), in_order, *limited]


def _behind(near: Near) -> Pipeline:
    if near.after is None:
        return []
    metres, last = near.after
    behind = [{"metres": {"$gt": metres}}, {"metres": metres, "_id": {"$gt": last}}]
    return [{"$match": {"$or": behind}}]


def newest(where: Mapping[str, Any], after: tuple[datetime, str] | None, limit: int) -> Pipeline:
    """The newest that match, behind ``after`` (created_at, id)."""
    return [*_newest(where, after), {"$limit": limit}, {"$unset": _UNREAD}]


def order(where: Mapping[str, Any], after: tuple[datetime, str] | None, limit: int) -> Pipeline:
    """The ids and times of the newest that match: an index holds all that is asked for."""
    alone = {"$project": {"created_at": 1}}
    match, in_order = _newest(where, after)
    return [match, alone, in_order, {"$limit": limit}]


def _newest(where: Mapping[str, Any], after: tuple[datetime, str] | None) -> Pipeline:
    conditions: list[Mapping[str, Any]] = [where]
    if after is not None:
        created_at, last = after
        behind = [
            {"created_at": {"$lt": created_at}},
            {"created_at": created_at, "_id": {"$lt": last}},
        ]
        conditions += [{"created_at": {"$lte": created_at}}, {"$or": behind}]
    return [{"$match": {"$and": conditions}}, {"$sort": {"created_at": -1, "_id": -1}}]


def how_many(where: Mapping[str, Any], most: int) -> Pipeline:
    """How many match, counted no further than ``most``; nothing where none does."""
    return [{"$match": where}, {"$limit": most}, {"$count": "count"}]


def counted(first: Pipeline, most: int) -> Pipeline:
    """How many of the first ``most`` have each tag; under ``_id`` None how many there were."""
    return [
        *first,
        {"$limit": most},
        {"$project": {"_id": 0, "tag": "$facets.tags"}},
        {"$unwind": "$tag"},
        {"$group": {"_id": "$tag", "count": {"$sum": 1}}},
    ]


def candidates(first: Pipeline, most: int) -> Pipeline:
    """The first ``most`` as candidates."""
    fields = {name: f"$facets.{name}" for name in _OF_A_CANDIDATE}
    wanted = {"_id": 0, "key": "$_id", "id": "$state.listing.id", "metres": 1, **fields}
    return [*first, {"$limit": most}, {"$project": wanted}]


def around(where: Mapping[str, Any], near: Near) -> dict[str, Any]:
    """The stage that goes outward from a point."""
    stage: dict[str, Any] = {
        "near": {"type": "Point", "coordinates": [near.point.longitude, near.point.latitude]},
        "key": "facets.places",
        "distanceField": "metres",
        "query": where,
    }
    if near.metres is not None:
        stage["maxDistance"] = near.metres
    if near.after is not None:
        stage["minDistance"] = max(0.0, near.after[0] * (1 - _ROUNDING) - _ROUNDING)
    return {"$geoNear": stage}


def read_candidate(document: Document) -> Candidate:
    """A document of ``candidates``; its facets were made from a valid listing."""
    said = {name: value for name, value in document.items() if name != "key"}
    return Candidate.model_validate(said | {"assured_date": said.pop("assured", None)})
