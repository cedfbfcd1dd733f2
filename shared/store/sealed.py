"""A collection whose records keep some of their fields sealed, under a key for each person.

Everything a store writes passes through here on its way in, and everything it reads on its
way out, so that stores and the domain see plain records and the database never does. A
record whose key is gone reads as erased, wherever it came back from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.errors import LinkwayError
from shared.store.collection import Collection
from shared.store.documents import Addition, Document, DueStats, Index, Unsent, UnsentStats, Write
from shared.vault import BlindIndex, Opener, is_sealed

ERASED = "erased_at"
"""The field that makes a document a tombstone."""


@dataclass(frozen=True, slots=True)
class Seals:
    """Which fields of a record's state are sealed, and which field names whose key it is.

    Empty fields stay as they are, and where all are, no key is needed or made. ``worded`` are
    fields that hold a list of entries and are sealed once an entry has that key: before, they
    are codes alone.
    """

    owner: str
    fields: tuple[str, ...] = ()
    worded: Mapping[str, str] = field(default_factory=dict)

    def held_by(self, state: Mapping[str, Any]) -> Sequence[str]:
        """The fields of this state that are to be sealed."""
        return [
            *(name for name in self.fields if state.get(name)),
            *(
                name
                for name, key in self.worded.items()
                if any(entry.get(key) for entry in state.get(name) or ())
            ),
        ]


class Keys(Protocol):
    """Data keys by their owner; ``index`` marks what must be compared without being read."""

    index: BlindIndex

    async def of(self, owners: Sequence[str], tenant: str) -> Mapping[str, Opener]:
        """Those that exist. Raises Unavailable."""

    async def make(self, owner: str, tenant: str) -> Opener:
        """The owner's key, made where there is none. Raises Erased where it was destroyed."""


class SealedCollection:
    """``shared.store.Collection`` around another, sealing and opening."""

    def __init__(self, collection: Collection, seals: Seals, keys: Keys) -> None:
        self.name = collection.name
        self.nudge = collection.nudge
        self._inner = collection
        self._seals = seals
        self._keys = keys

    async def insert(self, documents: Sequence[Document]) -> Sequence[Exception | None]:
        """Sealed, each on its own; Erased where its owner's key was destroyed."""
        openers = await self._openers([document["state"] for document in documents])
        outcomes: list[Exception | None] = []
        sealed: list[Document] = []
        for document in documents:
            parts = self._sealed(document["_id"], document["state"], openers)
            outcomes.append(parts if isinstance(parts, Exception) else None)
            if not isinstance(parts, Exception):
                sealed.append({**document, **parts})
        stored = iter(await self._inner.insert(sealed) if sealed else ())
        return [next(stored) if outcome is None else outcome for outcome in outcomes]

    async def write(self, writes: Sequence[Write]) -> Sequence[bool | Exception]:
        """Sealed, each at its version; Erased where its owner's key was destroyed."""
        openers = await self._openers([write.set["state"] for write in writes if write.set])
        outcomes: list[bool | Exception] = []
        sealed: list[Write] = []
        for write in writes:
            parts = self._sealed(write.id, write.set["state"], openers) if write.set else {}
            outcomes.append(parts if isinstance(parts, Exception) else True)
            if not isinstance(parts, Exception):
                sealed.append(replace(write, set={**write.set, **parts}))
        stored = iter(await self._inner.write(sealed) if sealed else ())
        return [next(stored) if outcome is True else outcome for outcome in outcomes]

    async def read(self, ids: Sequence[str]) -> Mapping[str, Document]:
        """Opened."""
        found = await self._inner.read(ids)
        opened = await self._opened(list(found.values()))
        return dict(zip(found, opened, strict=True))

    async def find(
        self, where: Mapping[str, Any], limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[Document]:
        """Opened. ``where`` can name no sealed field."""
        return await self._opened(await self._inner.find(where, limit, after))

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> Sequence[Document]:
        """Opened where whole documents come out. The pipeline can name no sealed field."""
        return await self._opened(await self._inner.aggregate(pipeline))

    async def claim_due(
        self, now: datetime, until: datetime, limit: int, where: Mapping[str, Any]
    ) -> Sequence[Document]:
        """Opened."""
        return await self._opened(await self._inner.claim_due(now, until, limit, where))

    # As the collection inside does it

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """As inside."""
        await self._inner.ensure_indexes(indexes)

    async def add(self, additions: Sequence[Addition]) -> frozenset[str]:
        """As inside: no number is sealed."""
        return await self._inner.add(additions)

    async def bury(self, ids: Sequence[str], tenant: str, at: datetime) -> None:
        """As inside: a tombstone has nothing to seal."""
        await self._inner.bury(ids, tenant, at)

    async def pick(
        self, where: Mapping[str, Any], field: str, limit: int
    ) -> Sequence[tuple[str, Any]]:
        """As inside: neither ``where`` nor ``field`` can name a sealed field."""
        return await self._inner.pick(where, field, limit)

    async def count(self, where: Mapping[str, Any]) -> int:
        """As inside."""
        return await self._inner.count(where)

    async def next_due(self) -> datetime | None:
        """As inside."""
        return await self._inner.next_due()

    async def due_stats(self, before: datetime) -> DueStats:
        """As inside."""
        return await self._inner.due_stats(before)

    async def unsent(self, slots: Sequence[int], limit: int) -> Sequence[Unsent]:
        """As inside: facts hold nothing that is sealed."""
        return await self._inner.unsent(slots, limit)

    async def remove_sent(self, sent: Mapping[str, Sequence[str]]) -> None:
        """As inside."""
        await self._inner.remove_sent(sent)

    async def unsent_stats(self) -> UnsentStats:
        """As inside."""
        return await self._inner.unsent_stats()

    async def lease_slots(self, owner: str, ttl: timedelta) -> frozenset[int]:
        """As inside."""
        return await self._inner.lease_slots(owner, ttl)

    async def release_slots(self, owner: str) -> None:
        """As inside."""
        await self._inner.release_slots(owner)

    # Sealing

    async def _openers(
        self, states: Sequence[Mapping[str, Any]]
    ) -> Mapping[tuple[str, str], Opener | LinkwayError]:
        """The keys of those who have something to seal, made where there is none yet."""
        owners = {
            (state["tenant"], state[self._seals.owner])
            for state in states
            if self._seals.held_by(state)
        }
        found: dict[tuple[str, str], Opener | LinkwayError] = {}
        for tenant in {tenant for tenant, _ in owners}:
            mine = [owner for of, owner in owners if of == tenant]
            known = await self._keys.of(mine, tenant)
            found |= {(tenant, owner): opener for owner, opener in known.items()}
        missing = [pair for pair in owners if pair not in found]
        made = await asyncio.gather(
            *(self._keys.make(owner, tenant) for tenant, owner in missing), return_exceptions=True
        )
        for pair, outcome in zip(missing, made, strict=True):
            if not isinstance(outcome, (Opener, LinkwayError)):
                raise outcome
            found[pair] = outcome
        return found

    def _sealed(
        self,
        record_id: str,
        state: Mapping[str, Any],
        openers: Mapping[tuple[str, str], Opener | LinkwayError],
    ) -> Document | LinkwayError:
        """The parts of a document that sealing changes."""
        tenant, owner = state["tenant"], state[self._seals.owner]
        opener = openers.get((tenant, owner))
        if isinstance(opener, LinkwayError):
            return opener
        if opener is None:
            return {"state": state, "sealed_by": None}
        sealed = {
            name: opener.seal(state[name], self._place(tenant, record_id, owner, name))
            for name in self._seals.held_by(state)
        }
        return {"state": {**state, **sealed}, "sealed_by": owner}

    async def _opened(self, documents: Sequence[Document]) -> Sequence[Document]:
        owners: dict[str, set[str]] = {}
        for document in documents:
            if document.get("sealed_by"):
                owners.setdefault(document["tenant"], set()).add(document["sealed_by"])
        openers: dict[tuple[str, str], Opener] = {}
        for tenant, mine in owners.items():
            found = await self._keys.of(list(mine), tenant)
            openers |= {(tenant, owner): opener for owner, opener in found.items()}
        return [self._open(document, openers) for document in documents]

    def _open(self, document: Document, openers: Mapping[tuple[str, str], Opener]) -> Document:
        owner = document.get("sealed_by")
        if not owner:
            return document
        tenant = document["tenant"]
        opener = openers.get((tenant, owner))
        if opener is None:
            gone = {name: value for name, value in document.items() if name != "state"}
            return {**gone, ERASED: document["updated_at"]}
        state = document["state"]
        opened = {
            name: opener.open(state[name], self._place(tenant, document["_id"], owner, name))
            for name in (*self._seals.fields, *self._seals.worded)
            if is_sealed(state.get(name))
        }
        return {**document, "state": {**state, **opened}}

    def _place(self, tenant: str, record_id: str, owner: str, name: str) -> str:
        return f"{tenant}\x1f{self.name}\x1f{record_id}\x1f{owner}\x1f{name}"
