"""Between a record and its document: making, reading, remembering, paging."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared.cause import Cause
from shared.errors import FieldError, Invalid, KeyReused
from shared.events import Event
from shared.ids import new_id
from shared.store.documents import (
    Document,
    S,
    Saved,
    history_entry,
    outbox_entry,
    seen_entry,
    slot_of,
    to_milliseconds,
)

if TYPE_CHECKING:
    from shared.store.store import Store

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_document(
    store: Store[S], record_id: str, state: S, events: Sequence[Event], cause: Cause
) -> Document:
    """The document of a record that is stored for the first time."""
    stamped = stamp(events, 0)
    named = [(event, new_id()) for event in stamped]
    return completed(
        {
            **frame(record_id, cause),
            **derived(store, state),
            "version": store.first_version,
            "seq": len(stamped),
            "created": seen_entry(cause, store.first_version, store.receipt(state)),
            "outbox": [outbox_entry(event, id_, store.source, cause) for event, id_ in named],
            "seen": [],
            "history": [history_entry(event, id_, cause) for event, id_ in named],
        }
    )


def frame(record_id: str, cause: Cause) -> Document:
    """What a new document has whatever its state is."""
    at = to_milliseconds(cause.at)
    return {
        "_id": record_id,
        "tenant": cause.actor.tenant,
        "slot": slot_of(record_id),
        "created_at": at,
        "updated_at": at,
    }


def completed(document: Document) -> Document:
    """A new document with the time since when its first event waits, if it states any."""
    if document["outbox"]:
        document["outbox_since"] = document["outbox"][0]["time"]
    return document


def derived(store: Store[S], state: S) -> Document:
    """The parts of a document that follow from the state and are replaced whole."""
    facets = {name: value for name, value in store.facets(state).items() if value is not None}
    parts: Document = {"state": state.model_dump(mode="json"), "facets": facets}
    due = store.due(state)
    if due is not None:
        parts["due_at"] = to_milliseconds(due)
    return parts


def saved(
    model: type[S],
    document: Document,
    *,
    state: S | None = None,
    repeats: Document | None = None,
) -> Saved[S]:
    """A document as a record; ``repeats`` is what was remembered of a repeated cause."""
    answer = repeats or document["created"]
    return Saved(
        id=document["_id"],
        version=document["version"] if repeats is None else repeats["version"],
        state=model.model_validate(document["state"]) if state is None else state,
        created_at=document["created_at"],
        lines=document["history"],
        repeated=repeats is not None,
        receipt=answer["receipt"],
    )


def stamp(events: Sequence[Event], last_seq: int) -> list[Event]:
    """The events with the record's next sequence numbers."""
    return [
        event.model_copy(update={"seq": last_seq + n}) for n, event in enumerate(events, start=1)
    ]


def seen_before(
    document: Document, cause: Cause, *, also: Sequence[Document] = ()
) -> Document | None:
    """What is remembered of this cause, if it was applied; KeyReused if with other content."""
    entries: list[Document] = [document["created"], *document["seen"], *also]
    for entry in entries:
        if entry["id"] == cause.id:
            if entry["digest"] != cause.digest:
                raise KeyReused(
                    "This Idempotency-Key was used before for a different request.",
                    errors=(
                        FieldError(
                            "/headers/Idempotency-Key",
                            "use a new key for each new request, the same key only to repeat one",
                        ),
                    ),
                )
            return entry
    return None


def write_cursor(created_at: datetime, last_id: str) -> str:
    """Where a page ends, as the opaque text a caller sends back."""
    milliseconds = (created_at - _EPOCH) // timedelta(milliseconds=1)
    return urlsafe_b64encode(f"{milliseconds} {last_id}".encode()).decode()


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """The end of the page before. Raises Invalid for any other text."""
    try:
        milliseconds, last_id = urlsafe_b64decode(cursor.encode()).decode().split(" ", 1)
        return _EPOCH + timedelta(milliseconds=int(milliseconds)), last_id
    except (ValueError, OverflowError):
        raise Invalid(
            "The cursor is not one this service gave.",
            errors=(FieldError("/query/cursor", "use next_cursor of the page before"),),
        ) from None
