"""The time, as one service sees it. Everything that reads the time while serving asks this."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """The present; a demonstration may move it forward to see what falls due."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The present time, in UTC."""
        return datetime.now(UTC) + self._ahead

    @property
    def ahead(self) -> timedelta:
        """How far it was moved."""
        return self._ahead

    def advance(self, by: timedelta) -> None:
        """Move it forward. Raises ValueError for a step back: clocks that rang have rung."""
        if by < timedelta(0):
            raise ValueError("a clock only moves forward")
        self._ahead += by
