"""Sends what is due. Deliveries are recorded first: this only ever works off the record.

A delivery is claimed for longer than an attempt may take, sent, and its attempt written
down. If the process dies in between, the claim runs out and the message goes again under
the same id. Each organisation has a lane of its own, so that a slow receiver holds up
nobody else.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

import stamina
import structlog

from services.notifications import handlers
from services.notifications.domain import Delivery, Outcome, RetryPolicy, Subscription
from services.notifications.store import Stores
from shared.errors import Contended, Unavailable
from shared.events import Channel

log = structlog.get_logger("deliveries")

_BATCH = 32


class Sender(Protocol):
    """Sends by one channel; takes no longer than the timeout the worker knows."""

    async def send(self, delivery: Delivery, subscription: Subscription) -> Outcome:
        """One attempt."""


class DeliveryWorker:
    """``run`` sends due deliveries until it is cancelled, then ends those under way.

    ``lane`` bounds the attempts under way for one organisation, ``capacity`` those for
    all; ``send_timeout`` is the longest an attempt may take, ``recording`` how long to go
    on trying to write it down while the database is away, ``graceful`` the time for
    attempts under way when stopping.
    """

    def __init__(
        self,
        stores: Stores,
        senders: Mapping[Channel, Sender],
        *,
        policy: RetryPolicy,
        send_timeout: timedelta,
        lane: int,
        capacity: int,
        poll: timedelta,
        graceful: timedelta,
        recording: timedelta = timedelta(seconds=15),
    ) -> None:
        self._stores = stores
        self._senders = senders
        self._policy = policy
        self._send_timeout = send_timeout
        self._lease = send_timeout + recording
        self._recording = recording
        self._lane = lane
        self._poll = poll.total_seconds()
        self._graceful = graceful.total_seconds()
        self._lanes: dict[str, asyncio.Semaphore] = {}
        self._in_hand: Counter[str] = Counter()
        self._under_way = asyncio.Semaphore(capacity)
        self._tasks: set[asyncio.Task[None]] = set()
        self._held_back = False
        self._stopping = False

    async def run(self) -> None:
        """Send what is due, at once when told of something new, else at each poll."""
        self._stopping = False
        try:
            while True:
                self._stores.deliveries.recorded.clear()
                try:
                    full = await self._claim()
                except Unavailable:
                    log.warning("deliveries-not-claimed", reason="database")
                    full = False
                if not full:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._poll):
                            await self._stores.deliveries.recorded.wait()
        finally:
            await self._finish()

    async def _claim(self) -> bool:
        """Claim some of what is due, for lanes with room; true when there may be more."""
        async with self._under_way:  # wait for room, then give it to whom it is claimed for
            pass
        busy = [name for name, count in self._in_hand.items() if count >= self._lane]
        self._held_back = bool(busy)
        claimed_at = datetime.now(UTC)
        claimed = await self._stores.deliveries.claim_due(
            claimed_at,
            self._lease,
            _BATCH,
            where={"state.organisation_id": {"$nin": busy}} if busy else None,
        )
        for saved in sorted(claimed, key=lambda saved: saved.created_at):
            self._in_hand[saved.state.organisation_id] += 1
            task = asyncio.create_task(self._work_off(saved.state, claimed_at))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(claimed) == _BATCH

    async def _work_off(self, delivery: Delivery, claimed_at: datetime) -> None:
        organisation = delivery.organisation_id
        lane = self._lanes.setdefault(organisation, asyncio.Semaphore(self._lane))
        try:
            async with lane, self._under_way:
                # After too long a wait in the lane another replica may have the claim.
                waited = datetime.now(UTC) - claimed_at
                if not self._stopping and waited + self._send_timeout < self._lease:
                    await self._attempt(delivery)
        except Unavailable:
            log.warning("delivery-put-off", delivery_id=delivery.id, reason="database")
        finally:
            self._in_hand[organisation] -= 1
            if not self._in_hand[organisation]:
                del self._in_hand[organisation], self._lanes[organisation]
            if self._held_back:
                self._stores.deliveries.recorded.set()

    async def _attempt(self, delivery: Delivery) -> None:
        found = await self._stores.subscriptions.get(delivery.subscription_id, delivery.tenant)
        started = datetime.now(UTC)
        if found.state.status != "active":
            await handlers.cancel(self._stores, delivery, started)
            return
        try:
            outcome = await self._senders[delivery.channel].send(delivery, found.state)
        except Exception:
            # A fault of ours: retried by the schedule, so that it ends and others go on.
            log.exception("attempt-failed", delivery_id=delivery.id)
            outcome = Outcome(code="not_sent")
        ended = datetime.now(UTC)
        jitter = random.random()  # noqa: S311 - spreads load, guards nothing
        async for attempt in stamina.retry_context(
            on=(Unavailable, Contended), attempts=None, timeout=self._recording
        ):
            with attempt:
                saved = await handlers.record_attempt(
                    self._stores,
                    delivery,
                    outcome,
                    started=started,
                    ended=ended,
                    policy=self._policy,
                    jitter=jitter,
                )
        log.info(
            "attempt",
            delivery_id=delivery.id,
            event_type=delivery.about.type,
            outcome=outcome.code,
            attempts=len(saved.state.attempts),
            status=saved.state.status,
        )

    async def _finish(self) -> None:
        self._stopping = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._graceful)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
