"""A service's connection to Kafka, from waiting for it to a clean end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from shared.bus.batch import Patience
from shared.bus.broker import Publisher
from shared.bus.consumer import Consumer, StoresT
from shared.bus.dead_letters import DeadLetters
from shared.bus.subscription import Subscription
from shared.bus.topics import ensure_topics
from shared.errors import Unavailable
from shared.relay import Relay
from shared.settings import ServiceSettings
from shared.store import Collection
from shared.telemetry import Telemetry

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_WATCH_SECONDS = 5.0
_CLOSE_SECONDS = 3.0

Check = Callable[[], Awaitable[None]]


class Bus:
    """Say what to ``consume`` and to ``relay``, then keep ``run`` running.

    A service serves HTTP while Kafka is away: its events wait in the outboxes.
    """

    def __init__(self, settings: ServiceSettings, telemetry: Telemetry) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._publisher = Publisher(settings)
        self._dead_letters = DeadLetters(self._publisher, settings, telemetry)
        self._subscribe: Callable[[], Subscription[Any]] | None = None
        self._subscription: Subscription[Any] | None = None
        self._relay: Relay | None = None

    def consume(
        self, consumer: Consumer[StoresT], stores: StoresT, *, patience: Patience | None = None
    ) -> None:
        """Apply the events ``consumer`` listens to. At most once for a bus."""

        def subscribe() -> Subscription[StoresT]:
            return Subscription(
                consumer,
                stores,
                self._dead_letters,
                self._settings,
                self._telemetry,
                patience=patience or Patience(),
            )

        self._subscribe = subscribe

    def relay(self, collections: Sequence[Collection]) -> None:
        """Publish what these collections' documents have to tell. At most once for a bus."""
        self._relay = Relay(collections, self._publisher, self._settings, self._telemetry)

    def checks(self) -> Mapping[str, Check]:
        """What readiness asks, by name; each raises Unavailable when it is not well."""
        checks: dict[str, Check] = {"kafka": self._publisher.check}
        if self._relay is not None:
            checks["relay"] = self._check_relay
        if self._subscribe is not None:
            checks["consumer"] = self._check_consumer
        return checks

    async def run(self) -> None:
        """Connect, however long it takes, and work until cancelled; then drain and close.

        Draining takes at most ``graceful_seconds``: consumers first, since what they
        apply makes events, then the relay.
        """
        consuming = asyncio.create_task(self._keep_consuming())
        relaying = asyncio.create_task(self._keep_relaying())
        try:
            await asyncio.gather(consuming, relaying)
        finally:
            await self._drain(consuming, relaying)

    async def _drain(self, consuming: asyncio.Task[None], relaying: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._settings.graceful_seconds
        consuming.cancel()
        await asyncio.wait({consuming}, timeout=max(0.0, end - loop.time()))
        ...
