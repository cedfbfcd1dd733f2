"""The kinds of search and match that the directory's bench asks, each made by chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from services.directory.domain import NEEDS
from tests.bench.listings import LANGUAGES, WORDS, point

Ask = tuple[str, str, Any]
"""Method, address, body."""


def lat_lon(chance: Random) -> str:
    middle = point(chance)
    return f"lat={middle['latitude']}&lon={middle['longitude']}"


def some_needs(chance: Random) -> list[str]:
    return chance.sample(list(NEEDS), 2)


def match(chance: Random, **asked: Any) -> Ask:
    return "POST", "/matches", {"need_codes": some_needs(chance), **asked}


def rare(chance: Random) -> dict[str, Any]:
    return {
        "languages": [chance.choice(LANGUAGES)],
        "accessibility": ["step_free", "hearing_loop"],
        "maximum_cost": 0,
        "age": 30,
        "days": ["SA", "SU"],
    }


def search(*conditions: str) -> Ask:
    return "GET", f"/services?{'&'.join(conditions)}", None


def word(chance: Random) -> str:
    return chance.choice(WORDS)[:5].lower()


KINDS: Mapping[str, Callable[[Random], Ask]] = {
    "match within 5 km": lambda c: match(c, place=point(c), within_metres=5000, age=67),
    "match within 5 km, rare wishes": lambda c: match(
        c, place=point(c), within_metres=5000, **rare(c)
    ),
    "match from a place, no limit": lambda c: match(c, place=point(c)),
    "match without a place": lambda c: match(c, age=67, days=["TU"]),
    "match without a place, rare wishes": lambda c: match(c, **rare(c)),
    "search from a place": lambda c: search(lat_lon(c), f"need={some_needs(c)[0]}"),
    "search from a place, all filters": lambda c: search(
        lat_lon(c),
        "proximity=10000",
        f"need={some_needs(c)[0]}",
        f"language={c.choice(LANGUAGES)}",
        "accessibility=step_free&free=true&age=30&day=SA",
    ),
    "search without a place": lambda _: search("limit=50"),
    "search without a place, by need": lambda c: search(f"need={some_needs(c)[0]}"),
    "search without a place, all filters": lambda c: search(
        f"need={some_needs(c)[0]}",
        f"language={c.choice(LANGUAGES)}",
        "accessibility=step_free&free=true&age=30&day=SA",
    ),
    "search for a common word": lambda c: search(f"search={word(c)}"),
    "search for a common word from a place": lambda c: search(f"search={word(c)}", lat_lon(c)),
    "search for a word of one in 180": lambda c: search(
        f"search=organisation%20{c.randrange(20, 100)}"
    ),
    "search for a word of one in 180 from a place": lambda c: search(
        f"search=organisation%20{c.randrange(20, 100)}", lat_lon(c)
    ),
    "search for a word of one in 2,000": lambda c: search(f"search={c.randrange(1000, 2000)}"),
    "search for a word of one in 2,000 from a place": lambda c: search(
        f"search={c.randrange(1000, 2000)}", lat_lon(c)
    ),
    "search with counts": lambda c: search(
        f"need={some_needs(c)[0]}", lat_lon(c), "facets=need,language,accessibility,day,free"
    ),
}
