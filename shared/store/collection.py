"""What a store needs of a collection: each call carries many documents at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.store.documents import Addition, Document, DueStats, Index, Unsent, UnsentStats, Write


class Collection(Protocol):
    """One collection of documents, on MongoDB or in memory.

    Every method raises Unavailable when the database does not answer; what was being
    written may then have been written or not, and the same cause may be tried again.
    """

    name: str
    nudge: asyncio.Event
    """Set after each write that left events to send."""

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Create what is missing."""

    async def insert(self, documents: Sequence[Document]) -> Sequence[Exception | None]:
        """Insert each on its own; None where it was stored, Duplicate or why it cannot be."""

    async def read(self, ids: Sequence[str]) -> Mapping[str, Document]:
        """The documents that exist, by id."""

    async def write(self, writes: Sequence[Write]) -> Sequence[bool | Exception]:
        """Apply each at its version; False where that had moved on, Duplicate or why it cannot."""

    async def add(self, additions: Sequence[Addition]) -> frozenset[str]:
        """Make each addition that was not made yet; the ids of those whose document is missing."""

    async def bury(self, ids: Sequence[str], tenant: str, at: datetime) -> None:
        """Put a tombstone where each of these is or might come; only its outbox is kept."""

    async def find(
        self, where: Mapping[str, Any], limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[Document]:
        """Matching documents, newest first, behind ``after`` (created_at, id)."""

    async def count(self, where: Mapping[str, Any]) -> int:
        """How many documents match."""

    async def pick(
        self, where: Mapping[str, Any], field: str, limit: int
    ) -> Sequence[tuple[str, Any]]:
        """Ids of matching documents with what each has in one field, newest first."""

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> Sequence[Document]:
        """The result of an aggregation pipeline (MongoDB only)."""

    async def claim_due(
        self, now: datetime, until: datetime, limit: int, where: Mapping[str, Any]
    ) -> Sequence[Document]:
        """Take matching documents due by ``now``, due again at ``until``, atomically each."""

    async def next_due(self) -> datetime | None:
        """When the next document falls due."""

    async def due_stats(self, before: datetime) -> DueStats:
        """How many documents fell due before that time, and the first of them."""

    async def unsent(self, slots: Sequence[int], limit: int) -> Sequence[Unsent]:
        """Documents of these slots with events to send, longest waiting first."""

    async def remove_sent(self, sent: Mapping[str, Sequence[str]]) -> None:
        """Remove exactly these events (by document id) from the outboxes."""

    async def unsent_stats(self) -> UnsentStats:
        """How much waits to be sent, in all slots."""

    async def lease_slots(self, owner: str, ttl: timedelta) -> frozenset[int]:
        """Claim or renew a fair share of the slots; the answer is what ``owner`` now holds."""

    async def release_slots(self, owner: str) -> None:
        """Give all slots back."""
