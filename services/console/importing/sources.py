"""Which files are to be read, by what they hold, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from services.console.importing import (
    districts,
    json_items,
    organisations,
    oruk,
    practices,
    services_table,
    tables,
)
from services.console.importing.records import Reader, Unreadable

_FIRST_ROWS = 5
_TEXTS = frozenset({".csv", ".json"})
"""Endings that promise a file for us: one that then cannot be read is a fault."""


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file, recognised by a table's first rows or by the first item of JSON."""

    name: str
    recognise: Callable[[Any], bool]
    read: Reader


_TABLES = (
    Format("postcode districts", districts.recognise, districts.read),
    Format("NHS ODS practices", practices.recognise, practices.read),
    Format("table of services", services_table.recognise, services_table.read),
)
_JSON = (
    Format("organisations", organisations.recognise, organisations.read),
    Format("Open Referral UK services", oruk.recognise, oruk.read),
)
_DISTRICTS, _PRACTICES, _SERVICES = _TABLES
_ORGANISATIONS, _ORUK = _JSON
FORMATS = (_DISTRICTS, _ORGANISATIONS, _PRACTICES, _SERVICES, _ORUK)
"""In the order in which their files are to be loaded."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to load."""

    path: Path
    format: Format


@dataclass(frozen=True, slots=True)
class Sources:
    """What was found: files to load, in order; files passed over; faults, each with its reason."""

    files: tuple[Source, ...]
    passed_over: tuple[Path, ...]
    faults: tuple[tuple[Path, str], ...]


def find(paths: Iterable[Path]) -> Sources:
    """The files named and those in the folders named, sub-folders and hidden files left out.

    A file named that is of no known format is a fault; one found in a folder is passed over.
    """
    files: list[Source] = []
    passed_over: list[Path] = []
    faults: list[tuple[Path, str]] = []
    for path, named in _candidates(paths).items():
        try:
            known = recognise(path)
        except Unreadable as fault:
            faults.append((path, str(fault)))
            continue
        if known:
            files.append(Source(path, known))
        elif named:
            faults.append((path, "it is of no format that can be imported"))
        else:
            passed_over.append(path)
    files.sort(key=lambda source: FORMATS.index(source.format))
    return Sources(tuple(files), tuple(passed_over), tuple(faults))


def _candidates(paths: Iterable[Path]) -> Mapping[Path, bool]:
    """Each file once, and whether it was named itself."""
    found: dict[Path, bool] = {}
    for path in paths:
        if path.is_dir():
            inside = (item for item in sorted(path.iterdir()) if item.is_file())
            for item in inside:
                if not item.name.startswith("."):
                    found.setdefault(item, False)
        else:
            found[path] = True
    return found


def recognise(path: Path) -> Format | None:
    """The format of a file, told by its first rows or item.

    Raises Unreadable where the file cannot be opened, or where its name promises a format
    its content does not keep.
    """
    try:
        return _recognise(path)
    except Unreadable:
        if path.exists() and path.suffix.lower() not in _TEXTS:
            return None
        raise


def _recognise(path: Path) -> Format | None:
    with path.open(encoding=tables.encoding_of(path)) as file:
        opening = next((line.lstrip()[0] for line in file if line.strip()), "")
    if opening in ("{", "["):
        with closing(json_items.items(path)) as items:
            _, item = next(items, (0, None))
        return next((known for known in _JSON if known.recognise(item)), None)
    with closing(tables.rows(path)) as rows:
        first = [cells for _, cells in islice(rows, _FIRST_ROWS)]
    return next((known for known in _TABLES if first and known.recognise(first)), None)
