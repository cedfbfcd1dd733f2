"""Erasing a person: asked for, decided, done here at once, and by its fact after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from services.referral.domain import erasure as rules
from services.referral.domain.ending import end_for_erasure
from services.referral.domain.erasure import Decision, Erasure, Ground, Held
from services.referral.domain.person import ChangedPerson, Person
from services.referral.domain.policy import POLICY, Is
from services.referral.domain.referral import Referral
from services.referral.handlers.changing import change_by_fact
from services.referral.handlers.looking import look_at_person
from services.referral.store import Stores
from services.referral.store.erasures import ONE_REQUEST
from shared.cause import Actor, Cause
from shared.errors import Conflict, Erased, NotFound
from shared.events import PersonErased
from shared.ids import derived_id
from shared.policy import TENANT, Role
from shared.store import Duplicate, Page, Saved

_PAGE = 200


async def request_erasure(
    stores: Stores, person_id: str, cause: Cause, *, ground: Ground, note: str | None
) -> Saved[Erasure]:
    """Write a request down and hold new processing at once.

    Raises NotFound for whoever may not know the person, Conflict naming the ``erasure_id``
    of a request that waits already.
    """
    person = await _person(stores, person_id, cause)
    erasure = Erasure(
        id=cause.make_id("erasure"),
        tenant=person.tenant,
        person_id=person.id,
        ground=ground,
        requested_at=cause.at,
        requested_by=cause.actor.subject,
        requested_organisation=cause.actor.organisation,
        request_note=note,
    )
    try:
        saved = await stores.erasures.insert(erasure.id, erasure, (), cause)
    except Duplicate as taken:
        if taken.index != ONE_REQUEST:
            raise
        waiting = await stores.erasures.find(
            person.tenant, {"state.person_id": person.id, "facets.open": True}, limit=1
        )
        raise Conflict(
            "A request to erase this person waits for its decision already.",
            {"current_status": "requested", "erasure_id": next(e.id for e in waiting.items)},
        ) from None
    if saved.state.decision is None:
        await _on_person(stores, saved.state, partial(rules.hold, erasure_id=saved.id), cause)
    return saved


async def decide_erasure(
    stores: Stores,
    erasure_id: str,
    cause: Cause,
    *,
    granted: bool,
    reason_code: rules.Reason,
    legal_basis: rules.LegalBasis,
    note: str,
    if_match: int | None = None,
) -> Saved[Erasure]:
    """Grant or refuse a request. A grant is carried out here before this returns."""
    seen = (await read_erasure(stores, erasure_id, cause.actor)).state
    decision = Decision(
        granted=granted,
        reason_code=reason_code,
        legal_basis=legal_basis,
        at=cause.at,
        by=cause.actor.subject,
        organisation=cause.actor.organisation,
    )
    held: Held | None = None
    if granted and seen.decision is None:
        person = (await stores.persons.get(seen.person_id, seen.tenant)).state
        rules.check_erasable(person)
        held = await _held(stores, person)
    saved = await stores.erasures.update(
        erasure_id,
        lambda erasure: rules.decide(erasure, cause, decision=decision, note=note, held=held),
        cause,
        if_match=if_match,
    )
    if saved.state.status == "refused":
        await _on_person(stores, saved.state, partial(rules.release, erasure_id=saved.id), cause)
        return saved
    await carry_out(stores, saved.state, cause)
    return saved


async def grant(
    stores: Stores, erasure: Erasure, decision: Decision, cause: Cause
) -> Saved[Erasure]:
    """Write down and carry out an erasure that nobody has to decide on: rules did."""
    person = (await stores.persons.get(erasure.person_id, erasure.tenant)).state
    rules.check_erasable(person)
    held = await _held(stores, person)
    granted, facts = rules.decide(erasure, cause, decision=decision, note=None, held=held)
    saved = await stores.erasures.insert(erasure.id, granted, facts, cause)
    await carry_out(stores, saved.state, cause)
    return await stores.erasures.get(erasure.id, erasure.tenant)


async def read_erasure(stores: Stores, erasure_id: str, actor: Actor) -> Saved[Erasure]:
    """A request, for the organisation that wrote it down and for the tenant's admins."""
    saved = await stores.erasures.get(erasure_id, actor.tenant)
    own = saved.state.requested_organisation == actor.organisation
    POLICY.require(actor, {TENANT, Is.OWN} if own else {TENANT})
    return saved


async def list_erasures(
    stores: Stores, actor: Actor, *, status: str | None, limit: int, cursor: str | None
) -> Page[Erasure]:
    """Requests the actor may read, newest first."""
    where = {} if status is None else {"facets.status": status}
    if actor.role != Role.TENANT_ADMIN:
        where["state.requested_organisation"] = actor.organisation
    return await stores.erasures.find(actor.tenant, where, limit=limit, cursor=cursor)


async def after_erased(stores: Stores, event: PersonErased, cause: Cause) -> None:
    """Finish what a crash may have left, or a backup brought back."""
    try:
        erasure = (await stores.erasures.get(event.erasure_id, event.tenant)).state
    except NotFound:
        erasure = _as_told(event)
    await carry_out(stores, erasure, cause)


async def note_applied(stores: Stores, erasure_id: str, service: str, cause: Cause) -> None:
    """A service says that it removed what it held."""
    own = _own(cause, service)
    await stores.erasures.update(
        erasure_id,
        lambda erasure: rules.acknowledge(erasure, service, own),
        own,
        remember=False,
    )


async def carry_out(stores: Stores, erasure: Erasure, cause: Cause) -> None:
    """Remove everything held here. Any part may have been done before."""
    tenant, at = erasure.tenant, cause.at
    own = _own(cause, "carry-out")
    persons = list(erasure.person_ids)
    made_since = [each.id for each in await referrals_of(stores, persons, tenant)]
    referrals = list(dict.fromkeys((*erasure.referral_ids, *made_since)))
    for referral_id in referrals:
        try:
            await change_by_fact(stores, referral_id, end_for_erasure, own)
        except NotFound:
            continue
    await stores.notes.bury(await stores.notes.ids_about(persons, tenant), tenant, at)
    await stores.concerns.bury(await stores.concerns.ids_about(persons, tenant), tenant, at)
    await stores.overrides.bury(await stores.overrides.ids_about(persons, tenant), tenant, at)
    await stores.referrals.bury(referrals, tenant, at)
    # Keys last: until here a crash leaves records that can be found by what they hold.
    await stores.persons.bury(persons, tenant, at)
    for person_id in persons:
        await stores.person_keys.destroy(person_id, tenant, at)
    try:
        await note_applied(stores, erasure.id, "referral", own)
    except NotFound:
        return


async def _held(stores: Stores, person: Person) -> Held:
    """Everything of the person that is to go, their merged records included."""
    ids = await stores.persons.ids_of(person)
    referrals = await referrals_of(stores, ids, person.tenant)
    return Held(
        person_ids=tuple(ids),
        case_ids=tuple(dict.fromkeys(each.case_id for each in referrals)),
        referral_ids=tuple(each.id for each in referrals),
        service_ids=tuple(dict.fromkeys(each.service_id for each in referrals)),
    )


async def referrals_of(stores: Stores, person_ids: Sequence[str], tenant: str) -> list[Referral]:
    """Every referral kept under one of these ids."""
    found: list[Referral] = []
    cursor: str | None = None
    while True:
        page = await stores.referrals.find(
            tenant, {"state.person_id": {"$in": list(person_ids)}}, limit=_PAGE, cursor=cursor
        )
        found += [saved.state for saved in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


async def _person(stores: Stores, person_id: str, cause: Cause) -> Person:
    """The person, for their team; for tenant admins by id alone, who see nothing of them."""
    if cause.actor.role == Role.TENANT_ADMIN:
        return (await stores.persons.resolve(person_id, cause.actor.tenant)).state
    saved, _ = await look_at_person(stores, person_id, cause.actor, cause.at)
    return saved.state


async def _on_person(
    stores: Stores, erasure: Erasure, command: partial[ChangedPerson], cause: Cause
) -> None:
    own = _own(cause, "person")
    try:
        await stores.persons.update(
            erasure.person_id, lambda person: command(person, own), own, remember=False
        )
    except Erased:
        return


def _as_told(event: PersonErased) -> Erasure:
    """The erasure as its fact tells it, where its own record is not there any more."""
    return Erasure(
        id=event.erasure_id,
        tenant=event.tenant,
        person_id=event.person_id,
        ground="no_longer_needed",
        requested_at=event.occurred_at,
        requested_by="",
        requested_organisation="",
        person_ids=event.person_ids,
        case_ids=event.case_ids,
        referral_ids=event.referral_ids,
        service_ids=event.service_ids,
    )


def _own(cause: Cause, purpose: str) -> Cause:
    """What follows from a cause: the record it changed first remembers the cause itself."""
    return replace(cause, id=derived_id(cause.id, purpose), digest=None)
