"""Identifiers, always lower-case UUID strings of 36 characters."""

from __future__ import annotations

from datetime import UTC, datetime

from uuid_utils import UUID, uuid5, uuid7

_TELLS_TIME = 7
_NAMESPACE = UUID("4f1f2cb1-5d61-5a0c-9a5e-0d6c1f9d3b57")


def new_id() -> str:
    """A UUIDv7 (RFC 9562): unique, and sorting by the time it was made."""
    return str(uuid7())


def time_of(id_: str) -> datetime | None:
    """When an id was made, to the millisecond; None for one that does not tell (not UUIDv7)."""
    try:
        found = UUID(id_)
    except ValueError:
        return None
    if found.version != _TELLS_TIME:
        return None
    return datetime.fromtimestamp((found.int >> 80) / 1000, UTC)


def first_id_at(time: datetime) -> str:
    """The lowest id that can be made at that millisecond: ids sort by the time they were made."""
    digits = f"{round(time.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


def derived_id(*parts: str) -> str:
    """The same UUIDv5 for the same parts, so that a repeated cause makes the same record.

    Never derive an id from personal data: short inputs such as an NHS number can be
    found again by trying them all.
    """
    return str(uuid5(_NAMESPACE, "\x1f".join(parts)))
