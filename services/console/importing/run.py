"""A whole import: find the files, read each, load it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from services.console.importing import sources
from services.console.importing.directory import Directory, Refused
from services.console.importing.loader import Tally, load
from services.console.importing.records import Unreadable

AtLine = Callable[[Path, int | None], None]
"""Told which line of which file is being read, and None once all are."""


@dataclass
class Report:
    """What became of each file; ``refused`` says why the import broke off, if it did."""

    tallies: dict[Path, Tally] = field(default_factory=dict)
    passed_over: Sequence[Path] = ()
    faults: list[tuple[Path, str]] = field(default_factory=list)
    refused: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every file that was meant could be read, and the directory took it."""
        return not self.faults and self.refused is None


def run(
    paths: Iterable[Path],
    directory: Directory,
    *,
    areas: AbstractSet[str] = frozenset(),
    at_line: AtLine = lambda _, __: None,
) -> Report:
    """Load the files named and those of the folders named, what others refer to first.

    A file that cannot be read stops no other; a directory that takes nothing stops all.
    """
    found = sources.find(paths)
    report = Report(passed_over=found.passed_over, faults=list(found.faults))
    for source in found.files:
        tally = report.tallies[source.path] = Tally()
        try:
            with closing(source.format.read(source.path)) as rows:
                load(rows, directory, tally, areas=areas, at_line=_of(source.path, at_line))
            at_line(source.path, None)
        except Unreadable as fault:
            report.faults.append((source.path, str(fault)))
        except Refused as refused:
            report.refused = str(refused)
            break
    return report


def _of(path: Path, at_line: AtLine) -> Callable[[int], None]:
    return lambda line: at_line(path, line)
