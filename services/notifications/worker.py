"""Sends what is due. Deliveries are recorded first: this only ever works off the record.

A delivery is claimed for longer than an attempt may take, sent, and its attempt written
down. If the process dies in between, the claim runs out and the message goes again under
the same id. Each receiver has a lane of its own, so that a slow one holds up nobody else.

Messages of one line (one case or service, to one receiver) go in order: only the first in
the line is sent, by whichever replica, and those behind it are held back until it has been
taken or given up.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
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
_GATHER_SECONDS = 0.25
"""How long a message waits for company. Those that are claimed together are looked up and written
down together, and one alone costs as many commands as twenty."""
_GATHER_SHARE = 0.25
"""Of the poll, at most."""


class Sender(Protocol):
    """Sends by one channel; takes no longer than the timeout the worker knows."""

    async def send(self, delivery: Delivery, subscription: Subscription) -> Outcome:
        """One attempt."""


class _Lane:
    """The places of one receiver: all of them while it answers, else a single one."""

    def __init__(self, places: int) -> None:
        self.places = asyncio.Semaphore(places)
        self.single = asyncio.Semaphore(1)


class DeliveryWorker:
    """``run`` sends due deliveries until it is cancelled, then ends those under way.

    ``lane`` bounds the attempts under way for one receiver, ``capacity`` those for all; a
    receiver that did not answer in time is tried one message at a time until it does, so
    that many silent ones do not use up the capacity. ``send_timeout`` is the longest an
    attempt may take, ``recording`` how long to go on trying to write it down while the
    database is away, ``graceful`` the time for attempts under way when stopping.
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
        self._gather = min(_GATHER_SECONDS, _GATHER_SHARE * self._poll)
        self._graceful = graceful.total_seconds()
        self._lanes: dict[str, _Lane] = {}
        self._slow: set[str] = set()
        self._in_hand: Counter[str] = Counter()
        self._under_way = asyncio.Semaphore(capacity)
        self._tasks: set[asyncio.Task[None]] = set()
        self._left_out = False
        self._stopping = False

    async def run(self) -> None:
        """Send what is due: soon after something new was recorded, else at each poll."""
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
                            await asyncio.sleep(self._gather)
        finally:
            await self._finish()

    async def _claim(self) -> bool:
        """Claim some of what is due, for lanes with room; true when there may be more."""
        async with self._under_way:  # wait for room, then give it to whom it is claimed for
            pass
        busy = [name for name, count in self._in_hand.items() if count >= self._lane]
        self._left_out = bool(busy)
        claimed_at = datetime.now(UTC)
        claimed = await self._stores.deliveries.claim_due(
            claimed_at,
            self._lease,
            _BATCH,
            where={"state.subscription_id": {"$nin": busy}} if busy else None,
        )
        lines: dict[tuple[str, str], list[Delivery]] = {}
        for saved in sorted(claimed, key=lambda saved: (saved.state.place, saved.id)):
            lines.setdefault((saved.state.tenant, saved.state.line), []).append(saved.state)
        for line in lines.values():
            self._in_hand[line[0].subscription_id] += len(line)
            task = asyncio.create_task(self._work_off(line, claimed_at))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(claimed) == _BATCH

    async def _work_off(self, line: Sequence[Delivery], claimed_at: datetime) -> None:
        receiver = line[0].subscription_id
        lane = self._lanes.setdefault(receiver, _Lane(self._lane))
        try:
            await self._in_order(line, claimed_at, lane)
        except Unavailable:
            log.warning("delivery-put-off", delivery_id=line[0].id, reason="database")
        finally:
            self._in_hand[receiver] -= len(line)
            if not self._in_hand[receiver]:
                del self._in_hand[receiver], self._lanes[receiver]
            if self._left_out:
                self._stores.deliveries.recorded.set()

    async def _in_order(self, line: Sequence[Delivery], claimed_at: datetime, lane: _Lane) -> None:
        """Send each once the one before it has ended; hold back those whose turn it is not."""
        for at, delivery in enumerate(line):
            places = lane.single if delivery.subscription_id in self._slow else lane.places
            async with places, self._under_way:
                # After too long a wait in the lane another replica may have the claim.
                now = datetime.now(UTC)
                if self._stopping:
                    await self._give_back(line[at:], now)
                    return
                if now - claimed_at + self._send_timeout >= self._lease:
                    break
                first = await self._stores.deliveries.head(delivery)
                if first is None:
                    continue
                if first.id != delivery.id:
                    await self._hold_back(line[at:], first.state)
                    return
                after = await self._attempt(first.state)
            if after.status == "queued":
                await self._hold_back(line[at + 1 :], after)
                return
        await handlers.let_next_go(self._stores, line[0], datetime.now(UTC))

    async def _give_back(self, unsent: Sequence[Delivery], now: datetime) -> None:
        """Claimed and not begun: whoever works after this process sends them at once."""
        await asyncio.gather(*(handlers.give_back(self._stores, each, now) for each in unsent))

    async def _hold_back(self, waiting: Sequence[Delivery], first: Delivery) -> None:
        """Let these wait until ``first`` has ended.

        Whoever ends it lets the next one go. Should that process die in between, or not see
        yet that somebody waits, the next is looked at when ``first`` must have been tried.
        """
        if not waiting:
            return
        now = datetime.now(UTC)
        until = max(first.next_attempt_at or now, now) + self._lease
        await asyncio.gather(
            *(handlers.hold_back(self._stores, each, until, now) for each in waiting)
        )
        await handlers.let_next_go(self._stores, first, now)  # it may have ended meanwhile

    async def _attempt(self, delivery: Delivery) -> Delivery:
        found = await self._stores.subscriptions.get(delivery.subscription_id, delivery.tenant)
        started = datetime.now(UTC)
        if found.state.status != "active":
            return await handlers.cancel(self._stores, delivery, started)
        try:
            outcome = await self._senders[delivery.channel].send(delivery, found.state)
        except Exception:
            # A fault of ours: retried by the schedule, so that it ends and others go on.
            log.exception("attempt-failed", delivery_id=delivery.id)
            outcome = Outcome(code="not_sent")
        ended = datetime.now(UTC)
        if outcome.code == "timed_out":
            self._slow.add(delivery.subscription_id)
        else:
            self._slow.discard(delivery.subscription_id)
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
        return saved.state

    async def _finish(self) -> None:
        self._stopping = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._graceful)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
