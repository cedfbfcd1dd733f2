"""A record's payload, told by its shape alone."""

from __future__ import annotations

import json
from typing import Any

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "number"),
    (float, "number"),
)
_MOST_ITEMS = 20
_KNOWN_HEADERS = frozenset(
    {
        "content-type",
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_time",
        "ce_dataschema",
        "traceparent",
    }
)
"""Of these the values are shown; of any other, and of what names a record, the length."""


def masked(value: bytes | None) -> Any:
    """The shape of a payload: names and kinds as they are, no value; for bytes their number."""
    if value is None:
        return "nothing"
    try:
        return _shape(json.loads(value))
    except (ValueError, RecursionError):
        return f"{len(value)} bytes that are not JSON"


def unmasked(value: bytes | None) -> Any:
    """The payload itself: as JSON where it is, else as text with what cannot be read marked."""
    if value is None:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value.decode(errors="backslashreplace")


def shown_headers(headers: Any) -> list[tuple[str, str]]:
    """The record's headers: those that say what it is by value, others by length."""
    return [(name, _header(name, value)) for name, value in headers]


def _header(name: str, value: bytes | None) -> str:
    if value is None:
        return "nothing"
    if name.lower() in _KNOWN_HEADERS:
        return value.decode(errors="backslashreplace")[:200]
    return f"{len(value)} bytes"


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shape(each) for each in value[:_MOST_ITEMS]]
    if isinstance(value, str):
        return f"text of {len(value)}"
    return next((word for kind, word in _KINDS if isinstance(value, kind)), "null")
