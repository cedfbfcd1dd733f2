"""Delimited text files: their encoding, their delimiter, their rows and where each begins."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Generator, Mapping
from pathlib import Path

from services.console.importing.records import Unreadable

_CHUNK = 1 << 16
_ENCODINGS = ("utf-8-sig", "cp1252")


def encoding_of(path: Path) -> str:
    """UTF-8, with or without a byte-order mark, or else Windows-1252 as Excel saves it."""
    for name in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(name)()
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise Unreadable(f"it cannot be opened: {error.strerror}") from error
        return name
    raise Unreadable("it is neither UTF-8 nor Windows-1252 text")


def rows(path: Path) -> Generator[tuple[int, list[str]], None, None]:
    """Each row that is not blank, with the number of the line it begins on."""
    with path.open(encoding=encoding_of(path), newline="") as file:
        delimiter = max(",;\t", key=file.readline().count)
        file.seek(0)
        table = csv.reader(file, delimiter=delimiter)
        begins = 1
        try:
            for cells in table:
                if any(cell.strip() for cell in cells):
                    yield begins, [_tidy(cell) for cell in cells]
                begins = table.line_num + 1
        except csv.Error as error:
            raise Unreadable(f"line {begins} is not a row of a table: {error}") from error


def match_columns(heading: list[str], synonyms: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """For each field, the column that holds it: the first synonym the heading has."""
    names = [" ".join(name.replace("_", " ").replace("-", " ").lower().split()) for name in heading]
    found = {}
    for field, words in synonyms.items():
        column = next((names.index(word) for word in words if word in names), None)
        if column is not None:
            found[field] = column
    return found


def _tidy(cell: str) -> str:
    return "\n".join(" ".join(line.split()) for line in cell.split("\n")).strip()
