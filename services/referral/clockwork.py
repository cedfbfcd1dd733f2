"""Rings the clocks of referrals that are due: reminders, expiries, reviews.

Replicas share the work: each referral due is claimed by one, and what was told is written
down with its fact, so that a clock rings once even if the claim runs out halfway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from services.referral import handlers
from services.referral.domain.referral import Referral
from services.referral.store import Stores
from shared.cause import Actor, Cause
from shared.errors import LinkwayError, Unavailable
from shared.ids import derived_id

log = structlog.get_logger("clocks")

_BATCH = 64
_LEASE = timedelta(seconds=60)


class Clockwork:
    """``run`` rings what is due until it is cancelled; ``now`` is the service's time."""

    def __init__(self, stores: Stores, now: Callable[[], datetime], *, poll: timedelta) -> None:
        self._stores = stores
        self._now = now
        self._poll = poll.total_seconds()

    async def run(self) -> None:
        """Ring what is due at each poll."""
        while True:
            try:
                while await self.ring_due() == _BATCH:
                    pass
            except Unavailable:
                log.warning("clocks-put-off", reason="database")
            await asyncio.sleep(self._poll)

    async def ring_due(self) -> int:
        """Ring one batch of what is due by now; how many referrals it was."""
        now = self._now()
        claimed = await self._stores.referrals.claim_due(now, _LEASE, _BATCH)
        await asyncio.gather(*(self._ring(saved.state, now) for saved in claimed))
        return len(claimed)

    async def _ring(self, referral: Referral, now: datetime) -> None:
        try:
            saved = await handlers.ring(self._stores, referral, _cause(referral, now))
        except Unavailable:
            raise
        except LinkwayError as error:
            # It comes back when its claim runs out; the others go on meanwhile.
            log.error("clock-failed", referral_id=referral.id, reason=error.category)  # noqa: TRY400 - a category, no details
            return
        log.info("clock-rang", referral_id=referral.id, current_status=saved.state.status.value)


def _cause(referral: Referral, now: datetime) -> Cause:
    return Cause(
        id=derived_id(referral.id, "clock", now.isoformat()),
        actor=Actor(
            subject="referral",
            role="service",
            organisation=referral.provider_organisation_id,
            tenant=referral.tenant,
        ),
        at=now,
        repeatable=True,
    )
