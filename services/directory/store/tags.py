"""What a service is found by: one list of tags, which three indexes keep in three orders.

A tag is a kind and a value, ``need:loneliness``. Every service has ``any``, so that a
search that asks for nothing in particular reads the same indexes. *Pairs* join a need to
what is rarer than it (a language other than English, an access code, being remote): the
nearest hundreds with the need might not hold a single one, the nearest with the pair do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, Literal

from services.directory.domain import NEEDS, AccessCode, Listing, Service, open_days

FacetName = Literal["need", "group", "language", "accessibility", "day", "free", "role"]

FACETS: tuple[FacetName, ...] = (
    "need",
    "group",
    "language",
    "accessibility",
    "day",
    "free",
    "role",
)
"""What can be counted: the kinds of tag. Pairs and ``any`` are not among them."""

ANY = "any"
_PAIR = "&"
_COMMON_LANGUAGE = "en"
_WORDS_KEPT = 200
"""Words of a listing that can be searched for; keeps the index small."""


def words(text: str) -> list[str]:
    """The different words of a text, in lower case."""
    return list(dict.fromkeys(re.findall(r"\w+", text.casefold())))


def tag(kind: FacetName, value: str) -> str:
    """The tag that a service with this value has."""
    return f"{kind}:{value}"


def value_of(each: str, kind: FacetName) -> str | None:
    """The value of a tag of this kind; None for another kind's and for pairs."""
    found, _, value = each.partition(":")
    return value if found == kind and _PAIR not in value else None


def rarest_way(accessibility: Sequence[AccessCode]) -> AccessCode:
    """Of several access needs the one that fewest places are likely to answer."""
    return next((code for code in accessibility if code != "step_free"), "step_free")


def pairs(needs: Iterable[str], others: Iterable[str]) -> list[str]:
    """The tags of services that have one of the needs together with one of the other tags."""
    return [f"{tag('need', need)}{_PAIR}{other}" for need, other in product(needs, others)]


REMOTE = "remote"
"""The other half of the pair that remote services have."""


def lead(
    needs: Sequence[str], languages: Sequence[str], accessibility: Sequence[AccessCode]
) -> list[str]:
    """The tags to begin looking with: the rarest that is asked for, together with the needs.

    ``languages`` and ``needs`` are any of them, ``accessibility`` all of them.
    """
    if languages and _COMMON_LANGUAGE not in languages:
        return pairs(needs, (tag("language", code) for code in languages))
    if accessibility:
        return pairs(needs, [tag("accessibility", rarest_way(accessibility))])
    return [tag("need", need) for need in needs]


def facets_of(service: Service) -> Mapping[str, Any]:
    """The facets of a service: its tags, and what a candidate for matching is made of.

    Places are GeoJSON: longitude first.
    """
    said = service.listing
    places = [[point.longitude, point.latitude] for point in service.points]
    days = open_days(said.schedules)
    return {
        "status": said.status,
        "role": said.service_role,
        "organisation": said.organization.id,
        "tags": _tags(said, days),
        "words": _searchable(said),
        "places": {"type": "MultiPoint", "coordinates": places} if places else None,
        "needs": list(said.needs),
        "groups": list(dict.fromkeys(NEEDS[code].group for code in said.needs)),
        "minimum_age": said.minimum_age,
        "maximum_age": said.maximum_age,
        "languages": list(said.languages),
        "accessibility": list(said.accessibility_codes),
        "free": said.is_free,
        "cost_options": [
            cost.model_dump(mode="json", include={"amount", "valid_from", "valid_to"})
            for cost in said.cost_options
            if cost.amount is not None
        ],
        "days": list(days),
        "remote": said.remote,
        "available": service.available,
        "waiting": len(service.waiting),
        "open_problems": service.open_problems,
        "assured": said.assured_date.isoformat() if said.assured_date else None,
    }


def _tags(said: Listing, days: Iterable[str]) -> list[str]:
    groups = {NEEDS[code].group for code in said.needs}
    rare = [tag("language", code) for code in said.languages if code != _COMMON_LANGUAGE]
    ways = [tag("accessibility", code) for code in said.accessibility_codes]
    return [
        ANY,
        *(tag("need", code) for code in said.needs),
        *sorted(tag("group", group) for group in groups),
        *(tag("language", code) for code in said.languages),
        *ways,
        *(tag("day", day) for day in days),
        *([tag("free", "yes")] if said.is_free else []),
        tag("role", said.service_role),
        *pairs(said.needs, [*rare, *ways, *([REMOTE] if said.remote else [])]),
    ]


def _searchable(said: Listing) -> list[str]:
    towns = " ".join(location.city or "" for location in said.locations)
    needs = " ".join(NEEDS[code].label for code in said.needs)
    text = f"{said.name} {said.organization.name} {towns} {needs} {said.description or ''}"
    return words(text)[:_WORDS_KEPT]
