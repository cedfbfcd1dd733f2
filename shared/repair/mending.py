"""Replaying and discarding letters, and letting go of what waited behind them, in order.

A replay gives the record to the very code of the group that failed, in this service, and to
no other group: it is not published anew. Handlers know causes they have applied, so a replay
that is repeated, or that follows a crash, changes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog

from shared.bus import Applier, Record, RecordReader, is_passing, original_headers, reason_of
from shared.bus.topics import DEAD_LETTERS, topic_name
from shared.errors import Conflict, Invalid, LinkwayError, NotFound
from shared.ids import new_id
from shared.repair.letter import (
    Act,
    Letter,
    applied,
    discarded,
    failed_again,
    holds_back,
    left,
    seen_into,
    taken,
)
from shared.repair.letters import Letters, Waiting, self_cause
from shared.settings import ServiceSettings
from shared.store import Saved

_LEASE = timedelta(seconds=60)
"""Longer than a handler may take (``Patience.attempt``)."""

Result = Literal["replayed", "failed", "discarded", "passed over"]
Pace = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Mended:
    """What came of one letter, and of those that waited behind it."""

    result: Result
    released: int = 0
    release_failed: int = 0


@dataclass(frozen=True, slots=True)
class _Copied:
    """A record given back from its dead letter."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


async def at_once() -> None:
    """No pause between records."""


class Mender:
    """Works on the letters of one service; ``appliers`` by consumer group."""

    def __init__(
        self,
        letters: Letters,
        appliers: Mapping[str, Applier[Any]],
        settings: ServiceSettings,
        now: Callable[[], datetime],
    ) -> None:
        self.letters = letters
        self.appliers = appliers
        self.now = now
        self._settings = settings
        self._name = f"{settings.service}-{new_id()}"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[RecordReader]:
        """A reader of records. Raises Unavailable when Kafka is away."""
        async with RecordReader(self._settings) as reader:
            yield reader

    async def record_of(self, letter: Letter, reader: RecordReader) -> Record:
        """The record as it was sent: from its topic or, where it is gone there, its copy.

        Raises NotFound where neither is there any more.
        """
        try:
            return await reader.at(letter.topic, letter.partition, letter.offset)
        except NotFound:
            if letter.copy_partition is None or letter.copy_offset is None:
                raise
        copy = await reader.at(
            topic_name(self._settings, DEAD_LETTERS), letter.copy_partition, letter.copy_offset
        )
        return _Copied(
            letter.topic,
            letter.partition,
            letter.offset,
            copy.key,
            copy.value,
            original_headers(copy.headers),
        )

    async def would(self, letter: Letter, reader: RecordReader) -> str:
        """What a replay would meet, as far as it can be told without applying anything."""
        applier = self.appliers.get(letter.group)
        if applier is None:
            return "no consumer of that group runs here any more"
        try:
            read = applier.read(await self.record_of(letter, reader))
        except NotFound:
            return "the record is gone from its topic"
        except Invalid as error:
            return f"still cannot be read: {reason_of(error)}"
        return "would be passed over: nobody listens to it" if read is None else "would be applied"

    async def replay(
        self,
        letter_id: str,
        reader: RecordReader,
        *,
        by: str,
        reason: str = "",
        pace: Pace = at_once,
    ) -> Mended:
        """Replay an open letter, then release what waited behind it.

        Raises Conflict where it is settled, waits behind another or is being replayed,
        Unavailable where the record cannot be had or applied just now.
        """
        saved = await self.letters.one(letter_id)
        await self._in_turn(saved.state)
        result = await self._apply(saved.id, reader, by=by, reason=reason, released=False)
        return await self._then_release(saved.state.lane, reader, result, by, pace)

    async def discard(
        self,
        letter_id: str,
        reader: RecordReader,
        *,
        by: str,
        reason: str,
        waiting: Waiting = "release",
        pace: Pace = at_once,
    ) -> Mended:
        """Give a letter up, then release, or discard as well, what waited behind it.

        Raises Conflict where it is settled or being replayed.
        """
        saved = await self.letters.one(letter_id)
        lane = saved.state.lane
        act = Act(kind="discarded", at=self.now(), by=by, reason=reason)
        await self._change(saved.id, lambda letter: discarded(letter, act, self.now()))
        if waiting == "discard" and saved.state.in_line:
            await self._discard_behind(saved.state, act)
        return await self._then_release(lane, reader, "discarded", by, pace)

    async def try_again(self, lane: str, reader: RecordReader, *, by: str) -> None:
        """Try a line from its head, where that only missed something which may have come."""
        first, _ = await self.letters.line(lane)
        if first is not None and first.misses:
            id_ = self.letters.id_of(first.group, first.topic, first.partition, first.offset)
            try:
                await self._apply(id_, reader, by=by, reason="", released=True)
            except Conflict:
                return
        await self.release(lane, reader, by=by)

    async def release(
        self, lane: str, reader: RecordReader, *, by: str, pace: Pace = at_once
    ) -> tuple[int, int]:
        """Apply what only waits at the head of a lane, in order, until one is in the way.

        How many were applied and how many failed. Another who releases the same lane at the
        same time is left to it.
        """
        done = failed = 0
        while True:
            first, _ = await self.letters.line(lane)
            if first is None or first.status != "waiting":
                return done, failed
            await pace()
            id_ = self.letters.id_of(first.group, first.topic, first.partition, first.offset)
            try:
                result = await self._apply(id_, reader, by=by, reason="", released=True)
            except Conflict:
                return done, failed
            done += result == "replayed"
            failed += result == "failed"

    async def look_into(
        self, letter_id: str, reader: RecordReader, *, by: str, reason: str
    ) -> Record:
        """The record itself, for someone who says why; that they looked is written down first."""
        act = Act(kind="unmasked", at=self.now(), by=by, reason=reason)
        saved = await self._change(letter_id, lambda letter: seen_into(letter, act))
        return await self.record_of(saved.state, reader)

    async def _then_release(
        self, lane: str, reader: RecordReader, result: Result, by: str, pace: Pace
    ) -> Mended:
        done, failed = await self.release(lane, reader, by=by, pace=pace)
        return Mended(result, done, failed)

    async def _in_turn(self, letter: Letter) -> None:
        first, _ = await self.letters.line(letter.lane)
        if letter.in_line and first is not None and first.place < letter.place:
            head = self.letters.id_of(first.group, first.topic, first.partition, first.offset)
            raise Conflict(
                f"The letter waits behind {head}: replay or discard that one, and this one "
                "follows by itself.",
                {"behind": head},
            )

    async def _apply(
        self, letter_id: str, reader: RecordReader, *, by: str, reason: str, released: bool
    ) -> Result:
        saved = await self._change(
            letter_id, lambda letter: taken(letter, self._name, self.now(), _LEASE)
        )
        letter = saved.state
        try:
            applier = self._applier(letter)
            said = await applier.once(await self.record_of(letter, reader))
        except Exception as error:
            if is_passing(error):
                await self._change(letter_id, left)
                raise
            await self._fail(letter_id, letter, error, by=by, reason=reason, released=released)
            return "failed"
        kind: Literal["released", "replayed"] = "released" if released else "replayed"
        act = Act(kind=kind, at=self.now(), by=by, reason=reason or said)
        await self._change(letter_id, lambda letter: applied(letter, act))
        structlog.get_logger().info(
            f"dead letter {kind}", letter=letter_id, group=letter.group, by=by, result=said
        )
        return "replayed"

    async def _fail(
        self,
        letter_id: str,
        letter: Letter,
        error: Exception,
        *,
        by: str,
        reason: str,
        released: bool,
    ) -> None:
        if not isinstance(error, LinkwayError):
            structlog.get_logger().error("handler failed", exc_info=error)
        kind: Literal["release_failed", "replay_failed"] = (
            "release_failed" if released else "replay_failed"
        )
        act = Act(kind=kind, at=self.now(), by=by, reason=reason)
        await self._change(
            letter_id,
            lambda letter: failed_again(
                letter,
                act,
                error=type(error).__name__,
                reason=reason_of(error),
                blocks=holds_back(error),
            ),
        )
        structlog.get_logger().warning(
            "dead letter failed again",
            letter=letter_id,
            group=letter.group,
            error=type(error).__name__,
            by=by,
        )

    def _applier(self, letter: Letter) -> Applier[Any]:
        applier = self.appliers.get(letter.group)
        if applier is None:
            raise Conflict(
                f"No consumer of the group {letter.group} runs in this service any more.",
                {"groups": sorted(self.appliers)},
            )
        return applier

    async def _discard_behind(self, head: Letter, act: Act) -> None:
        where = {"tenant": head.tenant, "facets.lane": head.lane, "facets.status": "waiting"}
        place = head.place
        while found := await self.letters.next_after(where, place, 100):
            for saved in found:
                await self._change(saved.id, lambda letter: discarded(letter, act, self.now()))
            place = found[-1].state.place

    async def _change(self, letter_id: str, change: Callable[[Letter], Letter]) -> Saved[Letter]:
        return await self.letters.update(
            letter_id,
            lambda letter: (change(letter), ()),
            self_cause(self._settings.service, self.now()),
            remember=False,
        )
