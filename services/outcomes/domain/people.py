"""Records of one person made one, and taken apart again: under whom a case is counted.

Merges and un-merges may come in any order, again, and before or after the intake of a case:
what is kept is what each fact said, and whose case it is follows from all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import AwareDatetime

from services.outcomes.domain.plan import Plan
from services.outcomes.domain.words import Strict
from shared.events import PersonMerged, PersonUnmerged


class Link(Strict):
    """What the survivor's record last said of one retired record.

    ``seq`` counts the survivor's facts; ``case_ids`` are the cases an un-merge gave back,
    of which each names all.
    """

    survivor_id: str
    merged: bool
    seq: int
    at: AwareDatetime
    case_ids: tuple[str, ...] = ()


class Alias(Strict):
    """A person's record that was merged into another, now or once; one link for each survivor."""

    tenant: str
    retired_id: str
    links: tuple[Link, ...] = ()

    @property
    def survivor_id(self) -> str | None:
        """Whom the record stands for now, if it is merged."""
        merged = [link for link in self.links if link.merged]
        return (
            max(merged, key=lambda link: (link.at, link.survivor_id)).survivor_id
            if merged
            else None
        )


def note_merge(alias: Alias, event: PersonMerged | PersonUnmerged) -> Alias:
    """The alias as this fact leaves it, unless a later one of the same two is known."""
    known = next((link for link in alias.links if link.survivor_id == event.person_id), None)
    if known is not None and known.seq >= event.seq:
        return alias
    link = Link(
        survivor_id=event.person_id,
        merged=isinstance(event, PersonMerged),
        seq=event.seq,
        at=event.occurred_at,
        case_ids=event.case_ids if isinstance(event, PersonUnmerged) else (),
    )
    others = [each for each in alias.links if each.survivor_id != event.person_id]
    links = tuple(sorted((*others, link), key=lambda each: each.survivor_id))
    return alias.model_copy(update={"links": links})


def owner_of(plan: Plan, giving: Sequence[Alias]) -> str:
    """Whose case it is of itself: the record it was last given back to, else the intake's.

    ``giving`` are the aliases with a link that names the case.
    """
    given = [
        (link.at, alias.retired_id)
        for alias in giving
        for link in alias.links
        if plan.case_id in link.case_ids
    ]
    return max(given)[1] if given else plan.own_person_id


def survivor_of(person_id: str, aliases: Mapping[str, Alias]) -> str:
    """Follow merges to the record that stands for the person now.

    While facts are still to come, two records may each seem merged into the other: it ends
    at one of them, and right once all are heard.
    """
    passed = {person_id}
    while (alias := aliases.get(person_id)) is not None:
        survivor = alias.survivor_id
        if survivor is None or survivor in passed:
            break
        passed.add(survivor)
        person_id = survivor
    return person_id


def count_under(plan: Plan, person_id: str) -> Plan:
    """The plan as this person's."""
    return plan if plan.person_id == person_id else plan.model_copy(update={"person_id": person_id})
