"""Sends persons what is due, asking anew at each attempt whether and how they may be reached.

A message is claimed for longer than an attempt may take. Before it is handed over that is
written down; should the process die in between, the carrier is asked whether it took it
before anything is sent again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import stamina
import structlog

from services.notifications.carrying import Carrying, reference_of
from services.notifications.domain.outcomes import RetryPolicy
from services.notifications.domain.person_messages import (
    PersonMessage,
)
from services.notifications.domain.reaching import (
    Go,
    Postpone,
    Reach,
    Reachability,
    Suppress,
    SuppressedReason,
    decide,
)
from services.notifications.domain.sending import (
    ReportCode,
    SendResult,
)
from services.notifications.handlers import people
from services.notifications.notify import NotifyAway
from services.notifications.owners import OwnerAway
from services.notifications.store import Stores
from services.notifications.wording import Wording
from shared.errors import Contended, NotFound, Unavailable

log = structlog.get_logger("people")

_AT_ONCE = 100
"""Messages that are claimed, and at most under way: asked about and written down together they
cost less."""
_GATHER_SHARE = 0.5
"""Of the poll: how long news waits for company, since messages that are claimed and asked about
together cost less."""


class Reaching(Protocol):
    """Who knows how a person may be reached."""

    async def reachability(self, person_id: str, tenant: str) -> Reachability:
        """How the person may be reached now. Raises OwnerAway, NotFound."""


class PeopleWorker:
    """``run`` sends due messages to persons until it is cancelled, then ends those under way.

    ``lease`` is longer than asking, sending and writing down take together.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        owners: Reaching,
        carrying: Carrying,
        wording: Wording,
        policy: RetryPolicy,
        lease: timedelta,
        poll: timedelta,
        graceful: timedelta,
        now: Callable[[], datetime],
        recording: timedelta = timedelta(seconds=15),
    ) -> None:
        self._stores = stores
        self._owners = owners
        self._carrying = carrying
        self._wording = wording
        self._policy = policy
        self._lease = lease
        self._poll = poll.total_seconds()
        self._graceful = graceful.total_seconds()
        self._now = now
        self._under_way = asyncio.Semaphore(_AT_ONCE)
        self._recording = recording
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Send what is due: soon after something new was recorded, else at each poll."""
        messages = self._stores.person_messages
        try:
            while True:
                messages.recorded.clear()
                try:
                    full = await self._claim()
                except Unavailable:
                    log.warning("person-messages-not-claimed", reason="database")
                    full = False
                if not full:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._poll):
                            await messages.recorded.wait()
                            await asyncio.sleep(_GATHER_SHARE * self._poll)
        finally:
            await self._finish()

    async def work_off(self) -> int:
        """Send all that is due now, and say how much that was: for tests with a clock of theirs."""
        claimed = await self._stores.person_messages.claim_due(self._now(), self._lease, _AT_ONCE)
        for saved in claimed:
            await self._one(saved.state)
        return len(claimed)

    async def _claim(self) -> bool:
        async with self._under_way:  # wait for room
            pass
        claimed = await self._stores.person_messages.claim_due(self._now(), self._lease, _AT_ONCE)
        for saved in claimed:
            task = asyncio.create_task(self._in_turn(saved.state))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(claimed) == _AT_ONCE

    async def _in_turn(self, message: PersonMessage) -> None:
        async with self._under_way:
            try:
                await self._one(message)
            except Unavailable:
                log.warning("person-message-put-off", message_id=message.id, reason="database")
            except Exception:
                # A fault of ours: the claim runs out and the message is looked at again.
                log.exception("person-message-failed", message_id=message.id)

    async def _one(self, message: PersonMessage) -> None:
        if message.status == "sent":
            await self._ask_how_it_went(message)
        elif await people.is_marked_deceased(self._stores, message):
            await self._suppress(message, "deceased")
        elif self._now() >= message.useless_after:
            await self._suppress(message, "too_late")
        else:
            await self._attempt(message)

    async def _attempt(self, message: PersonMessage) -> None:
        try:
            found = await self._owners.reachability(message.person_id, message.tenant)
        except OwnerAway:
            log.warning("person-message-deferred", message_id=message.id, reason="owner_away")
            await people.defer(self._stores, message, self._now())
            return
        except NotFound:
            await self._suppress(message, "unknown_person")
            return
        match decide(found, self._now(), message.useless_after, message.given_up):
            case Suppress(reason):
                await self._suppress(message, reason)
            case Postpone(until):
                await people.postpone(self._stores, message, until, self._now())
            case Go(reach):
                await self._send(message, found, reach)

    async def _send(self, message: PersonMessage, found: Reachability, reach: Reach) -> None:
        text = self._wording.render(
            message.template,
            channel=reach.channel,
            language=found.language,
            neutral=found.neutral_sender,
            given_names=found.given_names,
            start=message.start,
            mode=message.mode,
        )
        started = self._now()
        if message.sending_since is not None:
            try:
                taken = await self._taken_before(message)
            except NotifyAway:
                await people.defer(self._stores, message, started)
                return
            if taken is not None:
                await self._record(message, taken, started)
                return
        if not await people.begin(
            self._stores,
            message,
            started,
            channel=reach.channel,
            version=text.version,
            language=text.language,
        ):
            return
        try:
            result = await self._carrying.send(message, reach, text, neutral=found.neutral_sender)
        except Exception:
            # A fault of ours: retried by the schedule, so that it ends and others go on.
            log.exception("attempt-failed", message_id=message.id)
            result = SendResult(code="not_sent")
        await self._record(message, result, started)

    async def _taken_before(self, message: PersonMessage) -> SendResult | None:
        """What an attempt that was cut off led to, where its carrier can tell."""
        carrier = self._carrying.notify
        if carrier is None or message.channel not in {"sms", "letter"}:
            return None
        provider_id = await carrier.find(reference_of(message))
        if provider_id is None:
            return None
        return SendResult(code="accepted", provider_id=provider_id)

    async def _ask_how_it_went(self, message: PersonMessage) -> None:
        """No answer is as good as "on its way": asked again later, and in the end given up."""
        carrier = self._carrying.notify
        code: ReportCode = "on_its_way"
        if carrier is not None and message.provider_id is not None:
            with suppress(NotifyAway):
                code = await carrier.report(message.provider_id)
        await people.record_report(self._stores, message.id, message.tenant, code, self._now())

    async def _suppress(self, message: PersonMessage, reason: SuppressedReason) -> None:
        saved = await people.suppress(self._stores, message, reason, self._now())
        log.info("person-message", message_id=message.id, status=saved.state.status, reason=reason)

    async def _record(self, message: PersonMessage, result: SendResult, started: datetime) -> None:
        jitter = random.random()  # noqa: S311 - spreads load, guards nothing
        async for attempt in stamina.retry_context(
            on=(Unavailable, Contended), attempts=None, timeout=self._recording
        ):
            with attempt:
                saved = await people.record(
                    self._stores,
                    message,
                    result,
                    started=started,
                    ended=self._now(),
                    policy=self._policy,
                    jitter=jitter,
                )
        log.info(
            "person-message",
            message_id=message.id,
            template=message.template,
            outcome=result.code,
            status=saved.state.status,
        )

    async def _finish(self) -> None:
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._graceful)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
