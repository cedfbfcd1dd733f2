"""A service's connection to Kafka, from waiting for it to a clean end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from shared.bus.batch import Applier, Patience
from shared.bus.broker import Publisher
from shared.bus.consumer import Consumer, StoresT
from shared.bus.dead_letters import DeadLetters
from shared.bus.ending import end_tasks, heed_cancellation
from shared.bus.shelf import NoShelf, Shelf
from shared.bus.subscription import Subscription
from shared.bus.topics import (
    ALL_TOPICS,
    AUDIT_ANCHORS,
    DEAD_LETTERS,
    ensure_topics,
    topic_name,
)
from shared.errors import Unavailable
from shared.relay import Relay
from shared.settings import ServiceSettings
from shared.store import Collection
from shared.telemetry import Telemetry

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_WATCH_SECONDS = 5.0
_LEAST_CLOSE_SECONDS = 0.5
_CONSUMER_SHARE = 0.6
_PUT_SECONDS = 10.0

Check = Callable[[], Awaitable[None]]


class Bus:
    """Say what to ``consume`` and to ``relay``, then keep ``run`` running.

    A service serves HTTP while Kafka is away: its events wait in the outboxes. It touches no
    topic but those it consumes, those it ``publishes`` to and the dead letters, so that its
    Kafka user need not see any other.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        telemetry: Telemetry,
        shelf: Shelf | None = None,
        *,
        publishes: Iterable[str] = ALL_TOPICS,
    ) -> None:
        self._shelf = shelf or NoShelf()
        self.appliers: dict[str, Applier[Any]] = {}
        """By group: the code of each consumer, to apply single records by again."""
        self._settings = settings
        self._topics = {*publishes, AUDIT_ANCHORS, DEAD_LETTERS}
        self._telemetry = telemetry
        self._publisher = Publisher(settings)
        self._dead_letters = DeadLetters(self._publisher, settings, telemetry)
        self._subscribe: list[Callable[[], Subscription[Any]]] = []
        self._subscriptions: dict[int, Subscription[Any]] = {}
        self._outboxes: Sequence[Collection] = ()
        self._relay: Relay | None = None
        self._running = False

    def consume(
        self, consumer: Consumer[StoresT], stores: StoresT, *, patience: Patience | None = None
    ) -> None:
        """Apply the events ``consumer`` listens to. Each consumer of a bus is its own group."""

        def subscribe() -> Subscription[StoresT]:
            return Subscription(
                consumer,
                stores,
                self._dead_letters,
                self._settings,
                self._telemetry,
                shelf=self._shelf,
                patience=patience or Patience(),
            )

        group = topic_name(self._settings, consumer.service)
        self.appliers[group] = Applier(
            consumer,
            stores,
            self._dead_letters,
            self._telemetry,
            shelf=self._shelf,
            group=group,
            patience=patience or Patience(),
        )
        if consumer.topics:
            self._topics.update(consumer.topics)
            self._subscribe.append(subscribe)

    def relay(self, collections: Sequence[Collection]) -> None:
        """Publish what these collections' documents have to tell. At most once for a bus."""
        self._outboxes = collections

    async def put(self, topic: str, *, key: bytes, value: bytes) -> None:
        """Put a record that is no event on a topic; it is safe when this returns.

        Raises Unavailable when Kafka is away or does not take it in time.
        """
        name = topic_name(self._settings, topic)
        headers = {"content-type": "application/json"}
        try:
            async with asyncio.timeout(_PUT_SECONDS):
                await (await self._publisher.send(name, key=key, value=value, headers=headers))
        except (KafkaError, TimeoutError) as error:
            raise Unavailable("Kafka did not take the record.") from error

    def checks(self) -> Mapping[str, Check]:
        """What readiness asks, by name; each raises Unavailable when it is not well."""
        checks: dict[str, Check] = {"kafka": self._publisher.check}
        if self._outboxes:
            checks["relay"] = self._check_relay
        if self._subscribe:
            checks["consumer"] = self._check_consumer
        return checks

    async def run(self) -> None:
        """Connect, however long it takes, and work until cancelled; then drain and close.

        Draining takes at most ``graceful_seconds``: consumers first, since what they
        apply makes events, then the relay.
        """
        consuming: list[asyncio.Task[None]] = []
        relaying: list[asyncio.Task[None]] = []
        self._running = True
        try:
            await self._connect()
            heed_cancellation()
            if self._outboxes:
                self._relay = Relay(
                    self._outboxes, self._publisher, self._settings, self._telemetry
                )
                relaying.append(asyncio.create_task(self._relay.run()))
            consuming += [
                asyncio.create_task(self._keep_consuming(n, subscribe))
                for n, subscribe in enumerate(self._subscribe)
            ]
            await _until_one_ends([*consuming, *relaying])
        finally:
            self._running = False
            await self._drain(consuming, relaying)

    @property
    def topics(self) -> Sequence[str]:
        """What it sends to and hears from, without the installation's prefix."""
        return sorted(self._topics)

    async def _connect(self) -> None:
        pauses = _pauses()
        while True:
            try:
                await ensure_topics(self._settings, self._topics)
                await self._publisher.connect()
            except Unavailable as error:
                _log_waiting(error)
                await asyncio.sleep(next(pauses))
            else:
                return

    async def _keep_consuming(self, n: int, subscribe: Callable[[], Subscription[Any]]) -> None:
        """Be a member of the group; one that gets no records though some wait is replaced."""
        pauses = _pauses()
        while True:
            subscription = self._subscriptions[n] = subscribe()
            try:
                await subscription.start()
                heed_cancellation()
                await _watch(subscription)
                structlog.get_logger().error("consumer got stuck and is replaced")
            except Unavailable as error:
                _log_waiting(error)
            await subscription.stop(0.0)
            await asyncio.sleep(next(pauses))

    async def _drain(
        self, consuming: Sequence[asyncio.Task[None]], relaying: Sequence[asyncio.Task[None]]
    ) -> None:
        grace = self._settings.graceful_seconds
        end = asyncio.get_running_loop().time() + grace
        await end_tasks(consuming)
        # Only now: until it has ended, each may still put another in a place.
        subscriptions, self._subscriptions = self._subscriptions, {}
        relay, self._relay = self._relay, None
        stopped = await asyncio.gather(
            *(each.stop(grace * _CONSUMER_SHARE) for each in subscriptions.values()),
            return_exceptions=True,
        )
        # One that cannot be stopped must not keep the others' work from being finished.
        for failure in stopped:
            if isinstance(failure, Exception):
                structlog.get_logger().error("consumer not stopped", exc_info=failure)
        if relay is not None and relaying:
            relay.stop()
            await asyncio.wait(relaying, timeout=_until(end))
        await end_tasks(relaying)
        await self._publisher.close(max(_LEAST_CLOSE_SECONDS, _until(end)))

    async def _check_relay(self) -> None:
        """A relay that waits for Kafka is well: the events are safe where they are."""
        if not self._running or (self._relay is not None and not self._relay.healthy):
            raise Unavailable("The relay does not run.")

    async def _check_consumer(self) -> None:
        joined = self._subscriptions.values()
        if len(joined) < len(self._subscribe) or not all(each.healthy for each in joined):
            raise Unavailable("Events are not being consumed.")


async def _until_one_ends(work: Sequence[asyncio.Task[None]]) -> None:
    """Raise what ended one of the tasks; cancelling this leaves them running, as drain needs."""
    if not work:
        await asyncio.Event().wait()
    done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _watch(subscription: Subscription[Any]) -> None:
    """Return once the subscription is stuck."""
    while True:
        await subscription.watch()
        if subscription.is_stuck:
            return
        await asyncio.sleep(_WATCH_SECONDS)


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(_LONGEST_PAUSE, pause * 2)


def _log_waiting(error: Unavailable) -> None:
    structlog.get_logger().warning("waiting for Kafka", reason=error.detail)


def _until(end: float) -> float:
    return max(0.0, end - asyncio.get_running_loop().time())
