"""A look at the files before anything is started: what they hold, and where."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from services.console.importing import sources
from services.console.importing.records import (
    District,
    Organisation,
    Record,
    Row,
    Service,
    Unreadable,
)
from shared.servers import ServerError

_MOST_SERVICES = 1000
_MOST_PRACTICES = 500


@dataclass
class Survey:
    """What a folder's files hold that the demo can use, by postcode area where it has one."""

    districts: set[str] = field(default_factory=set)
    services: int = 0
    practices: int = 0
    services_in: Counter[str] = field(default_factory=Counter)
    practices_in: Counter[str] = field(default_factory=Counter)
    files_of: dict[str, set[Path]] = field(default_factory=lambda: defaultdict(set))

    def add(self, path: Path, record: Record) -> None:
        """Count a record of a file."""
        if isinstance(record, District):
            self.districts.add(record.id)
        elif _is_open_service(record):
            self.services += 1
            self._place(path, record, self.services_in)
        elif _is_practice(record):
            self.practices += 1
            self._place(path, record, self.practices_in)

    def _place(self, path: Path, record: Record, where: Counter[str]) -> None:
        for area in record.areas() or ():
            where[area] += 1
            self.files_of[area].add(path)

    def area(self) -> str | None:
        """The postcode area to play in: None, the whole, unless the files hold a country.

        Then the one most files tell of, and of several such the one with the most services.
        """
        if self.services <= _MOST_SERVICES and self.practices <= _MOST_PRACTICES:
            return None
        both = [
            area for area in self.files_of if self.services_in[area] and self.practices_in[area]
        ]
        return max(
            both,
            key=lambda area: (len(self.files_of[area]), self.services_in[area], area),
            default=None,
        )

    def require(self) -> None:
        """Raise ServerError saying what is missing for a journey to run."""
        if not self.practices:
            raise ServerError(
                "No active GP practice was found in the files: add the NHS ODS file epraccur.csv, "
                "or practices of your own in its layout."
            )
        if not self.services:
            raise ServerError(
                "No open community service was found in the files: add Open Referral UK JSON or a "
                "CSV table of services with a heading."
            )


def folders_of(folder: Path) -> Sequence[Path]:
    """The folder and those inside it, hidden ones left out: `linkway import` reads one level."""
    inside = (path for path in sorted(folder.iterdir()) if path.is_dir())
    return [folder, *(path for path in inside if not path.name.startswith("."))]


def survey(paths: Iterable[Path]) -> Survey:
    """Read every file once. What cannot be read is left for the import to report."""
    found = Survey()
    for source in sources.find(paths).files:
        with suppress(Unreadable), closing(source.format.read(source.path)) as rows:
            for row in rows:
                if isinstance(row, Row):
                    found.add(source.path, row.record)
    return found


def _is_open_service(record: Record) -> bool:
    return (
        isinstance(record, Service)
        and record.status == "active"
        and record.service_role == "community"
    )


def _is_practice(record: Record) -> bool:
    return (
        isinstance(record, Organisation) and record.kind == "practice" and record.status == "active"
    )
