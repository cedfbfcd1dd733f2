"""Which organisation a practice was part of, and when: past reports keep the old tree."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime

from services.outcomes.domain.words import Strict
from shared.events import OrganisationChanged


class Belonging(Strict):
    """From ``since`` on the organisation was part of another, or of none."""

    since: AwareDatetime
    seq: int
    part_of: str | None


class Tree(Strict):
    """One organisation's place, step by step, earliest first."""

    tenant: str
    organisation_id: str
    belongings: tuple[Belonging, ...] = ()

    def part_of_at(self, time: datetime) -> str | None:
        """What it was part of then; before the first it is known of, what it was at first."""
        held = [each for each in self.belongings if each.since <= time]
        found = held[-1] if held else next(iter(self.belongings), None)
        return found.part_of if found else None


def note_organisation(tree: Tree, event: OrganisationChanged) -> Tree:
    """The tree with this fact in its place; the same fact again changes nothing."""
    if any(each.seq == event.seq for each in tree.belongings):
        return tree
    since = event.valid_from or event.occurred_at
    step = Belonging(since=since, seq=event.seq, part_of=event.part_of)
    steps = sorted((*tree.belongings, step), key=lambda each: (each.since, each.seq))
    return tree.model_copy(update={"belongings": tuple(steps)})
