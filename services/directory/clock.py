"""Asks organisations in time to confirm what is said of their services."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from services.directory import handlers
from services.directory.domain import AssuranceRules
from services.directory.store import Stores
from shared.errors import Unavailable

log = structlog.get_logger("clock")

_LEASE = timedelta(minutes=5)


class AssuranceClock:
    """``run`` asks what is due until it is cancelled; any number of replicas may.

    It looks every ``poll``, and at once again while there is more; ``now`` tells the time.
    """

    def __init__(
        self,
        stores: Stores,
        rules: AssuranceRules,
        *,
        poll: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._stores = stores
        self._rules = rules
        self._poll = poll.total_seconds()
        self._now = now

    async def run(self) -> None:
        """Look, rest, and look again."""
        while True:
            try:
                while await self.tick():
                    pass
            except Unavailable:
                log.warning("assurance-put-off", reason="database")
            await asyncio.sleep(self._poll)

    async def tick(self) -> int:
        """Ask for some of what is due; how many services were looked at."""
        return await handlers.ask_for_assurance(self._stores, self._rules, self._now(), _LEASE)
