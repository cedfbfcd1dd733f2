"""Repairs of many letters: written down first, then worked off, and taken up after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict

from shared.errors import Conflict, NotFound, Unavailable
from shared.repair.letter import PLATFORM
from shared.repair.letters import Chosen, Letters, Tally, Waiting, self_cause
from shared.repair.mending import Mended, Mender
from shared.repair.shelf import LetterShelf
from shared.store import Saved, Store
from shared.telemetry import Telemetry

_LEASE = timedelta(seconds=30)
_PAGE = 50
_POLL_SECONDS = 1.0
_SWEEP_SECONDS = 5.0
_CHECKED = 100
_LANES = 100

RunKind = Literal["replay", "discard"]


class Run(BaseModel):
    """One repair of many letters: what is to be done, and how far it has come."""

    model_config = ConfigDict(frozen=True)

    tenant: str = PLATFORM
    kind: RunKind
    chosen: Chosen
    as_of: datetime
    """Letters set aside later are left alone."""
    reason: str
    waiting: Waiting = "release"
    rate: float
    """Records a second, at most."""
    by: str
    total: int
    done: int = 0
    failed: int = 0
    passed_over: int = 0
    released: int = 0
    place: str = ""
    """Behind which letter to go on."""
    started_at: datetime
    busy_until: datetime | None = None
    """Until when others leave it to whoever works on it."""
    ended_at: datetime | None = None

    @property
    def status(self) -> Literal["running", "ended"]:
        """Whether it has come to its end."""
        return "running" if self.ended_at is None else "ended"


class Runs(Store[Run]):
    """One document per repair; due until it has ended."""

    model = Run
    unaudited = "how far a replay of letters has come"

    def due(self, state: Run) -> datetime | None:
        """At once, and again when whoever works on it has not been heard of for a while."""
        return None if state.ended_at else state.busy_until or state.started_at


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a repair would do: letters by kind, those waiting behind, and what a look showed."""

    as_of: datetime
    tallies: tuple[Tally, ...]
    total: int
    waiting: int
    checked: Mapping[str, int]
    """Of the first hundred records: how many would meet what."""


class Repair:
    """A service's repair shop: letters, repairs of many of them, and its own worker."""

    def __init__(
        self,
        runs: Runs,
        mender: Mender,
        shelf: LetterShelf,
        telemetry: Telemetry,
    ) -> None:
        self.letters = mender.letters
        self.runs = runs
        self.mender = mender
        self._now = mender.now
        self._shelf = shelf
        self._metrics = telemetry.metrics
        self._nudge = shelf.nudge

    @property
    def stores(self) -> tuple[Letters, Runs]:
        """What it keeps."""
        return self.letters, self.runs

    async def foresee(self, chosen: Chosen, *, look: bool) -> Foreseen:
        """What would be done now to these letters; ``look`` reads the first hundred records."""
        as_of = self._now()
        where = chosen.where(as_of)
        tallies = await self.letters.tally(where, ("open",))
        open_ones = {**where, "facets.status": "open"}
        first = await self.letters.next_after(open_ones, "", _CHECKED)
        checked: dict[str, int] = {}
        if look and first:
            async with self.mender.reading() as reader:
                for saved in first:
                    said = await self.mender.would(saved.state, reader)
                    checked[said] = checked.get(said, 0) + 1
        return Foreseen(
            as_of=as_of,
            tallies=tuple(tallies),
            total=sum(tally.count for tally in tallies),
            waiting=await self._waiting_behind(open_ones),
            checked=checked,
        )

    async def begin(self, run_id: str, run: Run) -> Saved[Run]:
        """Write a repair down, to be worked off at once; the same id again changes nothing."""
        counted = await self.letters.tally(_where(run), ("open",))
        run = run.model_copy(update={"total": sum(tally.count for tally in counted)})
        try:
            saved = await self.runs.insert(run_id, run, (), self_cause(run.by, self._now()))
        except Conflict:
            saved = await self.runs.get(run_id, PLATFORM)
        self._nudge.set()
        return saved

    async def work(self) -> None:
        """Work off repairs, release lanes that nothing holds any more, and keep the figures."""
        swept = float("-inf")
        while True:
            loop = asyncio.get_running_loop()
            try:
                for saved in await self.runs.claim_due(self._now(), _LEASE, 1):
                    await self._work_off(saved.id)
                await self._try_again()
                if loop.time() - swept >= _SWEEP_SECONDS:
                    swept = loop.time()
                    await self._sweep()
                    await self._measure()
            except Unavailable as error:
                structlog.get_logger().warning("repair waits", reason=error.detail)
            try:
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._nudge.wait()
            except TimeoutError:
                continue
            self._nudge.clear()

    async def _work_off(self, run_id: str) -> None:
        run = (await self.runs.get(run_id, PLATFORM)).state
        async with self.mender.reading() as reader:
            pace = _Pace(run.rate)

            async def mend(letter_id: str) -> Mended:
                if run.kind == "replay":
                    return await self.mender.replay(
                        letter_id, reader, by=run.by, reason=run.reason, pace=pace
                    )
                return await self.mender.discard(
                    letter_id,
                    reader,
                    by=run.by,
                    reason=run.reason,
                    waiting=run.waiting,
                    pace=pace,
                )

            while found := await self.letters.next_after(_where(run), run.place, _PAGE):
                for saved in found:
                    await pace()
                    try:
                        mended = await mend(saved.id)
                    except (Conflict, NotFound):
                        mended = Mended("passed over")
                    run = await self._note(run_id, saved.state.place, mended)
        await self._save(run_id, lambda run: run.model_copy(update={"ended_at": self._now()}))

    async def _note(self, run_id: str, place: str, mended: Mended) -> Run:
        counts = {"passed over": "passed_over", "failed": "failed"}
        name = counts.get(mended.result, "done")

        def noted(run: Run) -> Run:
            return run.model_copy(
                update={
                    "place": place,
                    "busy_until": self._now() + _LEASE,
                    name: getattr(run, name) + 1,
                    "released": run.released + mended.released,
                }
            )

        return await self._save(run_id, noted)

    async def _save(self, run_id: str, change: Callable[[Run], Run]) -> Run:
        cause = self_cause("repair", self._now())
        saved = await self.runs.update(run_id, lambda run: (change(run), ()), cause, remember=False)
        return saved.state

    async def _try_again(self) -> None:
        if not self._shelf.stirred:
            return
        async with self.mender.reading() as reader:
            for lane in list(self._shelf.stirred):
                # Taken off first: what stirs it again meanwhile is worth another try.
                self._shelf.stirred.discard(lane)
                try:
                    await self.mender.try_again(lane, reader, by="repair")
                except Unavailable:
                    self._shelf.stirred.add(lane)
                    raise

    async def _sweep(self) -> None:
        lanes = await self.letters.lanes_free(_LANES)
        if not lanes:
            return
        async with self.mender.reading() as reader:
            for lane in lanes:
                await self.mender.release(lane, reader, by="repair")

    async def _measure(self) -> None:
        tallies = await self.letters.tally({"tenant": PLATFORM}, ("open", "waiting"))
        now = self._now()
        self._metrics.dlq_open.clear()
        waiting = 0
        oldest = 0.0
        for tally in tallies:
            oldest = max(oldest, (now - tally.oldest).total_seconds())
            if tally.status == "waiting":
                waiting += tally.count
                continue
            self._metrics.dlq_open.labels(tally.group, tally.type, tally.error).set(tally.count)
        self._metrics.dlq_waiting.set(waiting)
        self._metrics.dlq_oldest_seconds.set(oldest)

    async def _waiting_behind(self, where: Mapping[str, Any]) -> int:
        lanes = await self.letters.aggregate(
            [
                {"$match": {**where, "facets.in_line": True}},
                {"$group": {"_id": "$facets.lane"}},
            ]
        )
        return await self.letters.waiting_with([document["_id"] for document in lanes])


class _Pace:
    """At most so many records a second, evenly."""

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate
        self._next = 0.0

    async def __call__(self) -> None:
        loop = asyncio.get_running_loop()
        wait = self._next - loop.time()
        self._next = max(self._next, loop.time()) + self._gap
        if wait > 0:
            await asyncio.sleep(wait)


def _where(run: Run) -> dict[str, Any]:
    where = run.chosen.where(run.as_of)
    return {
        "$and": [where, {"facets.at": {"$lte": run.as_of}}],
        "facets.status": "open",
    }
