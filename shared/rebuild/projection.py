"""What a service says of the state that can be built anew from Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic

from shared.bus import Consumer
from shared.bus.consumer import StoresT
from shared.store import Collection

Json = Mapping[str, Any]
Named = Callable[[str], Collection]


async def _nothing(_fresh: Any) -> None:
    """Nothing follows from what was applied but what was applied."""


@asynccontextmanager
async def _no_pause(_live: Any, _fresh: Any) -> AsyncIterator[None]:
    """Nothing else writes to these collections."""
    yield


def _whole(_collection: str, state: Json) -> Json:
    """All of it must be equal."""
    return state


@dataclass(frozen=True)
class Projection(Generic[StoresT]):
    """Collections that hold nothing but what a consumer made of events.

    ``consumer`` may change these collections alone, in any order of facts, and must tell
    nobody: it may be the live one, or one with only that part of what the live one does.
    ``build`` makes the service's stores on collections chosen by name. ``settle`` finishes
    what follows from what was applied, such as counting. ``pause`` keeps all but the consumer
    from writing to the live collections while they are replaced; it gets the live and the
    fresh stores. ``comparable`` leaves out of a state what may differ between two that are
    equal, such as when it was last touched; a collection for which it gives None for every
    state is not compared.
    """

    name: str
    summary: str
    collections: tuple[str, ...]
    consumer: Consumer[StoresT]
    build: Callable[[Named], StoresT]
    settle: Callable[[StoresT], Awaitable[None]] = _nothing
    pause: Callable[[StoresT, StoresT], AbstractAsyncContextManager[None]] = _no_pause
    comparable: Callable[[str, Json], Json | None] = _whole


@dataclass(frozen=True)
class Rebuildable:
    """All that a service says of its collections: which can be rebuilt, and why others cannot."""

    projections: tuple[Projection[Any], ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    """Why each other collection cannot be rebuilt, by its name."""

    def named(self, name: str) -> Projection[Any] | None:
        """The projection of this name."""
        return next((each for each in self.projections if each.name == name), None)
