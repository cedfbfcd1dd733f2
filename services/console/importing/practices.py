"""GP practices and prescribing cost centres: the ``epraccur`` file of NHS ODS.

The layout (no heading, 27 columns) is that of the NHS Organisation Data Service's file
specification: 1 code, 2 name, 5-9 address, 10 postcode, 13 status (A active, C closed,
D dormant, P proposed), 15 commissioner (the part of an integrated care board that it is
in), 16 the day it joined that, 18 telephone, 26 prescribing setting (4 is a GP practice). The
file names no primary care network; where somebody put one into column 15, the practice is part
of that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from pydantic import ValidationError

from services.console.importing import contacts, tables
from services.console.importing.places import postcode
from services.console.importing.records import (
    Address,
    BadRow,
    Organisation,
    Row,
    Rows,
    first_of_each,
    reasons,
)

_COLUMNS = 27
_CODE, _NAME, _POSTCODE, _STATUS, _COMMISSIONER, _TELEPHONE, _SETTING = 0, 1, 9, 12, 14, 17, 25
_JOINED = 15
_ADDRESS = slice(4, 9)
_ODS_CODE = re.compile(r"[A-Z0-9]{3,10}")
_STATUSES = frozenset("ACDP")
_GP_PRACTICE = "4"


def recognise(rows: Sequence[list[str]]) -> bool:
    """Whether some of a table's first rows are of this layout."""
    return any(len(cells) == _COLUMNS and cells[_STATUS] in _STATUSES for cells in rows)


def read(path: Path) -> Rows:
    """The organisations of the file; who is not active is read as closed."""
    return first_of_each(_row(line, cells) for line, cells in tables.rows(path))


def _row(line: int, cells: list[str]) -> Row | BadRow:
    if len(cells) != _COLUMNS:
        return BadRow(line, f"has {len(cells)} columns, not {_COLUMNS}")
    if not _ODS_CODE.fullmatch(cells[_CODE]):
        return BadRow(line, "column 1: not an ODS code")
    if cells[_STATUS] not in _STATUSES:
        return BadRow(line, "column 13: not a status (A, C, D or P)")
    code = postcode(cells[_POSTCODE])
    phone = contacts.telephone(cells[_TELEPHONE])
    above = cells[_COMMISSIONER]
    is_part = bool(_ODS_CODE.fullmatch(above)) and above != cells[_CODE]
    joined = _day(cells[_JOINED])
    notes = [
        note
        for note, wrong in (
            ("no postcode", not cells[_POSTCODE]),
            ("column 10 left out: not a postcode", cells[_POSTCODE] and not code),
            ("column 16 left out: not a day", cells[_JOINED] and not joined),
            ("column 18 left out: not a telephone number", cells[_TELEPHONE] and not phone),
        )
        if wrong
    ]
    try:
        record = Organisation(
            id=cells[_CODE],
            name=cells[_NAME],
            kind="practice" if cells[_SETTING] == _GP_PRACTICE else "other",
            status="active" if cells[_STATUS] == "A" else "closed",
            address=_address([part for part in cells[_ADDRESS] if part], code),
            telephone=phone,
            part_of=above if is_part else None,
            part_of_since=joined if is_part else None,
        )
    except ValidationError as error:
        return BadRow(line, reasons(error))
    return Row(line, record, tuple(notes))


def _day(text: str) -> date | None:
    """A day as ODS writes it, 20130401."""
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day, not a moment
    except ValueError:
        return None


def _address(parts: list[str], code: str | None) -> Address:
    # Which of the five columns holds the town varies from row to row, so none is called that.
    return Address(
        address_1=parts[0] if parts else None,
        address_2=", ".join(parts[1:]) or None,
        postal_code=code,
    )
