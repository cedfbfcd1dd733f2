"""What an organisation was, is and will be part of: practices below networks below boards.

Networks are re-formed and boards merge, mostly on a first of April that is known long before
(NHS England: integrated care boards merge on 1 April 2026 and 1 April 2027). So belonging is
dated, and nothing that held once is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from services.directory.domain.words import Id, Strict

_HERE = ZoneInfo("Europe/London")
_ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
"""Before anything that could be stated."""


class Belonging(Strict):
    """From ``valid_from`` on, until the next one, the organisation is part of another or none."""

    valid_from: AwareDatetime
    part_of: Id | None

    @property
    def since_day(self) -> date | None:
        """The day in England; None where it has been so for as long as is known."""
        return None if self.valid_from == _ALWAYS else self.valid_from.astimezone(_HERE).date()


def begin(part_of: str | None) -> Belonging:
    """It has been so for as long as is known."""
    return Belonging(valid_from=_ALWAYS, part_of=part_of)


def start_of(day: date) -> datetime:
    """The day's beginning in England."""
    return datetime.combine(day, time(), _HERE).astimezone(UTC)


def part_of_at(belongings: Sequence[Belonging], at: datetime) -> Belonging:
    """What held at that time; before the first that is known, the first."""
    held = [each for each in belongings if each.valid_from <= at]
    return held[-1] if held else belongings[0]


def place(
    belongings: Sequence[Belonging], part_of: str | None, since: date | None, now: datetime
) -> tuple[tuple[Belonging, ...], Belonging | None]:
    """The belongings with this one in its place, and the one itself, None where all is as before.

    Another that began at the same moment makes way; later ones stay, so what is planned is not
    undone by what is said of today. Without ``since`` it begins now.
    """
    at = now if since is None else start_of(since)
    step = Belonging(valid_from=at, part_of=part_of)
    if not belongings:
        return (step,), step
    before = [each for each in belongings if each.valid_from <= at]
    # A day that is stated is kept even where it changes nothing yet: an earlier one may follow.
    is_known = step in belongings if since else before and before[-1].part_of == part_of
    if is_known:
        return tuple(belongings), None
    kept = (each for each in belongings if each.valid_from != at)
    return tuple(sorted((*kept, step), key=lambda each: each.valid_from)), step


Tree = Mapping[str, Sequence[Belonging]]
"""Belongings by the organisation's id; whoever is not in it is part of nothing."""


def chain(tree: Tree, organisation_id: str, at: datetime) -> Sequence[str]:
    """What it is part of at that time, nearest first; ends where it would come round again."""
    found: list[str] = []
    above = _above(tree, organisation_id, at)
    while above is not None and above not in found and above != organisation_id:
        found.append(above)
        above = _above(tree, above, at)
    return found


def circles(tree: Tree, organisation_id: str) -> bool:
    """Whether it would at any time be part of itself, over any number of steps."""
    return any(_comes_round(tree, organisation_id, at) for at in _moments(tree.values()))


def _comes_round(tree: Tree, organisation_id: str, at: datetime) -> bool:
    seen: set[str] = set()
    above = _above(tree, organisation_id, at)
    while above is not None and above not in seen:
        if above == organisation_id:
            return True
        seen.add(above)
        above = _above(tree, above, at)
    return False


def _above(tree: Tree, organisation_id: str, at: datetime) -> str | None:
    belongings = tree.get(organisation_id)
    return part_of_at(belongings, at).part_of if belongings else None


def _moments(all_belongings: Iterable[Sequence[Belonging]]) -> set[datetime]:
    return {each.valid_from for belongings in all_belongings for each in belongings}
