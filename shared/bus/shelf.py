"""What an applier asks of whoever keeps a service's dead letters."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from shared.bus.dead_letters import Copy, Record


class Turn(Enum):
    """What a lane says to its next record."""

    GO = auto()
    """Nothing is before it."""
    TRY = auto()
    """What is before it misses something, which this record may miss too, or bring."""
    WAIT = auto()
    """It is not to be applied before what stands in line."""


class Shelf(Protocol):
    """Keeps letters, and lets records wait whose lane is held by one before them.

    Every method raises Unavailable when the database does not answer; the record is then
    left for later.
    """

    def forget(self, group: str) -> None:
        """Partitions came or went: look anew at which lanes are held."""

    async def ready(self, group: str) -> None:
        """Know which lanes are held."""

    async def turn(self, record: Record, group: str) -> Turn:
        """Whether the record may be applied now, though one of its lane before it was not."""

    async def wait(self, record: Record, group: str) -> None:
        """Let the record wait in its lane's line."""

    def moved(self, record: Record, group: str) -> None:
        """The record was applied on trial: what its lane waits for may have come."""

    async def keep(
        self, record: Record, error: Exception, *, group: str, attempts: int, copy: Copy
    ) -> None:
        """Keep the letter of a record that failed."""


class NoShelf:
    """For a bus without a database: letters lie on Kafka alone, and nothing ever waits."""

    def forget(self, group: str) -> None:
        """Nothing is known."""

    async def ready(self, group: str) -> None:
        """Nothing needs to be known."""

    async def turn(self, record: Record, group: str) -> Turn:  # noqa: ARG002 - as the protocol
        """Nothing waits."""
        return Turn.GO

    async def wait(self, record: Record, group: str) -> None:
        """Never asked for."""

    def moved(self, record: Record, group: str) -> None:
        """Never told."""

    async def keep(
        self, record: Record, error: Exception, *, group: str, attempts: int, copy: Copy
    ) -> None:
        """The copy on Kafka is all there is."""
