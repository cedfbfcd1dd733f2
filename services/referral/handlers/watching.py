"""Figures about what is kept apart: how many, how old, never whose."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge

from services.referral.store import Stores

_EVERY_SECONDS = 15.0


def watch_concerns(
    stores: Stores, now: Callable[[], datetime], registry: CollectorRegistry
) -> Callable[[], Awaitable[None]]:
    """Work that keeps two figures: the concerns not dealt with, and the age of the oldest.

    They have no labels: an alert says that there is something, not what or about whom.
    """
    count = Gauge(
        "safeguarding_concerns_open", "Concerns that no lead has closed.", registry=registry
    )
    age = Gauge(
        "safeguarding_oldest_open_seconds",
        "Age of the oldest concern that no lead has closed; the figure to alert on.",
        registry=registry,
    )

    async def watch() -> None:
        while True:
            number, oldest = await stores.concerns.open_everywhere()
            count.set(number)
            age.set(0.0 if oldest is None else (now() - oldest).total_seconds())
            await asyncio.sleep(_EVERY_SECONDS)

    return watch
