"""Another service instead, and what is done about referrals that lead nowhere any more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Literal

from services.referral.domain import rerouting
from services.referral.domain.access import permit
from services.referral.domain.record import ConsentScope
from services.referral.domain.referral import Referral
from services.referral.handlers.changing import change_by_fact
from services.referral.handlers.consent import end_if_over
from services.referral.handlers.looking import check_open
from services.referral.handlers.referring import Request, answered_before, refer_instead_of
from services.referral.store import Stores, listing_key
from shared.cause import Cause
from shared.errors import Conflict, NotFound
from shared.events import ReferralCreated
from shared.store import Saved


@dataclass(frozen=True, slots=True)
class NewRoute:
    """Where to refer instead, why, and what changes; the rest is as it was."""

    service_id: str
    reason: str
    consent_method: Literal["verbal", "written", "representative"]
    consent_scope: tuple[ConsentScope, ...]
    need_codes: tuple[str, ...] | None = None
    priority: Literal["routine", "urgent"] | None = None


async def reroute(
    stores: Stores, referral_id: str, route: NewRoute, cause: Cause
) -> Saved[Referral]:
    """Make a new referral that takes this one's place; its own fact then marks this one.

    Raises NotFound, Forbidden, Invalid naming the field, or Conflict: where this referral
    allows no reroute, or has one already (``referral_id``).
    """
    old = (await stores.referrals.get(referral_id, cause.actor.tenant)).state
    await check_open(stores, [old], cause)
    permit(old, cause.actor)
    try:
        rerouting.check_reroute(old)
    except Conflict as refused:
        return await answered_before(stores, cause, refused)
    onward = old.kind != "intake"
    return await refer_instead_of(
        stores,
        old,
        Request(
            kind=old.kind,
            service_id=route.service_id,
            case_id=old.case_id if onward else None,
            person_id=None if onward else old.person_id,
            new_person=None,
            need_codes=route.need_codes or old.need_codes,
            priority=route.priority or old.priority,
            reason=route.reason,
            consent_method=route.consent_method,
            consent_scope=route.consent_scope,
            source_code=old.source_code,
            previous_case_id=None if onward else old.id,
            override_reason=route.reason,
        ),
        cause,
    )


async def note_referral_made(stores: Stores, event: ReferralCreated, cause: Cause) -> None:
    """What a new referral leads to: the one it replaces is marked.

    Where its service closed at the moment it was made, it is marked itself, and where the
    person died or took back their consent, it ends: whoever followed that fact could not see
    it yet.
    """
    await end_if_over(stores, event.referral_id, cause)
    if event.replaces is not None:
        await change_by_fact(
            stores, event.replaces, partial(rerouting.mark_rerouted, by=event), cause
        )
    key = listing_key(event.tenant, event.service_id)
    try:
        listing = (await stores.listings.get(key, event.tenant)).state
    except NotFound:
        return
    if not listing.open:
        mark = partial(rerouting.mark_service_closed, seq=listing.seq)
        await change_by_fact(stores, event.referral_id, mark, cause)


async def mark_referrals_to(
    stores: Stores, service_id: str, closing_seq: int, cause: Cause
) -> None:
    """Mark every open referral to a closed service, until none is left unmarked."""
    mark = partial(rerouting.mark_service_closed, seq=closing_seq)
    while page := await stores.referrals.open_at_closed(
        service_id, closing_seq, cause.actor.tenant
    ):
        await asyncio.gather(*(change_by_fact(stores, each.id, mark, cause) for each in page))
