"""Noting and counting needs that were not met."""

from __future__ import annotations

from collections.abc import Sequence

from services.directory import domain
from services.directory.domain import By, Gap, UnmetNeed, UnmetReason
from services.directory.store import Stores, key
from shared.cause import Cause
from shared.errors import NotFound
from shared.events import NeedUnmet, ReferralEvent
from shared.store import Duplicate, Saved


async def note_unmet_need(
    stores: Stores, need_code: str, district: str, reason_code: UnmetReason, cause: Cause
) -> Saved[UnmetNeed]:
    """Someone looked for a service and found none."""
    note_id = cause.make_id("unmet-need")
    unmet, facts = domain.note(need_code, district, reason_code, note_id, cause)
    return await stores.unmet.insert(note_id, unmet, facts, cause)


async def follow_need(stores: Stores, event: ReferralEvent, cause: Cause) -> None:
    """Note the need of an onward referral, and whether it led nowhere.

    The record is keyed by the referral, so a fact that comes again adds nothing.
    """
    if event.kind != "onward" or type(event) not in domain.TELLING:
        return
    area = await _area_of(stores, event) if domain.leads_nowhere(event) else None

    def change(known: UnmetNeed | None) -> tuple[UnmetNeed, Sequence[NeedUnmet]]:
        return domain.hear(known, event, area, cause)

    try:
        await stores.unmet.insert(_id(event), *change(None), cause)
    except Duplicate:
        await stores.unmet.update(_id(event), change, cause, remember=False)


async def count_unmet_needs(
    stores: Stores, tenant: str, by: Sequence[By], first: str, last: str
) -> list[Gap]:
    """The gap map of these months (such as 2026-03, both included), small numbers left out."""
    return domain.gap_map(by, await stores.unmet.counts(tenant, by, first, last))


def _id(event: ReferralEvent) -> str:
    return f"referral:{event.referral_id}"


async def _area_of(stores: Stores, event: ReferralEvent) -> str | None:
    """The postcode district of the service: the need is around it, as far as facts can tell."""
    try:
        saved = await stores.services.get(key(event.tenant, event.service_id), event.tenant)
    except NotFound:
        return None
    codes = (location.postal_code for location in saved.state.listing.locations)
    return next((code.partition(" ")[0] for code in codes if code), None)
