"""Store what a source says of a record, whether it is new or known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel

from shared.cause import Cause
from shared.errors import NotFound, PreconditionFailed
from shared.events import Event
from shared.store import Change, Duplicate, Saved, Store

S = TypeVar("S", bound=BaseModel)

Outcome = Literal["created", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Upserted(Generic[S]):
    """A record as it now stands, and what that took."""

    saved: Saved[S]
    outcome: Outcome


async def upsert(
    store: Store[S],
    document_id: str,
    create: Callable[[], tuple[S, Sequence[Event]]],
    change: Change[S],
    cause: Cause,
    *,
    if_match: int | None = None,
) -> Upserted[S]:
    """Change the record, or create it where there is none.

    Only a cause that may come again under its key is remembered: its repeat must not undo
    what someone else said since. Raises PreconditionFailed where ``if_match`` is given and
    there is no such record, and whatever ``create`` and ``change`` raise.
    """
    changed = False

    def watched(state: S) -> tuple[S, Sequence[Event]]:
        nonlocal changed
        after, events = change(state)
        changed = after != state
        return after, events

    async def update() -> Upserted[S]:
        saved = await store.update(
            document_id, watched, cause, if_match=if_match, remember=cause.repeatable
        )
        if saved.repeated:
            return Upserted(saved, "created" if saved.version == 1 else "changed")
        return Upserted(saved, "changed" if changed else "unchanged")

    try:
        return await update()
    except NotFound:
        if if_match is not None:
            raise PreconditionFailed("There is no such record yet.") from None
    state, events = create()
    try:
        return Upserted(await store.insert(document_id, state, events, cause), "created")
    except Duplicate:
        # Someone else created it meanwhile, or it is not this actor's to see.
        return await update()
