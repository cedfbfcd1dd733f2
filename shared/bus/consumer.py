"""What a service listens to: one function for each kind of fact."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.cause import Cause
from shared.events import Event

StoresT = TypeVar("StoresT")
EventT = TypeVar("EventT", bound=Event)

Handler = Callable[[EventT, Cause, StoresT], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Listening(Generic[StoresT]):
    """An event class and what is done with its events."""

    event: type[Event]
    handler: Handler[Any, StoresT]


Missing = Callable[[Mapping[str, Any], StoresT], Awaitable[Collection[str]]]
"""Given events by their ids, the ids of those whose effect is not to be found."""


@dataclass(frozen=True, slots=True)
class Tracks(Generic[StoresT]):
    """Events whose effect can be looked for later, and what looks for it."""

    types: frozenset[str]
    missing: Missing[StoresT]


class Consumer(Generic[StoresT]):
    """The facts one service listens to; ``service`` names its consumer group.

    A handler applies one event through the service's use cases. It is called again with
    the same event after a crash or a fault, so its effects must be the same ones. It may
    return the ``Saved`` it got: repeats are then counted.

    Events of one key are applied one after the other, each when the one before it is done;
    ``in_any_order`` says that they end in the same however they are mixed, so that those which
    come together need not wait for each other.
    """

    def __init__(self, service: str, *, in_any_order: bool = False) -> None:
        self.service = service
        self.in_any_order = in_any_order
        self._listening: dict[str, Listening[StoresT]] = {}
        self._tracks: list[Tracks[StoresT]] = []

    def on(
        self, *events: type[EventT]
    ) -> Callable[[Handler[EventT, StoresT]], Handler[EventT, StoresT]]:
        """Register a function for these events. Raises ValueError where one has its own."""

        def register(handler: Handler[EventT, StoresT]) -> Handler[EventT, StoresT]:
            for event in events:
                if event.type in self._listening:
                    raise ValueError(f"{self.service} already listens to {event.type}")
                self._listening[event.type] = Listening(event, handler)
            return handler

        return register

    def leaves_tracks(self, *events: type[Event]) -> Callable[[Missing[StoresT]], Missing[StoresT]]:
        """Register a function that tells which of such events, applied before, left no effect.

        Reconciliation asks it long after; it only reads.
        """

        def register(missing: Missing[StoresT]) -> Missing[StoresT]:
            self._tracks.append(Tracks(frozenset(event.type for event in events), missing))
            return missing

        return register

    @property
    def tracks(self) -> Sequence[Tracks[StoresT]]:
        """What can be looked for."""
        return self._tracks

    def renamed(self, service: str) -> Consumer[StoresT]:
        """The same handlers under another name, and so in another group."""
        other = Consumer[StoresT](service, in_any_order=self.in_any_order)
        other._listening = dict(self._listening)
        return other

    @property
    def listening(self) -> Mapping[str, Listening[StoresT]]:
        """What is listened to, by the event's word on the wire."""
        return self._listening

    @property
    def events(self) -> Sequence[type[Event]]:
        """The classes of events listened to."""
        return [listening.event for listening in self._listening.values()]

    @property
    def topics(self) -> Sequence[str]:
        """The topics that carry those events, without the installation's prefix."""
        return sorted({event.topic for event in self.events})
