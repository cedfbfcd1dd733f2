"""Data keys, one for each person: kept wrapped, held open for a moment, destroyed for good.

The collection is a service's own and wants backups of its own (``deploy/README.md``): with
its records restored and a key's not, what the key sealed stays erased.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.cause import Actor, Cause
from shared.coalesce import Coalescer
from shared.errors import Erased, NotFound
from shared.ids import derived_id
from shared.store.collection import Collection
from shared.store.documents import Index
from shared.store.store import Store
from shared.vault import BlindIndex, KeyRefused, KeyService, Opener, new_data_key

_PAGE = 200


class DataKey(BaseModel):
    """One owner's key: wrapped, or destroyed. ``master`` is the version that wraps it."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    wrapped: str | None
    master: str | None
    destroyed_at: AwareDatetime | None = None


class DataKeys(Store[DataKey]):
    """One document per owner, whose id it has.

    ``index`` is by what their records are found. Unwrapped keys stay in memory for
    ``lifetime`` seconds, at most ``most`` of them.
    """

    model = DataKey
    listed = False
    unaudited = "wrapped keys: what they open is audited where it is read"
    key_at = ""
    indexes = (Index("master", (("facets.master", 1),)),)

    def __init__(
        self,
        collection: Collection,
        master: KeyService,
        index: BlindIndex,
        *,
        most: int = 10_000,
        lifetime: float = 60,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(collection)
        self.index = index
        self.master = master
        self._most = most
        self._lifetime = lifetime
        self._clock = clock
        self._held: OrderedDict[tuple[str, str], tuple[float, Opener]] = OrderedDict()
        self._wrap: Coalescer[bytes, str] = Coalescer(master.wrap)
        self._unwrap: Coalescer[str, bytes | KeyRefused] = Coalescer(master.unwrap)

    def facets(self, state: DataKey) -> Mapping[str, Any]:
        """What wraps it, to find those that an older version wraps."""
        return {"master": state.master}

    async def of(self, owners: Sequence[str], tenant: str) -> Mapping[str, Opener]:
        """The keys of those owners that have one. Raises Unavailable, and KeyRefused."""
        found: dict[str, Opener] = {}
        for owner in owners:
            opener = self._known(owner, tenant)
            if opener is not None:
                found[owner] = opener
        missing = [owner for owner in owners if owner not in found]
        if missing:
            stored = await self.get_many(missing, tenant)
            for owner, saved in stored.items():
                if saved.state.wrapped is not None:
                    found[owner] = self._hold(
                        owner, tenant, await self._unwrap(saved.state.wrapped)
                    )
        return found

    async def make(self, owner: str, tenant: str) -> Opener:
        """The owner's key, made where there is none. Raises Erased where it was destroyed."""
        opener = self._known(owner, tenant)
        if opener is not None:
            return opener
        key = new_data_key()
        wrapped = await self._wrap(key)
        made = DataKey(tenant=tenant, wrapped=wrapped, master=self.master.version_of(wrapped))
        saved = await self.insert(owner, made, (), _cause(owner, tenant))
        if not saved.repeated:
            return self._hold(owner, tenant, key)
        # There was one: its own, not the one just made, opens what it sealed.
        if saved.state.wrapped is None:
            raise Erased("The key of this record was destroyed.")
        return self._hold(owner, tenant, await self._unwrap(saved.state.wrapped))

    async def destroy(self, owner: str, tenant: str, at: datetime) -> None:
        """What the owner's key sealed is gone, for good and everywhere; again changes nothing."""
        gone = DataKey(tenant=tenant, wrapped=None, master=None, destroyed_at=at)
        cause = _cause(owner, tenant)
        # Where there was none, nobody makes one later.
        await self.insert(owner, gone, (), cause)
        await self.update(
            owner,
            lambda key: (key if key.wrapped is None else gone, ()),
            Cause(id=derived_id(cause.id, "destroy"), actor=cause.actor, at=at),
            remember=False,
        )
        self._held.pop((tenant, owner), None)

    async def is_destroyed(self, owner: str, tenant: str) -> bool:
        """Whether the owner's key was destroyed."""
        try:
            return (await self.get(owner, tenant)).state.wrapped is None
        except NotFound:
            return False

    async def outdated(self) -> int:
        """How many keys are wrapped by another version than the newest, in all tenants."""
        return await self.collection.count(_wrapped_by_others(await self.master.newest()))

    async def rewrap(self) -> AsyncIterator[int]:
        """Wrap every key with the newest version; after each page, how many were done.

        Raises KeyRefused for a key that no master key there is opens; those before are done.
        """
        newest = await self.master.newest()
        while True:
            page = await self.collection.find(_wrapped_by_others(newest), _PAGE, None)
            if not page:
                return
            wrapped = [document["state"]["wrapped"] for document in page]
            for document, old, new in zip(
                page, wrapped, await self.master.rewrap(wrapped), strict=True
            ):
                if isinstance(new, KeyRefused):
                    raise new
                await self._replace(document["_id"], document["tenant"], old, new)
            yield len(page)

    async def close(self) -> None:
        """Let the master key's keeper go."""
        await self.master.close()

    async def _replace(self, owner: str, tenant: str, old: str, new: str) -> None:
        def replaced(key: DataKey) -> tuple[DataKey, tuple[()]]:
            if key.wrapped != old:
                return key, ()
            return key.model_copy(
                update={"wrapped": new, "master": self.master.version_of(new)}
            ), ()

        cause = _cause(owner, tenant)
        own = Cause(id=derived_id(cause.id, new), actor=cause.actor, at=datetime.now(UTC))
        await self.update(owner, replaced, own, remember=False)

    def _known(self, owner: str, tenant: str) -> Opener | None:
        held = self._held.get((tenant, owner))
        if held is None:
            return None
        if held[0] < self._clock():
            del self._held[(tenant, owner)]
            return None
        return held[1]

    def _hold(self, owner: str, tenant: str, key: bytes | KeyRefused) -> Opener:
        if isinstance(key, KeyRefused):
            raise key
        opener = Opener(key)
        self._held[(tenant, owner)] = (self._clock() + self._lifetime, opener)
        self._held.move_to_end((tenant, owner))
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        return opener


def _wrapped_by_others(newest: str) -> Mapping[str, Any]:
    return {"facets.master": {"$exists": True, "$ne": newest}}


def _cause(owner: str, tenant: str) -> Cause:
    """The same for whoever makes this owner's key: the first one makes it."""
    return Cause(
        id=derived_id(owner, "data-key"),
        actor=Actor("vault", "service", "", tenant),
        at=datetime.now(UTC),
        repeatable=True,
    )
