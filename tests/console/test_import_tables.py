from pathlib import Path

import pytest

from services.console.importing import tables
from services.console.importing.records import Unreadable


def write(folder: Path, content: bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content)
    return path


def test_a_byte_order_mark_is_no_part_of_the_first_heading(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbfname,town\r\nCaf\xc3\xa9,Ham\r\n")

    assert list(tables.rows(path)) == [(1, ["name", "town"]), (2, ["Café", "Ham"])]


def test_text_that_is_not_utf8_is_read_as_windows_1252(tmp_path: Path) -> None:
    path = write(tmp_path, b"name\nCaf\xe9 \x96 open\n")

    assert list(tables.rows(path)) == [(1, ["name"]), (2, ["Café \N{EN DASH} open"])]


def test_text_that_is_neither_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="neither UTF-8 nor Windows-1252"):
        list(tables.rows(write(tmp_path, b"name\n\x81\xff\n")))


def test_each_row_has_the_line_it_begins_on_whatever_lines_its_cells_hold(tmp_path: Path) -> None:
    path = write(tmp_path, b'name,note\nA,"two\nlines"\n\n , \nB,one\n')

    assert list(tables.rows(path)) == [
        (1, ["name", "note"]),
        (2, ["A", "two\nlines"]),
        (6, ["B", "one"]),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_told_from_the_heading(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, f"name{delimiter}town\nA{delimiter}Ham\n".encode())

    assert list(tables.rows(path)) == [(1, ["name", "town"]), (2, ["A", "Ham"])]


def test_spaces_about_and_within_a_cell_are_tidied(tmp_path: Path) -> None:
    assert list(tables.rows(write(tmp_path, b"  The   Hall  ,x\n"))) == [(1, ["The Hall", "x"])]


def test_a_cell_beyond_all_measure_makes_the_file_unreadable_naming_the_line(
    tmp_path: Path,
) -> None:
    with pytest.raises(Unreadable, match="line 2 is not a row of a table"):
        list(tables.rows(write(tmp_path, b"name\n" + b"x" * 200_000 + b"\n")))


def test_a_column_is_known_by_any_of_its_names_and_the_first_name_wins() -> None:
    heading = ["Post-Code", "LNG", "service_name", "Name"]
    synonyms = {
        "name": ("name", "service name"),
        "postcode": ("postcode", "post code"),
        "longitude": ("longitude", "lng"),
        "url": ("url",),
    }

    assert tables.match_columns(heading, synonyms) == {"name": 3, "postcode": 0, "longitude": 1}
