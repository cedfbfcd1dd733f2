"""Comparing two collections document by document, by state, while both are written to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.rebuild.projection import Json
from shared.store import Collection

MOST_NAMED = 100
"""So many differing documents of each collection are named; all are counted."""

_PAGE = 500
_MOST_DOUBTED = 10_000
_ROUNDS = 5
_END = "\U0010ffff"

Comparable = Callable[[Json], Json | None]
_Versions = dict[str, tuple[int | None, ...]]


class Difference(BaseModel):
    """One document that differs: by its id, and where, never by what stands there."""

    model_config = ConfigDict(frozen=True)

    id: str
    where: tuple[str, ...]
    """Paths of fields; ``only live`` or ``only rebuilt`` for a document that is missing."""


class Compared(BaseModel):
    """How one collection compares; ``equal`` where nothing differs."""

    model_config = ConfigDict(frozen=True)

    collection: str
    live: int
    rebuilt: int
    differing: int
    moving: int
    """Documents so busy that they never stood still to be compared."""
    named: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.differing == 0


@dataclass
class Pair:
    """A live collection, the one built beside it, and what makes their states comparable."""

    live: Collection
    fresh: Collection
    comparable: Comparable
    doubted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    beyond: int = 0
    counts: dict[str, int] = field(default_factory=lambda: {"live": 0, "rebuilt": 0})
    before: _Versions = field(default_factory=dict)
    now: _Versions = field(default_factory=dict)

    async def look(self) -> None:
        """Compare the whole of both."""
        async for id_, ours, theirs in _side_by_side(self.live, self.fresh):
            self.counts["live"] += ours is not None
            self.counts["rebuilt"] += theirs is not None
            where = _differs(ours, theirs, self.comparable)
            if where and len(self.doubted) < _MOST_DOUBTED:
                self.doubted[id_] = where
            elif where:
                self.beyond += 1

    async def look_again(self) -> None:
        """Compare those that differed once more."""
        self.before, self.now = self.now, {}
        ids, still = list(self.doubted), dict[str, tuple[str, ...]]()
        for start in range(0, len(ids), _PAGE):
            some = ids[start : start + _PAGE]
            ours, theirs = await self.live.read(some), await self.fresh.read(some)
            for id_ in some:
                if where := _differs(ours.get(id_), theirs.get(id_), self.comparable):
                    still[id_] = where
                    self.now[id_] = tuple(
                        each.get(id_, {}).get("version") for each in (ours, theirs)
                    )
        self.doubted = still

    def result(self) -> Compared:
        """What was found, those left out that never stood still."""
        moving = {id_ for id_ in self.doubted if self.before.get(id_) != self.now.get(id_)}
        settled = sorted(self.doubted.items() - {(id_, self.doubted[id_]) for id_ in moving})
        named = [Difference(id=id_, where=where) for id_, where in settled]
        return Compared(
            collection=self.live.name,
            differing=len(named) + self.beyond,
            moving=len(moving),
            named=tuple(named[:MOST_NAMED]),
            **self.counts,
        )


async def compare(
    pairs: Sequence[Pair], catch_up: Callable[[], Awaitable[None]]
) -> tuple[Compared, ...]:
    """Compare whole collections; what differs is looked at again once both have caught up.

    ``catch_up`` brings the rebuilt ones up to date. A difference counts if it stays through
    five looks and neither document changed between the last two, so that an event applied
    here and not yet there is none.
    """
    for pair in pairs:
        await pair.look()
    for _ in range(_ROUNDS):
        if not any(pair.doubted for pair in pairs):
            break
        await catch_up()
        for pair in pairs:
            await pair.look_again()
    return tuple(pair.result() for pair in pairs)


async def _side_by_side(
    live: Collection, fresh: Collection
) -> AsyncIterator[tuple[str, Json | None, Json | None]]:
    """Both collections' documents by id, in order of ids."""
    ours, theirs = _walk(live), _walk(fresh)
    left, right = await anext(ours, None), await anext(theirs, None)
    while left is not None or right is not None:
        left_id = left["_id"] if left is not None else _END
        right_id = right["_id"] if right is not None else _END
        id_ = min(left_id, right_id)
        yield id_, left if left_id == id_ else None, right if right_id == id_ else None
        if left_id == id_:
            left = await anext(ours, None)
        if right_id == id_:
            right = await anext(theirs, None)


async def _walk(collection: Collection) -> AsyncIterator[Json]:
    after = ""
    while True:
        page = await collection.aggregate(
            [
                {"$match": {"_id": {"$gt": after}}},
                {"$sort": {"_id": 1}},
                {"$limit": _PAGE},
                {"$project": {"state": 1}},
            ]
        )
        for document in page:
            yield document
        if len(page) < _PAGE:
            return
        after = page[-1]["_id"]


def _differs(ours: Json | None, theirs: Json | None, comparable: Comparable) -> tuple[str, ...]:
    left = None if ours is None else comparable(ours["state"])
    right = None if theirs is None else comparable(theirs["state"])
    if left == right:
        return ()
    if left is None:
        return ("only rebuilt",)
    if right is None:
        return ("only live",)
    return tuple(_paths(left, right))[:20]


def _paths(left: Any, right: Any, under: str = "") -> list[str]:
    if not isinstance(left, Mapping) or not isinstance(right, Mapping):
        return [under or "/"] if left != right else []
    found: list[str] = []
    for name in sorted({*left, *right}):
        if left.get(name) != right.get(name):
            found += _paths(left.get(name), right.get(name), f"{under}/{name}")
    return found
