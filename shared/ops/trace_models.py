"""What one service knows of a thing's way: its records, its topic, its consumers' places."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, Field


class Change(BaseModel):
    """A fact that a record states, and what led to it: a request's id or an event's."""

    event_id: str = Field(description="Empty in records from before ids were kept.")
    type: str
    seq: int
    at: AwareDatetime = Field(description="When it was, by the service's clock.")
    stated_at: AwareDatetime = Field(description="When it was written down, by the real clock.")
    actor_role: str
    actor_organisation: str
    cause: str


class Applied(BaseModel):
    """A cause that a record remembers: a request under a key, or an event that was applied."""

    cause: str
    at: AwareDatetime | None
    version: int


class Unsent(BaseModel):
    """An event in the outbox, not yet on Kafka."""

    event_id: str
    type: str
    since: AwareDatetime


class Happened(BaseModel):
    """Something that happened to a record, or that is still to come."""

    at: AwareDatetime
    what: str
    failed: bool
    is_still_open: bool


class TracedRecord(BaseModel):
    """A record of the thing: ids, types and times, nothing that stands in it."""

    collection: str
    id: str
    key: str
    version: int
    created_at: AwareDatetime
    changes: list[Change]
    applied: list[Applied]
    unsent: list[Unsent]
    steps: list[Happened]


class Published(BaseModel):
    """An event where it lies on Kafka."""

    topic: str
    partition: int
    offset: int
    at: AwareDatetime
    event_id: str
    type: str
    subject: str
    trace_id: str | None
    request_id: str | None


class DeadLetter(BaseModel):
    """An event that a group of this service set aside."""

    event_id: str
    type: str
    group: str
    topic: str
    partition: int
    offset: int
    error: str
    reason: str
    attempts: int
    at: str


class Position(BaseModel):
    """How far a group has come on the partition that this key's events are on."""

    key: str
    group: str
    topic: str
    partition: int
    committed_offset: int
    end_offset: int
    types: list[str]


class Search(BaseModel):
    """What reading the topics took. `fault` says why they could not be read."""

    records_read: int = 0
    is_complete: bool = True
    fault: str | None = None


class Trace(BaseModel):
    """One service's part of the way. `keys` are the Kafka keys it found the thing under."""

    service: str
    keys: list[str]
    records: list[TracedRecord]
    published: list[Published]
    dead_letters: list[DeadLetter]
    positions: list[Position]
    search: Search
