"""Finding duplicates, making two records one, and parting them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from services.referral.domain import merging, standing
from services.referral.domain.ending import end_as_duplicate
from services.referral.domain.matching import may_be_one
from services.referral.domain.person import ChangedPerson, Person
from services.referral.domain.referral import Changed, Referral
from services.referral.handlers.changing import change_by_fact
from services.referral.handlers.looking import known_among, look_at_person
from services.referral.handlers.persons import change_person, follow_opt_out
from services.referral.store import Stores
from shared.cause import Actor, Cause
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.events import PersonMerged, PersonUnmerged
from shared.store import Duplicate, Saved

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Candidates:
    """Records that may be one person with another: those the asker knows, and how many more."""

    known: tuple[str, ...]
    others: int | None
    """None where the asker is not to know."""


async def note_duplicates(stores: Stores, saved: Saved[Person], cause: Cause) -> Saved[Person]:
    """Look who else may be this person, and keep that for someone to look at.

    Looked for after the record was written, so that of two written at once one sees the other.
    """
    alike = await stores.persons.alike(saved.state)
    found = tuple(each.id for each in alike if may_be_one(saved.state, each.state))
    if not set(found) - set(saved.state.candidates):
        return saved
    return await stores.persons.update(
        saved.id,
        lambda person: (
            person.with_(candidates=tuple(dict.fromkeys((*person.candidates, *found)))),
            [],
        ),
        cause.following(),
        remember=False,
    )


async def candidates_for(stores: Stores, person: Person, actor: Actor, at: datetime) -> Candidates:
    """Who may be the same person, as far as this actor may know of them."""
    found = await stores.persons.get_many(person.candidates, person.tenant)
    still = [each for each in found.values() if may_be_one(person, each.state)]
    known = tuple(each.id for each in await known_among(stores, still, actor, at))
    return Candidates(known, len(still) - len(known))


async def candidates_of(stores: Stores, made: Referral, actor: Actor, at: datetime) -> Candidates:
    """Who else the person of a new referral may be; the number of others is for the team."""
    person = (await stores.persons.resolve(made.person_id, made.tenant)).state
    if not person.candidates:
        return Candidates((), None)
    found = await candidates_for(stores, person, actor, at)
    return found if actor.organisation == made.team_organisation_id else replace(found, others=None)


async def list_duplicates(
    stores: Stores, actor: Actor, at: datetime, *, limit: int, cursor: str | None
) -> tuple[Sequence[tuple[Person, Candidates]], str | None]:
    """Persons the actor knows who may have another record, newest first."""
    page = await stores.persons.possible_duplicates(actor.tenant, limit=limit, cursor=cursor)
    items = []
    for saved in await known_among(stores, page.items, actor, at):
        candidates = await candidates_for(stores, saved.state, actor, at)
        if candidates.known or candidates.others:
            items.append((saved.state, candidates))
    return items, page.next_cursor


async def merge(
    stores: Stores,
    person_id: str,
    cause: Cause,
    *,
    retired_id: str,
    reason: str,
    withdraw: Sequence[str],
    if_match: int | None,
) -> Saved[Person]:
    """Make two records one. What follows from it is done at once, and by its fact after a crash.

    Raises Conflict naming open referrals of both to the same service, unless ``withdraw``
    names one of each pair.
    """
    survivor, _ = await look_at_person(stores, person_id, cause.actor, cause.at)
    if merging.in_force(survivor.state, retired_id) is None:
        retired = await _other(stores, retired_id, cause, "/retired_id")
        pairs = await _conflicts(stores, survivor.state, retired.state)
        unsettled = [pair for pair in pairs if not set(pair) & set(withdraw)]
        if unsettled:
            raise Conflict(
                "Both have an open referral to the same service: say which is withdrawn.",
                {
                    "current_status": "open_referrals_in_conflict",
                    "allowed": ["withdraw_referral_ids"],
                    "conflicts": [list(pair) for pair in unsettled],
                },
            )
        mine = tuple(each for each in withdraw if any(each in pair for pair in pairs))
    else:
        retired, mine = await stores.persons.get(retired_id, cause.actor.tenant), ()

    def command(person: Person, cause: Cause) -> ChangedPerson:
        return merging.merge(person, cause, retired=retired.state, reason=reason, withdrawing=mine)

    merged = await change_person(stores, survivor.id, command, cause, if_match=if_match)
    await settle_merge(stores, survivor.id, retired_id, cause)
    return merged


async def unmerge(
    stores: Stores,
    person_id: str,
    cause: Cause,
    *,
    retired_id: str,
    reason: str,
    if_match: int | None,
) -> tuple[Saved[Person], tuple[str, ...]]:
    """Part two records; what was the other's goes back. The answer names its cases."""
    survivor, _ = await look_at_person(stores, person_id, cause.actor, cause.at)
    theirs = await _once_of(stores, retired_id, cause.actor.tenant)
    case_ids = tuple(dict.fromkeys(each.state.case_id for each in theirs))
    saved = await change_person(
        stores,
        survivor.id,
        partial(merging.unmerge, retired_id=retired_id, reason=reason, case_ids=case_ids),
        cause,
        if_match=if_match,
    )
    await settle_unmerge(stores, survivor.id, retired_id, cause)
    trail = [each for each in saved.state.merges if each.retired_id == retired_id]
    return saved, trail[-1].case_ids if trail else case_ids


async def tell_apart(
    stores: Stores, person_id: str, cause: Cause, *, other_id: str
) -> Saved[Person]:
    """Someone looked: the two records look alike and are two persons."""
    await look_at_person(stores, person_id, cause.actor, cause.at)
    await _other(stores, other_id, cause, "/other_id")

    def command(person: Person, cause: Cause) -> ChangedPerson:
        standing.check_open_to(person, cause.actor)
        distinct = tuple(dict.fromkeys((*person.distinct_from, other_id)))
        left = tuple(each for each in person.candidates if each != other_id)
        return person.with_(distinct_from=distinct, candidates=left), []

    return await change_person(stores, person_id, command, cause)


async def after_merged(stores: Stores, event: PersonMerged, cause: Cause) -> None:
    """What a merge means for the alias and for the referrals."""
    await settle_merge(stores, event.person_id, event.retired_id, cause)


async def after_unmerged(stores: Stores, event: PersonUnmerged, cause: Cause) -> None:
    """What parting two records means for them and for the referrals."""
    await settle_unmerge(stores, event.person_id, event.retired_id, cause)


async def settle_merge(stores: Stores, survivor_id: str, retired_id: str, cause: Cause) -> None:
    """Do what the survivor's record says of this merge. Any part may have been done before."""
    cause = cause.following()
    tenant = cause.actor.tenant
    survivor = await _exact(stores, survivor_id, tenant)
    trail = merging.in_force(survivor, retired_id) if survivor else None
    if survivor is None or trail is None:
        return
    await stores.persons.update(
        retired_id, lambda person: merging.retire(person, survivor_id), cause, remember=False
    )
    if trail.nhs_number_taken is not None:
        await stores.persons.update(
            survivor_id,
            lambda person: merging.take_nhs_number(person, retired_id),
            cause,
            remember=False,
        )
    for referral_id in trail.withdrawn_referral_ids:
        await change_by_fact(stores, referral_id, end_as_duplicate, cause)
    way = [each.id for each in await stores.persons.way(retired_id, tenant)]
    await follow_opt_out(stores, survivor, cause)
    for saved in await _all_of(stores, retired_id, tenant):
        await _rekey(stores, saved.id, partial(_rekeyed, way=way), cause)


async def settle_unmerge(stores: Stores, survivor_id: str, retired_id: str, cause: Cause) -> None:
    """Give the record and its referrals back, unless they were merged again meanwhile."""
    cause = cause.following()
    tenant = cause.actor.tenant
    survivor = await _exact(stores, survivor_id, tenant)
    if survivor is None or merging.in_force(survivor, retired_id) is not None:
        return
    await stores.persons.update(
        retired_id, lambda person: merging.restore(person, survivor_id), cause, remember=False
    )
    for saved in await _once_of(stores, retired_id, tenant):
        await _rekey(stores, saved.id, partial(_unkeyed, retired_id=retired_id), cause)
    for person_id in (survivor_id, retired_id):
        person = await _exact(stores, person_id, tenant)
        if person is not None:
            await follow_opt_out(stores, person, cause)


def _rekeyed(referral: Referral, _: Cause, *, way: Sequence[str]) -> Changed:
    return merging.rekey(referral, way)


def _unkeyed(referral: Referral, _: Cause, *, retired_id: str) -> Changed:
    return merging.unkey(referral, retired_id)


async def _rekey(stores: Stores, referral_id: str, command: partial[Changed], cause: Cause) -> None:
    try:
        await change_by_fact(stores, referral_id, command, cause)
    except Duplicate:
        # Both got an open referral to one service while the merge was on its way. It stays
        # under the alias, where it is found all the same, until one of the two ends.
        return


async def _conflicts(
    stores: Stores, survivor: Person, retired: Person
) -> Sequence[tuple[str, str]]:
    """Pairs of open referrals, the survivor's and the other's, to the same service."""

    async def open_of(person: Person) -> dict[str, str]:
        ids = list(await stores.persons.ids_of(person))
        page = await stores.referrals.find(
            person.tenant, {"state.person_id": {"$in": ids}, "facets.open": True}, limit=_PAGE
        )
        return {each.state.service_id: each.id for each in page.items}

    mine, theirs = await open_of(survivor), await open_of(retired)
    return [(mine[service], theirs[service]) for service in sorted(mine.keys() & theirs.keys())]


async def _other(stores: Stores, person_id: str, cause: Cause, pointer: str) -> Saved[Person]:
    """Another record the actor knows, the very one named. Raises Invalid naming the field."""
    reason = "must be the id of a person whose referral your organisation holds"
    try:
        saved = await stores.persons.get(person_id, cause.actor.tenant)
    except NotFound:
        raise _unknown(pointer, reason) from None
    known = await known_among(stores, [saved], cause.actor, cause.at)
    if saved.state.merged_into is None and not known:
        raise _unknown(pointer, reason)
    return saved


def _unknown(pointer: str, reason: str) -> Invalid:
    return Invalid("The records cannot be compared.", errors=(FieldError(pointer, reason),))


async def _exact(stores: Stores, person_id: str, tenant: str) -> Person | None:
    found = await stores.persons.get_many([person_id], tenant)
    return found[person_id].state if person_id in found else None


async def _all_of(stores: Stores, person_id: str, tenant: str) -> Sequence[Saved[Referral]]:
    return await _every(stores, tenant, {"state.person_id": person_id})


async def _once_of(stores: Stores, person_id: str, tenant: str) -> Sequence[Saved[Referral]]:
    """The referrals that were this person's before records were merged."""
    where = {"state.person_ids_before": person_id, "facets.rekeyed": True}
    return await _every(stores, tenant, where)


async def _every(
    stores: Stores, tenant: str, where: dict[str, object]
) -> Sequence[Saved[Referral]]:
    found: list[Saved[Referral]] = []
    cursor: str | None = None
    while True:
        page = await stores.referrals.find(tenant, where, limit=_PAGE, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found
