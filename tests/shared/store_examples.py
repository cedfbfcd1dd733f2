"""A made-up kind of record with its facts and causes, for the tests of the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence, Sized
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.cause import Actor, Cause
from shared.errors import Conflict
from shared.events import Event, EventActor
from shared.ids import new_id
from shared.store import Change, Collection, Index, Store

TENANT = "icb-demo"
ELSEWHERE = "icb-other"
NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
NOON_STORED = datetime(2026, 3, 2, 12, 0, 0, 123000, tzinfo=UTC)
"""MongoDB keeps milliseconds."""
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class SomeoneCame(Event):
    """A fact that only these tests know."""

    type: ClassVar[str] = "someone-came"
    topic: ClassVar[str] = "register-events"
    phrase: ClassVar[str] = "Someone came"

    register_id: str
    mark: str

    @property
    def subject(self) -> str:
        return self.register_id

    @property
    def key(self) -> str:
        return f"key-{self.register_id}"


class Register(BaseModel):
    """Who came to a group's meetings, in which room, led by whom, with what on its shelves."""

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str = TENANT
    room: str | None = None
    lead: str | None = None
    closed: bool = False
    came: tuple[str, ...] = ()
    shelves: Mapping[str, int] = {}
    review_at: AwareDatetime | None = None


class Registers(Store[Register]):
    """One register a room, one open register a lead; reviewed when due."""

    model = Register
    source = "/linkway/registers"
    indexes = (
        Index("attendance", (("tenant", 1), ("facets.marks", 1))),
        Index(
            "one_room",
            (("tenant", 1), ("facets.room", 1)),
            unique=True,
            where={"facets.room": {"$exists": True}},
        ),
        Index(
            "one_lead",
            (("tenant", 1), ("state.lead", 1)),
            unique=True,
            where={"facets.led": True},
        ),
    )

    def facets(self, state: Register) -> Mapping[str, Any]:
        return {
            "room": state.room,
            "led": True if state.lead and not state.closed else None,
            "marks": list(state.came),
            "size": len(state.came),
        }

    def receipt(self, state: Register) -> Mapping[str, Any]:
        if "nothing to show" in state.came:
            raise ValueError("There is no receipt for this.")
        return {"size": len(state.came)}

    def due(self, state: Register) -> datetime | None:
        return state.review_at


def because(
    name: str = "",
    *,
    tenant: str = TENANT,
    at: datetime = NOON,
    digest: str | None = None,
    traceparent: str | None = None,
) -> Cause:
    """A cause; a new one each time unless it is given a name."""
    actor = Actor(subject="worker-1", role="link_worker", organisation="Y90001", tenant=tenant)
    return Cause(name or new_id(), actor, at, traceparent, digest, repeatable=bool(name))


def came(state: Register, *marks: str, at: datetime = NOON) -> Sequence[Event]:
    """A fact for each mark."""
    return [
        SomeoneCame(
            tenant=state.tenant,
            occurred_at=at,
            actor=EventActor(role="link_worker", organisation="Y90001"),
            register_id=state.id,
            mark=mark,
        )
        for mark in marks
    ]


def come(*marks: str, at: datetime = NOON) -> Change[Register]:
    """Write these marks into the register, whether or not they are there already."""

    def change(state: Register) -> tuple[Register, Sequence[Event]]:
        after = state.model_copy(update={"came": (*state.came, *marks)})
        return after, came(state, *marks, at=at)

    return change


def move(mark: str, room: str | None) -> Change[Register]:
    """Come, and go on in another room."""

    def change(state: Register) -> tuple[Register, Sequence[Event]]:
        after, events = come(mark)(state)
        return after.model_copy(update={"room": room}), events

    return change


def amend(**values: Any) -> Change[Register]:
    """Set fields, without a fact."""
    return lambda state: (state.model_copy(update=values), [])


def refuse(state: Register) -> tuple[Register, Sequence[Event]]:
    """Find that the rules of the domain do not allow it."""
    raise Conflict("The register is closed.", {"id": state.id})


def keep(state: Register) -> tuple[Register, Sequence[Event]]:
    """Find that nothing is to be done."""
    return state, []


def later(**delta: float) -> datetime:
    """So much after noon."""
    return NOON + timedelta(**delta)


async def raw(store: Registers, record_id: str) -> dict[str, Any]:
    """The document as it lies in the database."""
    return (await store.collection.read([record_id]))[record_id]


def watch(
    patch: pytest.MonkeyPatch,
    collection: Collection,
    method: str,
    before: Callable[[], Awaitable[Any]] | None = None,
) -> list[int]:
    """Note how many items each call of a collection's method carries; do ``before`` first."""
    original = getattr(collection, method)
    sizes: list[int] = []

    async def watched(items: Sized, *more: Any) -> Any:
        sizes.append(len(items))
        if before is not None:
            await before()
        return await original(items, *more)

    patch.setattr(collection, method, watched)
    return sizes
