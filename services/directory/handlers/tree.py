"""Where organisations stand below one another, and how they move."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.directory.domain import (
    Belonging,
    Organisation,
    OrganisationRecord,
    chain,
    circles,
    move_organisation,
    part_of_at,
    state_organisation,
)
from services.directory.store import Stores, key
from shared.cause import Cause
from shared.errors import FieldError, Invalid
from shared.store import Saved

_MOST_LEVELS = 20
"""Deeper than any tree of the NHS; ends the search in one that is broken."""
_MOST_BELOW = 2_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an organisation stands at a time: what is above it, nearest first, and below it."""

    saved: Saved[OrganisationRecord]
    at: datetime
    above: Sequence[Organisation | str]
    """Only the id of one that the register does not know."""
    below: Sequence[Organisation]


async def see_place(stores: Stores, organisation_id: str, tenant: str, at: datetime) -> Standing:
    """Where the organisation stands at that time. Raises NotFound."""
    saved = await stores.organisations.get(key(tenant, organisation_id), tenant)
    known = await _all_above(stores, tenant, {organisation_id: saved.state})
    tree = {each: record.steps for each, record in known.items()}
    above = [
        known[each].at(at) if each in known else each for each in chain(tree, organisation_id, at)
    ]
    below: list[Organisation] = []
    cursor: str | None = None
    while len(below) < _MOST_BELOW:
        page = await stores.organisations.find(
            tenant, {"facets.above": organisation_id}, limit=200, cursor=cursor
        )
        below.extend(
            each.state.at(at)
            for each in page.items
            if part_of_at(each.state.steps, at).part_of == organisation_id
        )
        cursor = page.next_cursor
        if cursor is None:
            break
    return Standing(saved, at, above, sorted(below, key=lambda each: each.id))


async def move(
    stores: Stores,
    organisation_id: str,
    part_of: str | None,
    *,
    since: date,
    cause: Cause,
    if_match: int | None,
) -> Saved[OrganisationRecord]:
    """Make the organisation part of another from a day on.

    Raises NotFound, PreconditionFailed, and Invalid where the other is not known or closed, or
    is itself below. Two moves made at the same moment may yet make a circle between them: who
    reads the tree stops where it comes round.
    """
    tenant = cause.actor.tenant
    saved = await stores.organisations.get(key(tenant, organisation_id), tenant)
    moved, _ = move_organisation(saved.state, part_of, since, cause)
    known = await _all_above(stores, tenant, {organisation_id: moved})
    if part_of is not None and (fault := _unfit(organisation_id, part_of, known)) is not None:
        raise _wrong(fault)
    return await stores.organisations.update(
        key(tenant, organisation_id),
        lambda record: move_organisation(record, part_of, since, cause),
        cause,
        if_match=if_match,
        remember=cause.repeatable,
    )


async def circular(
    stores: Stores, organisations: Sequence[Organisation], cause: Cause
) -> Mapping[str, Invalid]:
    """What is wrong with those that would become part of themselves, by their id."""
    tenant = cause.actor.tenant
    ids = [each.id for each in organisations if each.part_of is not None]
    if not ids:
        return {}
    held = await _get(stores, tenant, ids)
    stated = {
        each.id: state_organisation(held.get(each.id), each, cause)[0]
        for each in organisations
        if each.part_of is not None
    }
    known = await _all_above(stores, tenant, stated)
    tree = _tree(known)
    return {each: _wrong(_ROUND) for each in ids if circles(_reached(tree, each), each)}


_ROUND = "must not be below the organisation itself"


def _unfit(
    organisation_id: str, part_of: str, known: Mapping[str, OrganisationRecord]
) -> str | None:
    above = known.get(part_of)
    if part_of == organisation_id:
        return "must be another organisation"
    if above is None:
        return "must be an organisation that the register knows"
    if above.organisation.status == "closed":
        return "must not be closed"
    return _ROUND if circles(_tree(known), organisation_id) else None


async def _all_above(
    stores: Stores, tenant: str, first: Mapping[str, OrganisationRecord]
) -> Mapping[str, OrganisationRecord]:
    """These and all that they were, are or will be part of, as far as the register knows them."""
    known = dict(first)
    sought = _wanted(first.values(), known)
    for _ in range(_MOST_LEVELS):
        if not sought:
            break
        found = await _get(stores, tenant, sorted(sought))
        known |= found
        sought = _wanted(found.values(), known)
    return known


def _wanted(
    records: Iterable[OrganisationRecord], known: Mapping[str, OrganisationRecord]
) -> set[str]:
    above = {each.part_of for record in records for each in record.steps}
    return {each for each in above if each is not None and each not in known}


async def _get(stores: Stores, tenant: str, ids: Sequence[str]) -> Mapping[str, OrganisationRecord]:
    found = await stores.organisations.get_many([key(tenant, each) for each in ids], tenant)
    return {saved.state.organisation.id: saved.state for saved in found.values()}


def _tree(known: Mapping[str, OrganisationRecord]) -> Mapping[str, Sequence[Belonging]]:
    return {each: record.steps for each, record in known.items()}


def _reached(
    tree: Mapping[str, Sequence[Belonging]], organisation_id: str
) -> Mapping[str, Sequence[Belonging]]:
    """The part of the tree at and above an organisation: the rest cannot bring it round."""
    reached: dict[str, Sequence[Belonging]] = {}
    waiting = [organisation_id]
    while waiting:
        each = waiting.pop()
        if each in tree and each not in reached:
            reached[each] = tree[each]
            waiting.extend(step.part_of for step in tree[each] if step.part_of is not None)
    return reached


def _wrong(reason: str) -> Invalid:
    return Invalid(f"The organisation above {reason}.", errors=[FieldError("/part_of", reason)])
