"""Finding by one field's value, in one trip with whoever asks for the same field just now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.coalesce import Coalescer
from shared.store.collection import Collection
from shared.store.documents import Document, value_at

_Wanted = tuple[str, str, str, int]
"""Tenant, path of a field, its value, how many documents at most."""


class Having:
    """``await having(tenant, field, value, limit)`` gives documents with it, newest first."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._find: Coalescer[_Wanted, Sequence[Document]] = Coalescer(self._find_all)

    async def __call__(self, tenant: str, field: str, value: str, limit: int) -> Sequence[Document]:
        """At most ``limit`` documents of the tenant whose ``field`` is or holds ``value``."""
        return await self._find((tenant, field, value, limit))

    async def _find_all(self, asked: Sequence[_Wanted]) -> Sequence[Sequence[Document]]:
        found: dict[_Wanted, Sequence[Document]] = {}
        for tenant, field in dict.fromkeys(each[:2] for each in asked):
            group = list(dict.fromkeys(each for each in asked if each[:2] == (tenant, field)))
            found |= await self._find_group(tenant, field, group)
        return [found[each] for each in asked]

    async def _find_group(
        self, tenant: str, field: str, group: Sequence[_Wanted]
    ) -> Mapping[_Wanted, Sequence[Document]]:
        """One find for all values, as long as all there is fits; else one for each."""
        if len(group) > 1:
            values = list(dict.fromkeys(value for _, _, value, _ in group))
            most = sum(limit for _, _, _, limit in group)
            where = {"tenant": tenant, field: {"$in": values}}
            documents = await self._collection.find(where, most, None)
            if len(documents) < most:
                return {
                    each: [one for one in documents if _has(one, field, each[2])][: each[3]]
                    for each in group
                }
        return {
            each: await self._collection.find({"tenant": tenant, field: each[2]}, each[3], None)
            for each in group
        }


def _has(document: Document, field: str, value: str) -> bool:
    found: Any = value_at(document, field)
    return value in found if isinstance(found, list) else bool(found == value)
