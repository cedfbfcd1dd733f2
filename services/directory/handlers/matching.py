"""Matching: the services that fit a person best, why, and which nearly did.

However many services there are, three bounded reads are made: the nearest (or, from
nowhere, the last confirmed) that answer a need together with the rarest thing asked for;
the nearest that only answer a need, for near misses; and those that need no distance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.directory import domain
from services.directory.domain import Candidate, Judged, Service, Session, Sought, UnmetFound, Why
from services.directory.handlers.search import Place, locate
from services.directory.store import Near, Stores, key
from services.directory.store.tags import REMOTE, lead, pairs, tag

LOCAL = ZoneInfo("Europe/London")

RANKED = 300
"""So many candidates are ranked: in a city, every group for a need within walking distance."""

LOOKED_BEYOND = 100
"""So many more are looked at for near misses, and so many that are remote."""

BEYOND_LIMIT = 2.0
"""How many times the limit one looks for what is just too far."""


@dataclass(frozen=True, slots=True)
class Match:
    """A service with its score, the reasons, and when it is next open."""

    service: Service
    judged: Judged
    why: Sequence[Why]
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Matches:
    """The answer: the best first, what nearly fits, and the needs that nothing meets."""

    matches: Sequence[Match]
    near_misses: Sequence[Match]
    unmet: Sequence[UnmetFound]


async def match_services(
    stores: Stores,
    sought: Sought,
    place: Place | None,
    tenant: str,
    now: datetime,
    *,
    limit: int,
    near_misses: int,
) -> Matches:
    """Active community services that fit, best first.

    Raises Invalid where the postcode is none or its district is not known.
    """
    point = None if place is None else await locate(stores, place, tenant)
    found = await _candidates(stores, sought, point, tenant)
    today = now.astimezone(LOCAL).date()
    known = {code for each in found.values() for code in each.needs}
    ranking = domain.rank(
        found.values(),
        sought,
        today,
        limit=limit,
        near_misses=near_misses,
        answered=await _answered(stores, set(sought.need_codes) - known, tenant),
    )
    chosen = [*ranking.matches, *ranking.near_misses]
    services = await _services(stores, [each.candidate.id for each in chosen], tenant)
    wall_clock = now.astimezone(LOCAL).replace(tzinfo=None)

    def found_one(judged: Judged) -> Match:
        service = services[judged.candidate.id]
        session = domain.next_session(service.listing.schedules, wall_clock)
        why = domain.why_found(judged, sought, today, session)
        return Match(service, judged, why, session)

    def missed_one(judged: Judged) -> Match:
        why = domain.why_missed(judged, sought, today)
        return Match(services[judged.candidate.id], judged, why)

    return Matches(
        matches=[found_one(each) for each in ranking.matches if each.candidate.id in services],
        near_misses=[
            missed_one(each) for each in ranking.near_misses if each.candidate.id in services
        ],
        unmet=ranking.unmet,
    )


async def _candidates(
    stores: Stores, sought: Sought, point: domain.Point | None, tenant: str
) -> Mapping[str, Candidate]:
    """The candidates by document id; what several reads found comes once."""
    needs = [tag("need", code) for code in dict.fromkeys(sought.need_codes)]
    leading = lead(sought.need_codes, sought.languages, sought.accessibility)
    around = None
    if point is not None:
        reach = None if sought.metres is None else sought.metres * BEYOND_LIMIT
        around = Near(point, reach)

    async def look(tags: Sequence[str], near: Near | None, most: int) -> Mapping[str, Candidate]:
        return await stores.services.candidates(tenant, _answering(tags), near, most)

    reads = [look(leading, around, RANKED)]
    if leading != needs:
        reads.append(look(needs, around, LOOKED_BEYOND))
    if around is not None:
        reads.append(look(pairs(sought.need_codes, [REMOTE]), None, LOOKED_BEYOND))
    merged: dict[str, Candidate] = {}
    for found in await asyncio.gather(*reads):
        for id_, candidate in found.items():
            if id_ not in merged or candidate.metres is not None:
                merged[id_] = candidate
    return merged


def _answering(tags: Sequence[str]) -> Mapping[str, Any]:
    return {
        "facets.status": "active",
        "facets.tags": {"$in": list(tags)},
        "facets.role": "community",
    }


async def _answered(stores: Stores, needs: set[str], tenant: str) -> frozenset[str]:
    """Which of the needs some active service answers, wherever it is."""

    async def exists(code: str) -> bool:
        return bool(await stores.services.how_many(tenant, _answering([tag("need", code)]), 1))

    codes = sorted(needs)
    there = await asyncio.gather(*map(exists, codes))
    return frozenset(code for code, known in zip(codes, there, strict=True) if known)


async def _services(stores: Stores, ids: Sequence[str], tenant: str) -> Mapping[str, Service]:
    saved = await stores.services.get_many([key(tenant, id_) for id_ in ids], tenant)
    return {each.state.listing.id: each.state for each in saved.values()}
