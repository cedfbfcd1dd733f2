"""What a store tells the audit of its own changes, before it makes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog

from shared.audit.lines import Entry, Touched, Who, entries, voiding
from shared.audit.trail import Trail
from shared.cause import Cause
from shared.errors import Unavailable

if TYPE_CHECKING:
    from shared.audit.journal import Journal

Told = tuple[int, Entry]
"""A line that was written down, with its number."""


class Witness:
    """Tells one service's journal of the changes to one kind of record.

    A line is safe before its change is made, as in a database's own log: a process that dies
    in between has told of a change too many, never of one too few.
    """

    def __init__(self, journal: Journal, kind: str) -> None:
        self._journal = journal
        self._kind = kind

    def line(
        self,
        action: str,
        record_id: str,
        about: Sequence[str],
        cause: Cause,
        trail: Trail | None,
        **more: Any,
    ) -> Entry:
        """The line that tells of one change; ``more`` as ``AuditLine`` has it."""
        if trail is None:
            who = Who.of(cause.actor, cause.id)
        else:
            trail.actor = trail.actor or cause.actor
            who = trail.who(cause.actor)
        touched = Touched(self._kind, record_id, tuple(dict.fromkeys(about)))
        return entries(who, action, self._journal.now(), [touched], **more)[0]

    async def tell(self, lines: Sequence[Entry]) -> Sequence[Told]:
        """Write the lines down. Raises Unavailable: nothing of it may then be done."""
        if not lines:
            return []
        first = await self._journal.write(lines)
        return list(enumerate(lines, start=first))

    async def take_back(self, told: Sequence[Told], made: Sequence[bool]) -> None:
        """Say of each change that was told and not made that it was not.

        Where that cannot be written the first line stands alone, and tells of too much.
        """
        void = [line for line, done in zip(told, made, strict=True) if not done]
        if not void:
            return
        at = self._journal.now()
        try:
            await self._journal.write([voiding(number, entry, at) for number, entry in void])
        except Unavailable:
            numbers = [number for number, _ in void]
            structlog.get_logger().warning("audit lines not taken back", lines=numbers)
