import csv
from datetime import date
from pathlib import Path

import pytest

from services.console.importing import practices
from services.console.importing.records import Address, BadRow, Organisation, Row


def line(**changed: str) -> list[str]:
    cells = [""] * 27
    cells[0], cells[1] = "Y90001", "THE LANTERN SURGERY"
    cells[4:7] = "THE OLD FORGE", "1 WICK STREET", "MERROWHAVEN"
    cells[9], cells[12], cells[17], cells[25] = "ZZ1 1AA", "A", "07700 900123", "4"
    for column, text in changed.items():
        cells[int(column.removeprefix("c")) - 1] = text
    return cells


def read(folder: Path, *lines: list[str]) -> list[Row | BadRow]:
    path = folder / "epraccur.csv"
    with path.open("w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(lines)
    return list(practices.read(path))


def organisations(rows: list[Row | BadRow]) -> list[Organisation]:
    return [
        row.record for row in rows if isinstance(row, Row) and isinstance(row.record, Organisation)
    ]


def test_a_practice_is_read_from_the_columns_ods_states(tmp_path: Path) -> None:
    assert read(tmp_path, line()) == [
        Row(
            1,
            Organisation(
                id="Y90001",
                name="THE LANTERN SURGERY",
                kind="practice",
                status="active",
                address=Address(
                    address_1="THE OLD FORGE",
                    address_2="1 WICK STREET, MERROWHAVEN",
                    postal_code="ZZ1 1AA",
                ),
                telephone="07700 900123",
            ),
        )
    ]


@pytest.mark.parametrize(
    ("commissioner", "above"), [("ZZ0", "ZZ0"), ("", None), ("not a code", None), ("Y90001", None)]
)
def test_a_practice_is_part_of_what_commissions_it(
    tmp_path: Path, commissioner: str, above: str | None
) -> None:
    rows = read(tmp_path, line(c15=commissioner))
    assert [each.part_of for each in organisations(rows)] == [above]


def test_only_prescribing_setting_4_is_a_practice_and_only_status_a_is_active(
    tmp_path: Path,
) -> None:
    rows = read(
        tmp_path,
        line(c1="Y90001"),
        line(c1="Y90002", c13="C"),
        line(c1="Y90003", c13="D"),
        line(c1="Y90004", c13="P"),
        line(c1="Y90005", c26="12"),
    )

    assert [(each.id, each.kind, each.status) for each in organisations(rows)] == [
        ("Y90001", "practice", "active"),
        ("Y90002", "practice", "closed"),
        ("Y90003", "practice", "closed"),
        ("Y90004", "practice", "closed"),
        ("Y90005", "other", "active"),
    ]


def test_bad_rows_have_their_line_and_reason_and_good_rows_are_read(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        line(c1="Y90001"),
        ["Y90002", "TOO SHORT"],
        line(c1="no code"),
        line(c1="Y90003", c13="X"),
        line(c1="Y90004", c2=""),
        line(c1="Y90001", c2="AGAIN"),
        line(c1="Y90005"),
    )

    assert [row for row in rows if isinstance(row, BadRow)] == [
        BadRow(2, "has 2 columns, not 27"),
        BadRow(3, "column 1: not an ODS code"),
        BadRow(4, "column 13: not a status (A, C, D or P)"),
        BadRow(5, "name: String should have at least 1 character"),
        BadRow(6, "repeats line 1: the first one is kept"),
    ]
    assert [each.id for each in organisations(rows)] == ["Y90001", "Y90005"]


def test_what_is_not_understood_is_left_out_and_said(tmp_path: Path) -> None:
    (row,) = read(tmp_path, line(c10="unknown", c18="ask at the desk"))

    assert isinstance(row, Row)
    assert row.notes == (
        "column 10 left out: not a postcode",
        "column 18 left out: not a telephone number",
    )
    assert organisations([row])[0].telephone is None
    assert organisations([row])[0].address.postal_code is None


def test_a_missing_postcode_is_said(tmp_path: Path) -> None:
    (row,) = read(tmp_path, line(c10=""))

    assert isinstance(row, Row)
    assert row.notes == ("no postcode",)


@pytest.mark.parametrize(
    ("commissioner", "joined", "since", "notes"),
    [
        ("ZZ0", "20130401", date(2013, 4, 1), 0),
        ("ZZ0", "", None, 0),
        ("ZZ0", "20131341", None, 1),
        ("", "20130401", None, 0),
    ],
)
def test_a_practice_is_part_of_it_since_the_day_the_file_says(
    tmp_path: Path, commissioner: str, joined: str, since: date | None, notes: int
) -> None:
    (row,) = read(tmp_path, line(c15=commissioner, c16=joined))
    assert isinstance(row, Row)
    assert isinstance(row.record, Organisation)
    assert row.record.part_of_since == since
    assert len(row.notes) == notes
