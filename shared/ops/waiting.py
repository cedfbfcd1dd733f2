"""Messages that wait to be delivered, as the service that sends them counts them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages to one organisation: how many wait, and how many of those failed last time.

    ``oldest`` is when the first of those waiting was made; ``given_up`` counts those of the
    last day that failed for good.
    """

    tenant: str
    organisation_id: str
    waiting: int
    failing: int
    given_up: int
    oldest: datetime | None


CountWaiting = Callable[[str | None], Awaitable[Sequence[Waiting]]]
"""Counts them, for one tenant or for all."""
