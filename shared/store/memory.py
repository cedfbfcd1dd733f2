"""The fake: the same contract as MongoDB, in memory, for property tests and pure examples.

One contract suite (tests/shared/test_store_contract.py) runs against both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import Unavailable
from shared.store import leases
from shared.store.documents import (
    HISTORY,
    SEEN,
    Addition,
    Document,
    DueStats,
    Duplicate,
    Index,
    Unsent,
    UnsentStats,
    Write,
    envelope_of,
    slot_of,
    to_milliseconds,
    value_at,
)
from shared.store.language import ACCOUNT


class Memory:
    """A database that forgets."""

    def __init__(self) -> None:
        self._collections: dict[str, MemoryCollection] = {}

    def collection(self, name: str) -> MemoryCollection:
        """One collection; the same object each time."""
        return self._collections.setdefault(name, MemoryCollection(name))


class MemoryCollection:
    """``shared.store.Collection`` in memory. Filters: equality, ``$in``, ``$exists``, ordering."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nudge = asyncio.Event()
        self._documents: dict[str, Document] = {}
        self._unique: list[Index] = []
        self._leases = leases.NO_LEASES

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Only unique indexes matter here."""
        self._unique = [index for index in indexes if index.unique]

    async def insert(self, documents: Sequence[Document]) -> Sequence[Duplicate | None]:
        """Each document stands or falls on its own."""
        await asyncio.sleep(0)
        return [self._insert_one(document) for document in documents]

    def _insert_one(self, document: Document) -> Duplicate | None:
        if document["_id"] in self._documents:
            return _taken("_id_")
        broken = self._broken_index(document)
        if broken is None:
            self._documents[document["_id"]] = deepcopy(document)
        return broken

    def _broken_index(self, document: Document) -> Duplicate | None:
        for index in self._unique:
            if index.where and not _matches(document, index.where):
                continue
            values = {path: value_at(document, path) for path, _ in index.keys}
            for other in self._documents.values():
                covered = _matches(other, index.where or {})
                if covered and other["_id"] != document["_id"] and _matches(other, values):
                    return _taken(index.name)
        return None

    async def read(self, ids: Sequence[str]) -> Mapping[str, Document]:
        """The documents that exist, by id."""
        await asyncio.sleep(0)
        return {id_: deepcopy(self._documents[id_]) for id_ in ids if id_ in self._documents}

    async def write(self, writes: Sequence[Write]) -> Sequence[bool | Duplicate]:
        """Apply each at its version."""
        await asyncio.sleep(0)
        return [self._write_one(write) for write in writes]

    def _write_one(self, write: Write) -> bool | Duplicate:
        stored = self._documents.get(write.id)
        if stored is None or stored["version"] != write.version:
            return False
        changed = {key: value for key, value in stored.items() if key not in write.unset}
        changed |= deepcopy(dict(write.set))
        changed["outbox"] = [*stored["outbox"], *deepcopy(list(write.outbox))]
        changed["seen"] = [*stored["seen"], *deepcopy(list(write.seen))][-SEEN:]
        changed["history"] = [*stored["history"], *deepcopy(list(write.history))][-HISTORY:]
        if write.outbox:
            since = write.outbox[0]["time"]
            changed["outbox_since"] = min(stored.get("outbox_since", since), since)
        broken = self._broken_index(changed)
        if broken is not None:
            return broken
        self._documents[write.id] = changed
        return True

    async def add(self, additions: Sequence[Addition]) -> frozenset[str]:
        """Each unless it was made."""
        await asyncio.sleep(0)
        for each in additions:
            stored = self._documents.get(each.id)
            if stored is None or not value_at(stored["state"], each.field) < each.number:
                continue
            stored["version"] += 1
            stored["updated_at"] = to_milliseconds(each.at)
            for path, number in {**each.by, each.field: each.number}.items():
                *above, last = path.split(".")
                place = stored["state"]
                for name in above:
                    place = place.setdefault(name, {})
                place[last] = number if path == each.field else place.get(last, 0) + number
        return frozenset(each.id for each in additions if each.id not in self._documents)

    async def bury(self, ids: Sequence[str], tenant: str, at: datetime) -> None:
        """Tombstones, put where nothing is as well."""
        await asyncio.sleep(0)
        for id_ in ids:
            old = self._documents.get(id_, {"tenant": tenant})
            if old["tenant"] != tenant:
                continue
            since = {"outbox_since": old["outbox_since"]} if "outbox_since" in old else {}
            self._documents[id_] = {
                "_id": id_,
                "tenant": tenant,
                "version": old.get("version", 0) + 1,
                "seq": old.get("seq", 0),
                "slot": slot_of(id_),
                "created_at": old.get("created_at", at),
                "updated_at": at,
                "outbox": old.get("outbox", []),
                "history": [
                    {name: line[name] for name in ACCOUNT if name in line}
                    for line in old.get("history", [])
                ],
                **since,
                "erased_at": old.get("erased_at", at),
            }

    async def find(
        self, where: Mapping[str, Any], limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[Document]:
        """Matching documents, newest first."""
        found = sorted(
            (document for document in self._documents.values() if _matches(document, where)),
            key=lambda document: (document["created_at"], document["_id"]),
            reverse=True,
        )
        if after is not None:
            found = [each for each in found if (each["created_at"], each["_id"]) < after]
        return deepcopy(found[:limit])

    async def count(self, where: Mapping[str, Any]) -> int:
        """How many documents match."""
        return sum(_matches(document, where) for document in self._documents.values())

    async def pick(
        self, where: Mapping[str, Any], field: str, limit: int
    ) -> Sequence[tuple[str, Any]]:
        """Ids with one value each, newest first."""
        found = await self.find(where, limit, None)
        return [(document["_id"], value_at(document, field)) for document in found]

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> Sequence[Document]:
        """Always Unavailable: aggregations are MongoDB's."""
        raise Unavailable(f"An aggregation of {len(pipeline)} stages needs a real MongoDB.")

    async def claim_due(
        self, now: datetime, until: datetime, limit: int, where: Mapping[str, Any]
    ) -> Sequence[Document]:
        """Take matching documents due by ``now`` and make them due again at ``until``."""
        wanted = {**where, "due_at": {"$lte": now}}
        due = sorted(
            (document for document in self._documents.values() if _matches(document, wanted)),
            key=lambda document: document["due_at"],
        )[:limit]
        for document in due:
            document["due_at"] = until
        return deepcopy(due)

    async def next_due(self) -> datetime | None:
        """When the next document falls due."""
        return min((d["due_at"] for d in self._documents.values() if "due_at" in d), default=None)

    async def due_stats(self, before: datetime) -> DueStats:
        """How many fell due, and since when."""
        due = [d["due_at"] for d in self._documents.values() if "due_at" in d]
        overdue = [at for at in due if at < before]
        return DueStats(len(overdue), min(overdue, default=None))

    async def unsent(self, slots: Sequence[int], limit: int) -> Sequence[Unsent]:
        """Documents with events to send, longest waiting first."""
        waiting = sorted(
            (d for d in self._documents.values() if "outbox_since" in d and d["slot"] in slots),
            key=lambda document: document["outbox_since"],
        )
        return [Unsent(d["_id"], tuple(map(envelope_of, d["outbox"]))) for d in waiting[:limit]]

    async def remove_sent(self, sent: Mapping[str, Sequence[str]]) -> None:
        """Remove exactly the sent entries."""
        await asyncio.sleep(0)
        for document in (self._documents[id_] for id_ in sent if id_ in self._documents):
            event_ids = sent[document["_id"]]
            left = [entry for entry in document["outbox"] if entry["id"] not in event_ids]
            document["outbox"] = left
            if left:
                document["outbox_since"] = left[0]["time"]
            else:
                document.pop("outbox_since", None)

    async def unsent_stats(self) -> UnsentStats:
        """How much waits, and since when."""
        since = [d["outbox_since"] for d in self._documents.values() if "outbox_since" in d]
        return UnsentStats(len(since), min(since, default=None))

    async def lease_slots(self, owner: str, ttl: timedelta) -> frozenset[int]:
        """Claim or renew a fair share."""
        self._leases = leases.claim(self._leases, owner, datetime.now(UTC), ttl)
        return self._leases.held_by(owner)

    async def release_slots(self, owner: str) -> None:
        """Give all slots back."""
        self._leases = leases.release(self._leases, owner)


def _matches(document: Document, where: Mapping[str, Any]) -> bool:
    return all(_fits(value_at(document, path), wanted) for path, wanted in where.items())


def _fits(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return bool(value == wanted or (isinstance(value, list) and wanted in value))
    return all(_OPERATORS[operator](value, operand) for operator, operand in wanted.items())


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$in": lambda value, operand: any(_fits(value, each) for each in operand),
    "$nin": lambda value, operand: value not in operand,
    "$ne": lambda value, operand: bool(value != operand),
    "$exists": lambda value, operand: (value is not None) == operand,
    "$lt": lambda value, operand: value is not None and value < operand,
    "$lte": lambda value, operand: value is not None and value <= operand,
    "$gt": lambda value, operand: value is not None and value > operand,
    "$gte": lambda value, operand: value is not None and value >= operand,
}


def _taken(index: str) -> Duplicate:
    return Duplicate("A record with this id or unique value exists already.", index=index)
