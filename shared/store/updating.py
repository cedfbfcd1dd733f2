"""Many changes at once: one read, one write, and to each what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Generic

from shared.store.documents import Duplicate, S, Saved
from shared.store.fold import Fold, Update

if TYPE_CHECKING:
    from shared.store.store import Store
    from shared.store.witness import Told

Outcome = Saved[S] | BaseException | None
"""Of one change: the record it led to, why it was refused, or None where another process won."""


class Updating(Generic[S]):
    """Makes a batch of changes to a store's records; several to one record become one write."""

    def __init__(self, store: Store[S]) -> None:
        self._store = store

    async def __call__(self, updates: Sequence[Update[S]]) -> Sequence[Outcome[S]]:
        """What the changes lead to, in order. Raises Unavailable where it is not known."""
        by_id: dict[str, dict[int, Update[S]]] = {}
        for n, update in enumerate(updates):
            by_id.setdefault(update.record_id, {})[n] = update
        collection = self._store.collection
        documents = await collection.read(list(by_id))
        folds = [Fold(self._store, documents.get(id_), mine) for id_, mine in by_id.items()]
        results = await self._write([each for each in folds if each.write or each.insertion])
        if any(
            (each.write and each.write.outbox) or (each.insertion and each.insertion["outbox"])
            for each in folds
        ):
            collection.nudge.set()
        outcomes: dict[int, Outcome[S]] = {}
        for fold in folds:
            outcomes |= await self._settle(fold, result=results.get(fold, True))
        return [outcomes[n] for n in range(len(updates))]

    async def _write(self, folds: Sequence[Fold[S]]) -> Mapping[Fold[S], bool | Exception]:
        """Write what these come to, after telling of it; True where it was written."""
        if not folds:
            return {}
        witness = self._store.witness
        told: Sequence[Told] = ()
        changes = [(fold, entry) for fold in folds for entry in fold.changes()]
        if witness is not None:
            told = await witness.tell([entry for _, entry in changes])
        changing = [fold for fold in folds if fold.insertion is None]
        beginning = [fold for fold in folds if fold.insertion is not None]
        results = {**await self._change(changing), **await self._begin(beginning)}
        if witness is not None:
            await witness.take_back(told, [results[fold] is True for fold, _ in changes])
        return results

    async def _change(self, folds: Sequence[Fold[S]]) -> Mapping[Fold[S], bool | Exception]:
        """Change documents; False where another process has changed one meanwhile."""
        writes = {fold: fold.write for fold in folds if fold.write is not None}
        if not writes:
            return {}
        outcomes = await self._store.collection.write(list(writes.values()))
        return dict(zip(writes, outcomes, strict=True))

    async def _begin(self, folds: Sequence[Fold[S]]) -> Mapping[Fold[S], bool | Exception]:
        """Store new documents; False where another process has stored one meanwhile."""
        new = {fold: fold.insertion for fold in folds if fold.insertion is not None}
        if not new:
            return {}
        outcomes = await self._store.collection.insert(list(new.values()))
        return {fold: _made(outcome) for fold, outcome in zip(new, outcomes, strict=True)}

    async def _settle(self, fold: Fold[S], *, result: bool | Exception) -> Mapping[int, Outcome[S]]:
        if result is True:
            return fold.outcomes
        if result is False:
            return dict.fromkeys(fold.updates)
        if len(fold.updates) == 1:
            return dict.fromkeys(fold.updates, result)
        # One of them broke a rule of the database; alone, each meets its own fate.
        return {n: (await self([update]))[0] for n, update in fold.updates.items()}


def _made(refusal: Exception | None) -> bool | Exception:
    """Whether a new document is there by this write: not where one of its id was there before."""
    if refusal is None:
        return True
    return False if isinstance(refusal, Duplicate) and refusal.index == "_id_" else refusal
