"""Which documents have a value in one field: asked in one trip with whoever asks that just now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.coalesce import Coalescer
from shared.store.collection import Collection

_Wanted = tuple[str, str, str, int]
"""Tenant, path of a field, its value, how many documents at most."""


class Having:
    """``await having(tenant, field, value, limit)`` gives the ids of documents with it."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._pick: Coalescer[_Wanted, Sequence[str]] = Coalescer(self._pick_all)

    async def __call__(self, tenant: str, field: str, value: str, limit: int) -> Sequence[str]:
        """At most ``limit`` of the tenant, newest first, whose ``field`` is or holds ``value``."""
        return await self._pick((tenant, field, value, limit))

    async def _pick_all(self, asked: Sequence[_Wanted]) -> Sequence[Sequence[str]]:
        found: dict[_Wanted, Sequence[str]] = {}
        for tenant, field in dict.fromkeys(each[:2] for each in asked):
            group = list(dict.fromkeys(each for each in asked if each[:2] == (tenant, field)))
            found |= await self._pick_group(tenant, field, group)
        return [found[each] for each in asked]

    async def _pick_group(
        self, tenant: str, field: str, group: Sequence[_Wanted]
    ) -> Mapping[_Wanted, Sequence[str]]:
        """One question for all values, as long as all there is fits; else one for each."""
        if len(group) > 1:
            values = list(dict.fromkeys(value for _, _, value, _ in group))
            most = sum(limit for _, _, _, limit in group)
            where = {"tenant": tenant, field: {"$in": values}}
            picked = await self._collection.pick(where, field, most)
            if len(picked) < most:
                return {each: _ids(picked, each[2])[: each[3]] for each in group}
        return {
            each: _ids(
                await self._collection.pick({"tenant": tenant, field: each[2]}, field, each[3]),
                each[2],
            )
            for each in group
        }


def _ids(picked: Sequence[tuple[str, Any]], value: str) -> Sequence[str]:
    return [
        id_
        for id_, found in picked
        if (value in found if isinstance(found, list) else found == value)
    ]
