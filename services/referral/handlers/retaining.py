"""Records whose time is over: found, and erased by the way every erasure goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.referral.domain import retention
from services.referral.domain.calendar import day_of
from services.referral.domain.erasure import Decision, Erasure
from services.referral.domain.person import Person
from services.referral.domain.referral import Referral
from services.referral.domain.retention import RetentionRules, Term
from services.referral.handlers.erasing import carry_out, grant, referrals_of
from services.referral.store import Stores
from shared.cause import Cause
from shared.errors import Conflict
from shared.ids import derived_id
from shared.store import Saved


@dataclass(frozen=True, slots=True)
class Past:
    """Someone whose record need not be kept any more."""

    person_id: str
    term: Term


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look through a page of persons found; ``after`` is where to go on, if anywhere."""

    past: Sequence[Past]
    looked_at: int
    after: str | None


async def past_their_time(
    stores: Stores, tenant: str, now: datetime, *, limit: int, after: str | None
) -> Looked:
    """Look through ``limit`` persons, by id, for those whose record need not be kept."""
    rules = await stores.tenants.retention(tenant)
    page, further = await stores.persons.standing_for_themselves(tenant, after=after, limit=limit)
    of = await _referrals(stores, [saved.state for saved in page], tenant)
    past = [
        Past(saved.id, found)
        for saved in page
        if (found := _term(saved, of[saved.id], rules, now)) is not None
        and retention.is_over(found, day_of(now))
    ]
    return Looked(past, len(page), further)


async def erase_past(stores: Stores, person_id: str, cause: Cause) -> Saved[Erasure]:
    """Erase someone whose record's time is over; doing it again changes nothing.

    Raises Conflict where it is not over: a contact since, a hold, other rules.
    """
    tenant = cause.actor.tenant
    erasure_id = derived_id(person_id, "retention")
    known = await stores.erasures.get_many([erasure_id], tenant)
    if erasure_id in known:
        await carry_out(stores, known[erasure_id].state, cause)
        return await stores.erasures.get(erasure_id, tenant)
    saved = await stores.persons.get(person_id, tenant)
    rules = await stores.tenants.retention(tenant)
    of = await _referrals(stores, [saved.state], tenant)
    if not retention.is_over(_term(saved, of[saved.id], rules, cause.at), day_of(cause.at)):
        raise Conflict(
            "This record's time is not over.", {"current_status": "retained", "allowed": []}
        )
    erasure = Erasure(
        id=erasure_id,
        tenant=tenant,
        person_id=person_id,
        ground="retention_ended",
        requested_at=cause.at,
        requested_by="retention-rules",
        requested_organisation=cause.actor.organisation,
    )
    decision = Decision(
        granted=True,
        reason_code="ground_applies",
        legal_basis="art_5_1_e",
        at=cause.at,
        by=cause.actor.subject,
        organisation=cause.actor.organisation,
    )
    return await grant(stores, erasure, decision, cause)


def _term(
    saved: Saved[Person], referrals: Sequence[Referral], rules: RetentionRules, now: datetime
) -> Term | None:
    return retention.term(saved.state, saved.created_at, referrals, rules, now)


async def _referrals(
    stores: Stores, persons: Sequence[Person], tenant: str
) -> dict[str, list[Referral]]:
    """Each person's referrals, those of records merged into theirs included."""
    owner = {
        alias: person.id for person in persons for alias in await stores.persons.ids_of(person)
    }
    found: dict[str, list[Referral]] = {person.id: [] for person in persons}
    for referral in await referrals_of(stores, list(owner), tenant) if owner else ():
        found[owner[referral.person_id]].append(referral)
    return found
