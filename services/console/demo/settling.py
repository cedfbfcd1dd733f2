"""Waiting until nothing is under way any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from services.console.demo.stores import Stores
from services.console.demo.topics import Topics

WITHIN = 90.0
"""Seconds to wait before it is called unsettled."""

_LOOK_AGAIN = 0.2


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What still waits: records with unsent events, unread records, messages to be sent."""

    unsent: int
    unread: int
    undelivered: int

    @property
    def nothing(self) -> bool:
        """Whether all has been done."""
        return self == UnderWay(0, 0, 0)

    def __str__(self) -> str:
        return (
            f"records unpublished {self.unsent:,}, events unapplied {self.unread:,}, "
            f"messages unsent {self.undelivered:,}"
        )


async def settle(
    stores: Stores,
    topics: Topics,
    *,
    show: Callable[[UnderWay], None],
    within: float = WITHIN,
) -> UnderWay:
    """Wait until nothing waits, twice in a row with nothing new between; at last what still does.

    Twice, because an event applied may make another after its outbox was looked at.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    quiet_at: int | None = None
    while True:
        waits = UnderWay(await stores.unsent(), await topics.unread(), await stores.undelivered())
        written = await topics.written()
        if waits.nothing and written == quiet_at:
            return waits
        quiet_at = written if waits.nothing else None
        if loop.time() >= deadline:
            return waits
        show(waits)
        await asyncio.sleep(_LOOK_AGAIN)
