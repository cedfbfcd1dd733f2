"""Where a page of a report begins, as the opaque text a caller sends back."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from services.outcomes.domain.reports.asking import Question
from services.outcomes.domain.reports.table import Key
from shared.errors import FieldError, Invalid


class Place(NamedTuple):
    """In which part, and after which of its lines; None begins the part."""

    part: int = 0
    after: Key | None = None


_PLACE: TypeAdapter[Place] = TypeAdapter(Place)


def write_place(place: Place) -> str:
    """The place as a cursor. It names what the page before it ended with, and no number."""
    return urlsafe_b64encode(_PLACE.dump_json(place)).decode()


def read_place(question: Question, cursor: str | None) -> Place:
    """Where to begin. Raises Invalid for a text that is no cursor of such a question."""
    if cursor is None:
        return Place()
    try:
        place = _PLACE.validate_json(urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValidationError):
        raise _no_cursor() from None
    if not 0 <= place.part < len(question.parts):
        raise _no_cursor()
    if place.after is not None and len(place.after[0]) != len(question.by):
        raise _no_cursor()
    return place


def _no_cursor() -> Invalid:
    fault = FieldError("/query/cursor", "use next_cursor of the page before, and ask the same")
    return Invalid("The report cannot be made as asked.", errors=(fault,))
