"""Where a consumer puts what it cannot apply, and asks whose turn it is."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import structlog

from shared.bus import Copy, Record, Turn, event_type_of, reason_of
from shared.repair.letter import WAITS, Letter, holds_back, lane_of
from shared.repair.letters import Letters

MOST_WAITING = 1_000
"""How many may wait in one lane: a case has some fifty events in its life.

Beyond it later ones are tried by themselves, so that one lane cannot fill a database.
"""

_ID = re.compile(rb"[0-9a-f-]{36}")
_BEHIND = "Waits behind an earlier event of the same key."


class LetterShelf:
    """``shared.bus.Shelf`` on a service's own letters.

    Which lanes are held is known in memory, so that a service without letters pays nothing;
    whether a lane known as held still is, is asked of the database each time. Only the member
    that has a partition adds to its lanes, so what is in memory holds from one assignment to
    the next.
    """

    def __init__(self, letters: Letters) -> None:
        self.letters = letters
        self._held: dict[str, set[str]] = {}
        self.stirred: set[str] = set()
        """Lanes whose line is worth another try."""
        self.nudge = asyncio.Event()

    def forget(self, group: str) -> None:
        """Partitions came or went: look anew at which lanes are held."""
        self._held.pop(group, None)

    async def ready(self, group: str) -> None:
        """Know which lanes are held. Raises Unavailable when the database does not answer."""
        if group not in self._held:
            self._held[group] = await self.letters.lanes_held(group)

    async def turn(self, record: Record, group: str) -> Turn:
        """Whether the record may be applied now, though one of its lane before it was not."""
        held = self._held.get(group)
        if not held:
            return Turn.GO
        lane = lane_of(group, record.topic, record.partition, record.key)
        return await self._turn_in(lane, record, group) if lane in held else Turn.GO

    async def _turn_in(self, lane: str, record: Record, group: str) -> Turn:
        first, count = await self.letters.line(lane)
        if first is None:
            self._held[group].discard(lane)
            return Turn.GO
        if record.offset < first.offset:
            return Turn.GO
        if await self.letters.knows(group, record.topic, record.partition, record.offset):
            return Turn.WAIT
        if count > MOST_WAITING:
            structlog.get_logger().error("too many events wait in one lane", lane=lane, group=group)
            return Turn.GO
        return Turn.TRY if first.misses else Turn.WAIT

    async def wait(self, record: Record, group: str) -> None:
        """Let the record wait in its lane's line; one that has a letter already keeps that."""
        lane = lane_of(group, record.topic, record.partition, record.key)
        waiting = _letter(record, group, lane=lane, error=WAITS, reason=_BEHIND)
        await self.letters.put(waiting.model_copy(update={"status": "waiting"}))

    def moved(self, record: Record, group: str) -> None:
        """The record was applied on trial: what its lane waits for may have come."""
        self.stirred.add(lane_of(group, record.topic, record.partition, record.key))
        self.nudge.set()

    async def keep(
        self, record: Record, error: Exception, *, group: str, attempts: int, copy: Copy
    ) -> None:
        """Keep the letter of a record that failed; ``copy`` is where its copy lies."""
        lane = lane_of(group, record.topic, record.partition, record.key)
        letter = _letter(
            record, group, lane=lane, error=type(error).__name__, reason=reason_of(error)
        ).model_copy(
            update={
                "blocks": holds_back(error) and bool(lane),
                "attempts": attempts,
                "copy_partition": copy.partition,
                "copy_offset": copy.offset,
            }
        )
        await self.letters.put(letter)
        if letter.blocks:
            self._held.setdefault(group, set()).add(lane)


def _letter(record: Record, group: str, *, lane: str, error: str, reason: str) -> Letter:
    return Letter(
        group=group,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        lane=lane,
        status="open",
        blocks=False,
        error=error,
        reason=reason,
        attempts=0,
        event_type=event_type_of(record),
        event_id=_event_id(record),
        at=datetime.now(UTC),
    )


def _event_id(record: Record) -> str | None:
    """The event's id if it looks like one of ours: a header may hold anything."""
    sent = next((value for name, value in record.headers if name == "ce_id"), None)
    return sent.decode() if sent and _ID.fullmatch(sent) else None
