"""Organisations in the directory's own words: a JSON list, a page's ``contents``, or one.

For what no published file says, above all which primary care network a practice is part of.
An organisation stated here as well as in another file is the later one's: networks and
boards belong here, practices in their register.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.console.importing import json_items
from services.console.importing.oruk_shapes import without_nothing
from services.console.importing.places import postcode
from services.console.importing.records import (
    BadRow,
    Organisation,
    Row,
    Rows,
    first_of_each,
    reasons,
)

_ORGANISATION = TypeAdapter(Organisation)


def recognise(first: Any) -> bool:
    """Whether a file's first item is an organisation: a thing with a name and a kind."""
    return isinstance(first, dict) and {"id", "name", "kind"} <= first.keys()


def read(path: Path) -> Rows:
    """The organisations of the file; a word the directory does not know makes a bad row."""
    return first_of_each(_row(line, item) for line, item in json_items.items(path))


def _row(line: int, item: Any) -> Row | BadRow:
    try:
        record = _ORGANISATION.validate_python(without_nothing(item))
    except ValidationError as error:
        return BadRow(line, reasons(error))
    given = record.address.postal_code
    code = postcode(given) if given else None
    notes = ("postal_code left out: not a UK postcode",) if given and not code else ()
    address = record.address.model_copy(update={"postal_code": code})
    return Row(line, record.model_copy(update={"address": address}), notes)
