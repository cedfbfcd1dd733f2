"""Gives up waiting, in its own time, for practices that never answer a message back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from services.notifications.handlers import messages_back
from services.notifications.store import Stores
from shared.errors import Unavailable

log = structlog.get_logger("messages-back")

_LEASE = timedelta(seconds=30)


class ReturnsWorker:
    """``run`` looks every ``poll`` for messages back whose time is over."""

    def __init__(self, stores: Stores, *, now: Callable[[], datetime], poll: timedelta) -> None:
        self._stores = stores
        self._now = now
        self._poll = poll.total_seconds()

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                while await messages_back.time_out_due(self._stores, self._now(), lease=_LEASE):
                    pass
            except Unavailable:
                log.warning("messages-back-not-looked-at", reason="database")
            await asyncio.sleep(self._poll)
