"""One collection of a MongoDB, as stores use it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import IndexModel, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError
from pymongo.read_concern import ReadConcern

from shared.errors import Unavailable
from shared.ids import new_id
from shared.store import leases
from shared.store.answering import PASSING_CODES, answering
from shared.store.documents import (
    SLOTS,
    Addition,
    Document,
    DueStats,
    Duplicate,
    Index,
    Unsent,
    UnsentStats,
    Write,
    envelope_of,
    value_at,
)
from shared.store.language import addition, burial, conditional_update, refusal, removal

IN_UTC: CodecOptions[Any] = CodecOptions(tz_aware=True, tzinfo=UTC)
"""Times are read as they were written: in UTC, and said to be so."""


class MongoCollection:
    """``shared.store.Collection`` on MongoDB."""

    def __init__(self, collection: AsyncIOMotorCollection[Document]) -> None:
        self.name: str = collection.name
        self.nudge = asyncio.Event()
        self._documents = collection
        # Updates start from what is there now, safe yet or not, or replicas would collide
        # more often; their own write, or a confirmation, then makes sure of it.
        self._present = collection.with_options(read_concern=ReadConcern("local"))
        self._leases = collection.database["leases"]

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Create what is missing; at once for a small collection, in the background else."""
        models = [
            IndexModel(
                list(index.keys),
                name=index.name,
                unique=index.unique,
                **({"partialFilterExpression": dict(index.where)} if index.where else {}),
            )
            for index in indexes
        ]
        if not models:
            return
        async with answering():
            await self._documents.create_indexes(models)

    async def insert(self, documents: Sequence[Document]) -> Sequence[Exception | None]:
        """One unordered insert; each document stands or falls on its own."""
        outcomes: list[Exception | None] = [None] * len(documents)
        async with answering():
            try:
                await self._documents.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                for n, failure in _refusals(error).items():
                    outcomes[n] = failure
        return outcomes

    async def read(self, ids: Sequence[str]) -> Mapping[str, Document]:
        """One find for all ids."""
        if not ids:
            return {}
        where: Document = {"_id": ids[0] if len(ids) == 1 else {"$in": list(ids)}}
        async with answering():
            found = await self._present.find(where).to_list(None)
        return {document["_id"]: document for document in found}

    async def write(self, writes: Sequence[Write]) -> Sequence[bool | Exception]:
        """One unordered bulk of like updates, each conditional on its version.

        The server tells how many matched, not which: when some did not, the documents are
        read back and each write's id looked for.
        """
        refused: Mapping[int, Exception] = {}
        async with answering():
            try:
                result = await self._documents.bulk_write(
                    [UpdateOne(*conditional_update(write)) for write in writes], ordered=False
                )
                if result.matched_count == len(writes):
                    return [True] * len(writes)
            except BulkWriteError as error:
                refused = _refusals(error)
            own = {"writes": {"$in": [write.write_id for write in writes]}}
            stored = {
                document["_id"]
                async for document in self._documents.find(
                    {"_id": {"$in": [write.id for write in writes]}, **own}, {"_id": 1}
                )
            }
        return [refused.get(n, write.id in stored) for n, write in enumerate(writes)]

    async def add(self, additions: Sequence[Addition]) -> frozenset[str]:
        """One unordered bulk; where not all matched, it is asked which are there at all.

        What another process added a moment ago is safe once this is answered: a majority
        acknowledges an update that matches nothing when it has all that came before.
        """
        async with answering():
            try:
                result = await self._documents.bulk_write(
                    [UpdateOne(*addition(each)) for each in additions], ordered=False
                )
            except BulkWriteError as error:
                raise next(iter(_refusals(error).values())) from None
            if result.matched_count == len(additions):
                return frozenset()
            ids = [each.id for each in additions]
            there = {
                document["_id"]
                async for document in self._present.find({"_id": {"$in": ids}}, {"_id": 1})
            }
        return frozenset(ids) - there

    async def bury(self, ids: Sequence[str], tenant: str, at: datetime) -> None:
        """One unordered bulk of tombstones, put where nothing is as well."""
        async with answering():
            try:
                await self._documents.bulk_write(
                    [UpdateOne(*burial(id_, tenant, at), upsert=True) for id_ in ids],
                    ordered=False,
                )
            except BulkWriteError as error:
                # Another tenant's record has the id: it is not this one's to bury.
                if any(type(each) is not Duplicate for each in _refusals(error).values()):
                    raise RuntimeError("The database refuses a tombstone.") from None

    async def find(
        self, where: Mapping[str, Any], limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[Document]:
        """Matching documents, newest first."""
        conditions: list[Mapping[str, Any]] = [where]
        if after is not None:
            created_at, last_id = after
            conditions.append(
                {
                    "$or": [
                        {"created_at": {"$lt": created_at}},
                        {"created_at": created_at, "_id": {"$lt": last_id}},
                    ]
                }
            )
        cursor = self._documents.find({"$and": conditions})
        async with answering():
            newest_first = cursor.sort([("created_at", -1), ("_id", -1)])
            return await newest_first.limit(limit).to_list(limit)

    async def pick(
        self, where: Mapping[str, Any], field: str, limit: int
    ) -> Sequence[tuple[str, Any]]:
        """By an index alone, where there is one of these fields and that order."""
        cursor = self._documents.find(dict(where), {field: 1})
        async with answering():
            newest_first = cursor.sort([("created_at", -1), ("_id", -1)])
            found = await newest_first.limit(limit).to_list(limit)
        return [(document["_id"], value_at(document, field)) for document in found]

    async def count(self, where: Mapping[str, Any]) -> int:
        """How many documents match."""
        async with answering():
            return await self._documents.count_documents(dict(where))

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> Sequence[Document]:
        """The pipeline's result, whole."""
        async with answering():
            return await self._documents.aggregate(list(pipeline)).to_list(None)

    async def claim_due(
        self, now: datetime, until: datetime, limit: int, where: Mapping[str, Any]
    ) -> Sequence[Document]:
        """Mark what is due with a claim of one's own, then read what the claim won."""
        due = {**where, "due_at": {"$lte": now}}
        async with answering():
            ids = [
                document["_id"]
                async for document in self._documents.find(due, {"_id": 1})
                .sort("due_at", 1)
                .limit(limit)
            ]
            if not ids:
                return []
            claim = new_id()
            await self._documents.update_many(
                {"_id": {"$in": ids}, **due}, {"$set": {"due_at": until, "claim": claim}}
            )
            return await self._documents.find({"_id": {"$in": ids}, "claim": claim}).to_list(None)

    async def next_due(self) -> datetime | None:
        """When the next document falls due."""
        async with answering():
            first = await self._documents.find_one(
                {"due_at": {"$exists": True}}, {"due_at": 1}, sort=[("due_at", 1)]
            )
        return None if first is None else first["due_at"]

    async def due_stats(self, before: datetime) -> DueStats:
        """How many fell due, and since when."""
        overdue: Document = {"due_at": {"$lt": before}}
        async with answering():
            count = await self._documents.count_documents(overdue)
            first = await self._documents.find_one(overdue, {"due_at": 1}, sort=[("due_at", 1)])
        return DueStats(count, None if first is None else first["due_at"])

    async def unsent(self, slots: Sequence[int], limit: int) -> Sequence[Unsent]:
        """Documents with events to send, longest waiting first."""
        cursor = self._documents.find(
            {"slot": {"$in": list(slots)}, "outbox_since": {"$exists": True}}, {"outbox": 1}
        )
        async with answering():
            found = await cursor.sort("outbox_since", 1).limit(limit).to_list(limit)
        return [
            Unsent(document["_id"], tuple(map(envelope_of, document["outbox"])))
            for document in found
        ]

    async def remove_sent(self, sent: Mapping[str, Sequence[str]]) -> None:
        """Remove exactly the sent entries; the outbox clock stops only when none is left."""
        if not sent:
            return
        event_ids = [event_id for of_one in sent.values() for event_id in of_one]
        async with answering():
            await self._documents.update_many({"_id": {"$in": list(sent)}}, removal(event_ids))

    async def unsent_stats(self) -> UnsentStats:
        """How much waits, and since when."""
        # Each slot is named, so that the index gives them in order and none is sorted.
        waiting = {"outbox_since": {"$exists": True}, "slot": {"$in": list(range(SLOTS))}}
        async with answering():
            pending = await self._documents.count_documents(waiting)
            oldest = (
                await self._documents.find(waiting, {"outbox_since": 1})
                .sort("outbox_since", 1)
                .limit(1)
                .to_list(1)
            )
        return UnsentStats(pending, oldest[0]["outbox_since"] if oldest else None)

    async def lease_slots(self, owner: str, ttl: timedelta) -> frozenset[int]:
        """Claim or renew by compare-and-swap, by the server's clock."""
        async with answering():
            while True:
                hello = await self._leases.database.command("hello", codec_options=IN_UTC)
                document = await self._leases.find_one({"_id": self.name})
                held = leases.from_document(document)
                wanted = leases.claim(held, owner, hello["localTime"], ttl)
                if await self._swap(held, wanted):
                    return wanted.held_by(owner)

    async def release_slots(self, owner: str) -> None:
        """Give all slots back, so that another replica need not wait for the leases to end."""
        async with answering():
            while True:
                held = leases.from_document(await self._leases.find_one({"_id": self.name}))
                if owner not in held.owners or await self._swap(held, leases.release(held, owner)):
                    return

    async def _swap(self, held: leases.Leases, wanted: leases.Leases) -> bool:
        fields = leases.to_document(wanted)
        try:
            result = await self._leases.update_one(
                {"_id": self.name, "epoch": held.epoch}, {"$set": fields}, upsert=held.epoch == 0
            )
        except DuplicateKeyError:
            return False
        return bool(result.matched_count or result.upserted_id)


def _refusals(error: BulkWriteError) -> Mapping[int, Exception]:
    """Which of a bulk's writes the server refused and why; Unavailable where that may pass.

    The driver's error holds the documents themselves, so it is never passed on.
    """
    details = error.details or {}
    failures = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(f["code"] in PASSING_CODES for f in failures):
        raise Unavailable("The database did not take the write.") from None
    return {failure["index"]: refusal(failure) for failure in failures}
