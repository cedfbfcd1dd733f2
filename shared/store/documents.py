"""The shape of a stored document, and what callers see of it.

``{_id, tenant, version, seq, slot, created_at, updated_at, state, facets, created,
due_at?, outbox, outbox_since?, seen, history, writes?}``: ``state`` and ``facets`` are
replaced whole; ``outbox``, ``seen`` and ``history`` are only pushed to, because the
relay removes from ``outbox`` at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from zlib import crc32

from pydantic import BaseModel

from shared.cause import Cause
from shared.errors import Conflict
from shared.events import Envelope, Event

S = TypeVar("S", bound=BaseModel)
Document = dict[str, Any]

SLOTS = 16
"""How many parts the id space is cut into; each is relayed by one replica at a time."""

HISTORY = 1000
"""How many of its latest lines a document's timeline keeps: a service lives for years."""

SEEN = 128
"""How many causes a document remembers. The one that created it is kept for good."""

WRITES = 8
"""How many of its latest writes a document names, so that a replica finds its own."""


@dataclass(eq=False)
class Duplicate(Conflict):
    """Another document holds the id or a value that must be unique; ``index`` names which."""

    index: str = "_id_"


@dataclass(frozen=True, slots=True)
class Index:
    """An index: ``keys`` as (path, 1 | -1 | "2dsphere" | "text"), ``where`` a partial filter."""

    name: str
    keys: Sequence[tuple[str, int | str]]
    unique: bool = False
    where: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of the timeline people read."""

    seq: int
    type: str
    time: datetime
    actor_role: str
    actor_organisation: str
    summary: str
    event_id: str = field(default="", compare=False)
    cause: str = field(default="", compare=False)
    """The request's id, or the id of the event that led to this one."""


@dataclass(frozen=True, slots=True)
class Saved(Generic[S]):
    """A record as stored.

    ``repeated`` is true when the cause had been applied before; ``version`` and
    ``receipt`` are then those of that first time, while ``state`` is the present one.
    """

    id: str
    version: int
    state: S
    created_at: datetime
    lines: Sequence[Document] = ()
    repeated: bool = False
    receipt: Mapping[str, Any] = field(default_factory=dict)

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """The timeline people read; parsed when asked for, as most callers never look."""
        return tuple(HistoryEntry(**line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Page(Generic[S]):
    """Some records and where to go on; ``next_cursor`` is None at the end."""

    items: Sequence[Saved[S]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a record, or is still to come; ``failed`` if it went wrong."""

    at: datetime
    what: str
    failed: bool = False
    is_still_open: bool = False
    """What it stands for has not come to its end: a message that is not delivered yet."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A document's events that are not yet on Kafka, in order."""

    id: str
    entries: tuple[Envelope, ...]


@dataclass(frozen=True, slots=True)
class UnsentStats:
    """How many documents have unsent events, and since when the oldest waits."""

    pending: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class DueStats:
    """How many documents were due by some time, and since when the first of them is."""

    overdue: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Write:
    """One conditional change of one document: applied only at ``version``.

    With an empty ``set`` it changes nothing and confirms that ``version`` is safely stored,
    for an answer that rests on what another process wrote a moment ago.
    """

    id: str
    version: int
    write_id: str
    set: Mapping[str, Any] = field(default_factory=dict)
    unset: Sequence[str] = ()
    outbox: Sequence[Document] = ()
    seen: Sequence[Document] = ()
    history: Sequence[Document] = ()


@dataclass(frozen=True, slots=True)
class Addition:
    """Numbers added to those of one document, once: where ``field`` is below ``number``.

    ``field`` then becomes ``number``; both it and the paths in ``by`` are in the state, a path's
    parts joined by dots. What is not there counts as nought.
    """

    id: str
    field: str
    number: int
    by: Mapping[str, int]
    at: datetime


def to_milliseconds(time: datetime) -> datetime:
    """The time as MongoDB keeps it, so that what is answered equals what is read later."""
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def value_at(document: Document, path: str) -> Any:
    """What a document has at a path such as ``facets.match``; None where there is nothing."""
    value: Any = document
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def slot_of(document_id: str) -> int:
    """Which part of the id space a document belongs to."""
    return crc32(document_id.encode()) % SLOTS


def outbox_entry(event: Event, event_id: str, source: str, cause: Cause) -> Document:
    """An event as it lies in the outbox: its envelope, the data as JSON text."""
    if not source:
        raise ValueError(f"A store that names no source stated {event.type}.")
    return {
        "id": event_id,
        "type": event.type,
        "seq": event.seq,
        "time": to_milliseconds(event.occurred_at),
        "source": source,
        "subject": event.subject,
        "key": event.key,
        "data": event.model_dump_json(),
        "traceparent": cause.traceparent,
        "request_id": cause.request_id,
    }


def envelope_of(entry: Document) -> Envelope:
    """The outbox entry as the envelope that travels."""
    return Envelope(
        id=entry["id"],
        type=entry["type"],
        source=entry["source"],
        time=entry["time"],
        subject=entry["subject"],
        key=entry["key"],
        data=entry["data"].encode(),
        traceparent=entry.get("traceparent"),
        request_id=entry.get("request_id"),
    )


def history_entry(event: Event, event_id: str, cause: Cause) -> Document:
    """An event as a line of the timeline; by its id it is found again wherever it goes."""
    return {
        "event_id": event_id,
        "cause": cause.request_id or cause.id,
        "seq": event.seq,
        "type": event.type,
        "time": to_milliseconds(event.occurred_at),
        "actor_role": event.actor.role,
        "actor_organisation": event.actor.organisation,
        "summary": event.phrase,
    }


def seen_entry(cause: Cause, version: int, receipt: Mapping[str, Any]) -> Document:
    """What is remembered of a cause."""
    return {
        "id": cause.id,
        "digest": cause.digest,
        "version": version,
        "at": to_milliseconds(cause.at),
        "receipt": dict(receipt),
    }
