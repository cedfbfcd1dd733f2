"""Accepted = published = applied, counted by type and hour; what differs, by id."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, Field


class FactCount(BaseModel):
    """Facts of one type made in one hour, as the records state them and as they lie on Kafka."""

    type: str
    hour: AwareDatetime
    accepted: int
    published: int


class AppliedCount(BaseModel):
    """Events of one type made in one hour, as they lie on Kafka and as a group has passed them."""

    group: str
    topic: str
    type: str
    hour: AwareDatetime
    published: int
    passed: int


class Difference(BaseModel):
    """Events that are not everywhere they should be; `event_ids` names the first hundred."""

    kind: str = Field(
        description="`not-published`: a record states it, and it is neither on Kafka nor in an "
        "outbox. `not-accepted`: it is on Kafka, and no record states it. `not-applied`: the group "
        "has not come to it. `without-effect`: the group has passed it, and what it should have "
        "led to is not there."
    )
    group: str | None
    type: str
    hour: AwareDatetime
    count: int
    event_ids: list[str]


class Reconciliation(BaseModel):
    """One service's counts of what was made between two times.

    `waiting` counts events in the outboxes, `repeated` records on Kafka that repeat one.
    `is_complete` is false where a bound was reached or Kafka did not answer (`fault`).
    """

    service: str
    since: AwareDatetime
    until: AwareDatetime
    facts: list[FactCount]
    applied: list[AppliedCount]
    differences: list[Difference]
    waiting: int
    repeated: int
    records_read: int
    is_complete: bool
    fault: str | None = None
