"""The audit's sheets in MongoDB: added, found and walked through, and struck only by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from shared.audit.sheets import Sheet
from shared.store.answering import answering
from shared.store.documents import Document

_BATCH = 100


class MongoBook:
    """``shared.audit.journal.Book`` on MongoDB: one document per sheet, by its first number."""

    def __init__(self, collection: AsyncIOMotorCollection[Document]) -> None:
        self._sheets = collection
        # The chain goes on from what is there, safe yet or not: what follows it and is safe
        # makes it safe, and whoever looks too far back would only be refused.
        self._present = collection.with_options(read_concern=ReadConcern("local"))

    async def ensure_indexes(self) -> None:
        """Create what is missing."""
        async with answering():
            await self._sheets.create_index([("keys", 1), ("_id", -1)], name="keys")

    async def append(self, sheet: Sheet) -> bool:
        """One insert; two that begin with the same number cannot both be there."""
        async with answering():
            try:
                await self._sheets.insert_one(
                    {
                        "_id": sheet.first,
                        "at": sheet.at,
                        "before": sheet.before,
                        "lines": sheet.lines,
                        "hashes": sheet.hashes,
                        "keys": sheet.keys,
                    }
                )
            except DuplicateKeyError:
                return False
        return True

    async def last(self) -> Sheet | None:
        """The sheet with the highest number."""
        async with answering():
            found = await self._present.find_one(sort=[("_id", -1)])
        return None if found is None else _sheet(found)

    async def find(
        self, where: Mapping[str, Any], below: int | None, limit: int
    ) -> Sequence[Sheet]:
        """Newest first."""
        asked = dict(where) if below is None else {**where, "_id": {"$lt": below}}
        async with answering():
            found = await self._sheets.find(asked).sort("_id", -1).limit(limit).to_list(limit)
        return [_sheet(each) for each in found]

    async def walk(self, start: int = 0) -> AsyncIterator[Sheet]:
        """In order; each part is asked for anew, so that no cursor must stay open for hours."""
        while True:
            asked = {"_id": {"$gte": start}}
            async with answering():
                found = await self._sheets.find(asked).sort("_id", 1).limit(_BATCH).to_list(_BATCH)
            for each in found:
                yield _sheet(each)
            if len(found) < _BATCH:
                return
            start = found[-1]["_id"] + 1

    async def count(self) -> int:
        """By the collection's own figures: quick, and exact enough to show how far one is."""
        async with answering():
            return await self._sheets.estimated_document_count()

    async def strike(self, below: int) -> int:
        """Remove the sheets that begin below this number; gives how many.

        For archiving alone, by whoever may: a service's own user is not allowed to.
        """
        async with answering():
            return (await self._sheets.delete_many({"_id": {"$lt": below}})).deleted_count


def _sheet(document: Document) -> Sheet:
    return Sheet(
        first=document["_id"],
        at=document["at"],
        before=document["before"],
        lines=document["lines"],
        hashes=document["hashes"],
        keys=document["keys"],
    )
