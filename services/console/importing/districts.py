"""Postcode districts and their middles: a table with a heading."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from services.console.importing import tables
from services.console.importing.places import district, point
from services.console.importing.records import (
    BadRow,
    District,
    Row,
    Rows,
    first_of_each,
)

_COLUMNS = {
    "id": ("postcode", "district", "postcode district", "outcode", "outward code"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lng", "lon", "long"),
    "town": ("town", "post town", "city"),
}


def recognise(rows: Sequence[list[str]]) -> bool:
    """Whether the first row is the heading of such a table: places without names."""
    found = tables.match_columns(rows[0], {**_COLUMNS, "name": ("name",)})
    return {"id", "latitude", "longitude"} <= found.keys() and "name" not in found


def read(path: Path) -> Rows:
    """The districts of the table."""
    return first_of_each(_read(path))


def _read(path: Path) -> Rows:
    lines = tables.rows(path)
    _, heading = next(lines)
    columns = tables.match_columns(heading, _COLUMNS)
    for line, cells in lines:
        if len(cells) != len(heading):
            yield BadRow(line, f"has {len(cells)} columns, the heading {len(heading)}")
            continue
        values = {field: cells[column] for field, column in columns.items()}
        code = district(values["id"])
        middle = point(values["latitude"], values["longitude"])
        if code is None:
            yield BadRow(line, f"{heading[columns['id']]}: not a postcode district such as ZZ1")
        elif middle is None:
            yield BadRow(line, "latitude and longitude: not a place in the United Kingdom")
        else:
            town = values.get("town") or None
            yield Row(line, District(id=code, town=town, **middle._asdict()))
