"""Where a page of services ends, as the opaque text a caller sends back."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from math import isfinite

from services.directory.store import Found
from shared.errors import FieldError, Invalid
from shared.store import codec


def write_cursor(last: Found) -> str:
    """The end of a page: by distance where there is one, else by when it came."""
    if last.metres is None:
        return codec.write_cursor(last.saved.created_at, last.saved.id)
    return urlsafe_b64encode(f"{last.metres!r} {last.saved.id}".encode()).decode()


def read_newest(cursor: str) -> tuple[datetime, str]:
    """The end of a page of the newest. Raises Invalid for any other text."""
    return codec.read_cursor(cursor)


def read_nearest(cursor: str) -> tuple[float, str]:
    """The end of a page of the nearest. Raises Invalid for any other text."""
    try:
        metres, last = urlsafe_b64decode(cursor.encode()).decode().split(" ")
        if isfinite(distance := float(metres)):
            return distance, last
    except ValueError:
        pass
    fault = FieldError("/query/cursor", "use next_cursor of the page before")
    raise Invalid("The search cannot be made.", errors=[fault])
