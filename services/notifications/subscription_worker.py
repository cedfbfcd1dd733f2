"""Does what is due about subscriptions: challenges, notices, and orders to send again.

All of it stands in the subscription's own document. It is claimed for longer than it may
take, done, and written down; after a crash it is done again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

import stamina
import structlog

from services.notifications import handlers
from services.notifications.domain import (
    Challenge,
    Notice,
    Outcome,
    Resend,
    RetryPolicy,
    Subscription,
)
from services.notifications.store import Stores
from shared.errors import Contended, Unavailable
from shared.store import Saved

log = structlog.get_logger("subscriptions")

_BATCH = 16
_MOST = 64
"""Subscriptions in hand at once."""


class Challenger(Protocol):
    """Asks an address to prove whose it is, within the time limit the worker knows."""

    async def challenge(self, subscription: Subscription, challenge: Challenge) -> Outcome:
        """One attempt."""


class Correspondent(Challenger, Protocol):
    """Writes to organisations."""

    async def notice(self, subscription: Subscription, notice: Notice) -> Outcome:
        """One attempt."""


class SubscriptionWorker:
    """``run`` does what is due until it is cancelled."""

    def __init__(
        self,
        stores: Stores,
        *,
        webhooks: Challenger,
        mail: Correspondent,
        policy: RetryPolicy,
        send_timeout: timedelta,
        poll: timedelta,
        recording: timedelta = timedelta(seconds=15),
    ) -> None:
        self._stores = stores
        self._webhooks = webhooks
        self._mail = mail
        self._policy = policy
        self._lease = 2 * send_timeout + recording
        self._recording = recording
        self._poll = poll.total_seconds()
        self._room = asyncio.Semaphore(_MOST)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Do what is due, at once when told of something new, else at each poll."""
        wanted = self._stores.subscriptions.wanted
        try:
            while True:
                wanted.clear()
                try:
                    full = await self._claim()
                except Unavailable:
                    log.warning("subscriptions-not-claimed", reason="database")
                    full = False
                if not full:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._poll):
                            await wanted.wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _claim(self) -> bool:
        async with self._room:
            pass
        due = await self._stores.subscriptions.claim_due(datetime.now(UTC), self._lease, _BATCH)
        for saved in due:
            task = asyncio.create_task(self._see_to(saved.state))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(due) == _BATCH

    async def _see_to(self, subscription: Subscription) -> None:
        try:
            async with self._room:
                if subscription.status == "pending" and subscription.challenge is not None:
                    await self._challenge(subscription, subscription.challenge)
                if subscription.notice is not None:
                    await self._notify(subscription, subscription.notice)
                if subscription.resend is not None and not subscription.resend.done:
                    await self._resend(subscription, subscription.resend)
        except (Unavailable, Contended):
            log.warning("subscription-put-off", subscription_id=subscription.id)
        except Exception:
            # A fault of ours, noted; the claim runs out and it is tried again.
            log.exception("subscription-failed", subscription_id=subscription.id)

    async def _challenge(self, subscription: Subscription, challenge: Challenge) -> None:
        sender = self._webhooks if subscription.channel == "webhook" else self._mail
        started = datetime.now(UTC)
        outcome = await sender.challenge(subscription, challenge)
        ended = datetime.now(UTC)
        saved = await self._written(
            lambda: handlers.record_challenge(
                self._stores,
                subscription,
                outcome,
                started=started,
                ended=ended,
                policy=self._policy,
                jitter=_jitter(),
            )
        )
        log.info(
            "challenge",
            subscription_id=subscription.id,
            outcome=outcome.code,
            status=saved.state.status,
        )

    async def _notify(self, subscription: Subscription, notice: Notice) -> None:
        outcome = await self._mail.notice(subscription, notice)
        ended = datetime.now(UTC)
        await self._written(
            lambda: handlers.record_notice(
                self._stores,
                subscription,
                notice,
                outcome,
                ended=ended,
                policy=self._policy,
                jitter=_jitter(),
            )
        )
        log.info("notice", subscription_id=subscription.id, outcome=outcome.code)

    async def _resend(self, subscription: Subscription, order: Resend) -> None:
        saved = await handlers.carry_out_resend(
            self._stores, subscription, order, datetime.now(UTC)
        )
        done = saved.state.resend
        log.info(
            "resend",
            subscription_id=subscription.id,
            requeued=done.requeued if done else 0,
        )

    async def _written(
        self, write: Callable[[], Awaitable[Saved[Subscription]]]
    ) -> Saved[Subscription]:
        """Go on writing it down while the database is away."""
        async for attempt in stamina.retry_context(
            on=(Unavailable, Contended), attempts=None, timeout=self._recording
        ):
            with attempt:
                saved = await write()
        return saved


def _jitter() -> float:
    return random.random()  # noqa: S311 - spreads load, guards nothing
