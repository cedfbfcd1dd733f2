"""Building a projection anew beside the live one, comparing the two, and swapping them.

Live traffic goes on throughout. The fresh collections are fed from the beginning of the topics
and kept up to date; the swap renames them. A live process that read a document before the
rename cannot write its change to the new one: versions of rebuilt documents begin far above
any that was. It tries again and finds the new one, or it was the rebuild's reader that had
applied the event. That reader goes on after the swap for longer than a process can have
been stopped and still commit what it applied (a consumer's session is ten seconds), so
nothing that went to the old collection is missing in the new. The old one is not kept: what
was made of events can be made of them again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from aiokafka import TopicPartition

from shared.errors import Conflict, NotFound, Unavailable
from shared.rebuild.comparing import Compared, Pair, compare
from shared.rebuild.follower import Follower
from shared.rebuild.projection import Projection, Rebuildable
from shared.rebuild.records import Rebuild, Rebuilds
from shared.repair.letter import PLATFORM
from shared.repair.letters import self_cause
from shared.settings import ServiceSettings
from shared.store import Database, Duplicate, Saved, Store
from shared.telemetry import Telemetry

FRESH = "__rebuild"
GRACE = 30.0
"""Seconds the reader goes on after a swap: three sessions of a consumer."""

_LEASE = timedelta(seconds=60)
_NOTE_SECONDS = 1.0
_POLL_SECONDS = 1.0
_REST = 0.2
_NEAR = 1_000
"""Records: two batches. Nearer than that it is caught up with in a moment."""


@dataclass(frozen=True)
class _Work:
    """One rebuild under way in this process."""

    id: str
    projection: Projection[Any]
    fresh: Any
    follower: Follower


class Rebuilder:
    """A service's rebuilds: asked for by the operations API, worked on by ``work``."""

    def __init__(
        self,
        rebuildable: Rebuildable,
        rebuilds: Rebuilds,
        *,
        database: Database,
        settings: ServiceSettings,
        telemetry: Telemetry,
        now: Callable[[], datetime],
    ) -> None:
        self.rebuildable = rebuildable
        self.rebuilds = rebuilds
        self.grace = GRACE
        self._database = database
        self._settings = settings
        self._telemetry = telemetry
        self._now = now
        self._nudge = asyncio.Event()

    async def begin(self, rebuild_id: str, projection: str, by: str, reason: str) -> Saved[Rebuild]:
        """Start a rebuild. Raises NotFound for an unknown projection, Conflict while one runs."""
        if self.rebuildable.named(projection) is None:
            names = [each.name for each in self.rebuildable.projections]
            raise NotFound(
                "This service has no such projection to rebuild.", {"projections": names}
            )
        state = Rebuild(projection=projection, by=by, reason=reason, started_at=self._now())
        try:
            saved = await self.rebuilds.insert(rebuild_id, state, (), self_cause(by, self._now()))
        except Duplicate as error:
            if error.index == "_id_":
                return await self.rebuilds.get(rebuild_id, PLATFORM)
            raise Conflict(
                "This projection is being rebuilt: swap or cancel that rebuild first."
            ) from None
        self._nudge.set()
        return saved

    async def ask(self, rebuild_id: str, what: str) -> Saved[Rebuild]:
        """Have it swapped, or cancelled. Raises Conflict where it is too early or too late."""

        def asked(rebuild: Rebuild) -> Rebuild:
            early = what == "swap" and rebuild.phase == "reading"
            if early or rebuild.phase not in ("reading", "ready"):
                raise Conflict(
                    f"The rebuild is {rebuild.phase}: it cannot be "
                    f"{'swapped' if what == 'swap' else 'cancelled'} now.",
                    {"phase": rebuild.phase},
                )
            return rebuild.model_copy(update={"asked": what})

        return await self._change(rebuild_id, asked)

    async def work(self) -> None:
        """Work on rebuilds, one at a time, until cancelled."""
        while True:
            try:
                for saved in await self.rebuilds.claim_due(self._now(), _LEASE, 1):
                    await self._work_on(saved)
            except Unavailable as error:
                structlog.get_logger().warning("rebuild waits", reason=error.detail)
            try:
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._nudge.wait()
            except TimeoutError:
                continue
            self._nudge.clear()

    async def _work_on(self, saved: Saved[Rebuild]) -> None:
        projection = self.rebuildable.named(saved.state.projection)
        if projection is None:
            await self._end(saved.id, "cancelled")
            return
        if saved.state.phase in ("swapping", "following"):
            # Another process died here: finish the renames, then hear everything once more.
            await self._rename(projection)
            await self._follow_on(saved.id, projection, self._stores(projection, fresh=False))
            return
        fresh = self._stores(projection, fresh=True)
        for name in projection.collections:
            await self._database.drop_collection(f"{name}{FRESH}")
        for store in _stores_of(fresh, {f"{name}{FRESH}" for name in projection.collections}):
            store.first_version = time.time_ns() // 1_000_000
            await store.ensure_indexes()
        await self._change(saved.id, _begun)
        async with Follower(
            projection.consumer, fresh, self._settings, self._telemetry
        ) as follower:
            work = _Work(saved.id, projection, fresh, follower)
            swap = await self._until_decided(work)
            if swap:
                await self._swap(work)
                starts = await follower.positions()
        if swap:
            live = self._stores(projection, fresh=False)
            await self._follow_on(saved.id, projection, live, starts)
            return
        for name in projection.collections:
            await self._database.drop_collection(f"{name}{FRESH}")
        await self._end(saved.id, "cancelled")

    async def _until_decided(self, work: _Work) -> bool:
        """Read, compare and keep up to date until asked; whether to swap."""
        noted = float("-inf")
        while True:
            finished = await work.follower.step()
            if time.monotonic() - noted < _NOTE_SECONDS and finished:
                continue
            noted = time.monotonic()
            rebuild = (await self._note(work)).state
            if rebuild.asked == "cancel":
                return False
            if rebuild.total - rebuild.read > _NEAR:
                continue
            await work.follower.catch_up()
            await work.projection.settle(work.fresh)
            if rebuild.phase == "reading":
                ready = {"phase": "ready", "compared": await self._compare(work)}
                await self._change(work.id, partial(_with, ready))
            elif rebuild.asked == "swap":
                return True
            await asyncio.sleep(_REST)

    async def _compare(self, work: _Work) -> tuple[Compared, ...]:
        async def catch_up() -> None:
            await asyncio.sleep(_REST)
            await work.follower.catch_up()
            await work.projection.settle(work.fresh)
            await self._note(work)

        pairs = [
            Pair(
                self._database.collection(name),
                self._database.collection(f"{name}{FRESH}"),
                partial(work.projection.comparable, name),
            )
            for name in work.projection.collections
        ]
        return await compare(pairs, catch_up)

    async def _swap(self, work: _Work) -> None:
        live = self._stores(work.projection, fresh=False)
        compared = await self._compare(work)
        async with work.projection.pause(live, work.fresh):
            await work.follower.catch_up()
            await work.projection.settle(work.fresh)
            await self._change(work.id, partial(_with, {"phase": "swapping", "compared": compared}))
            await self._rename(work.projection)
        structlog.get_logger().warning("projection swapped", projection=work.projection.name)

    async def _rename(self, projection: Projection[Any]) -> None:
        there = await self._database.collection_names()
        for name in projection.collections:
            if f"{name}{FRESH}" in there:
                await self._database.replace_collection(name, by=f"{name}{FRESH}")

    async def _follow_on(
        self,
        rebuild_id: str,
        projection: Projection[Any],
        live: Any,
        starts: Mapping[TopicPartition, int] | None = None,
    ) -> None:
        """Apply what may have gone to the old collections, until nobody can write there.

        From where the fresh ones were at the swap or, where that is not known any more, from
        the beginning: applying an event again changes nothing.
        """
        await self._change(rebuild_id, partial(_with, {"phase": "following"}))
        until = time.monotonic() + self.grace
        noted = float("-inf")
        async with Follower(
            projection.consumer, live, self._settings, self._telemetry, starts=starts
        ) as follower:
            work = _Work(rebuild_id, projection, live, follower)
            while True:
                await follower.step()
                if time.monotonic() - noted < _NOTE_SECONDS:
                    continue
                noted = time.monotonic()
                rebuild = (await self._note(work)).state
                if rebuild.total - rebuild.read <= _NEAR and noted > until:
                    await follower.catch_up()
                    break
        await self._end(rebuild_id, "done")

    def _stores(self, projection: Projection[Any], *, fresh: bool) -> Any:
        own = set(projection.collections) if fresh else set()
        return projection.build(
            lambda name: self._database.collection(f"{name}{FRESH}" if name in own else name)
        )

    async def _note(self, work: _Work) -> Saved[Rebuild]:
        done, total = await work.follower.progress()
        return await self._change(
            work.id,
            lambda rebuild: rebuild.model_copy(
                update={
                    "read": done,
                    "total": total,
                    "set_aside": work.follower.errors,
                    "busy_until": self._now() + _LEASE,
                }
            ),
        )

    async def _end(self, rebuild_id: str, phase: str) -> None:
        await self._change(rebuild_id, partial(_with, {"phase": phase, "ended_at": self._now()}))

    async def _change(
        self, rebuild_id: str, change: Callable[[Rebuild], Rebuild]
    ) -> Saved[Rebuild]:
        return await self.rebuilds.update(
            rebuild_id,
            lambda rebuild: (change(rebuild), ()),
            self_cause(self._settings.service, self._now()),
            remember=False,
        )


def _with(changes: Mapping[str, Any], rebuild: Rebuild) -> Rebuild:
    return rebuild.model_copy(update=changes)


def _begun(rebuild: Rebuild) -> Rebuild:
    return rebuild.model_copy(
        update={"phase": "reading", "read": 0, "total": 0, "set_aside": {}, "compared": ()}
    )


def _stores_of(stores: Any, names: set[str]) -> list[Store[Any]]:
    """Those of the service's stores that keep their records in these collections."""
    found = [getattr(stores, field.name) for field in fields(stores)]
    return [each for each in found if isinstance(each, Store) and each.collection.name in names]
