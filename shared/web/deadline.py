"""How long a request may take, and how a route that has more to read asks for longer."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from time import monotonic


class Deadline:
    """Of one request. It passes ``seconds`` after it was made, unless it is moved or ended."""

    __slots__ = ("_began", "seconds", "timeout")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.timeout = asyncio.timeout(seconds)
        self._began = monotonic()

    def allow(self, seconds: float) -> None:
        """So many seconds since the request came, instead of what every request has."""
        left = self._began + seconds - monotonic()
        self.seconds = seconds
        self.timeout.reschedule(asyncio.get_running_loop().time() + left)

    def end(self) -> None:
        """Nothing is waited for any more."""
        self.timeout.reschedule(None)


DEADLINE: ContextVar[Deadline | None] = ContextVar("linkway_deadline", default=None)
"""Of the request that is being served."""


def allow_seconds(seconds: float) -> None:
    """Let the request that is being served take so long in all, until its answer begins.

    For a route that reads much for those who may ask it, once it is known that they may.
    """
    deadline = DEADLINE.get()
    if deadline is not None:
        deadline.allow(seconds)
