"""Referrals that hold no place where they should are found by their events."""

from __future__ import annotations

from services.directory import handlers
from services.directory.handlers.tracks import facts_without_place
from services.directory.store import Stores, key
from shared.events import ReferralCreated
from tests.directory.examples import because, fact, listing


async def test_an_onward_referral_that_holds_no_place_is_found(stores: Stores) -> None:
    made = listing(capacity={"unit": "places", "maximum": 3})
    tenant = because().actor.tenant
    await handlers.put_services(stores, [made], because())
    assert await stores.services.get(key(tenant, made.id), tenant)
    told = fact(ReferralCreated, 1)
    facts = {"event-1": told}

    assert set(await facts_without_place(facts, stores)) == {"event-1"}
    await handlers.follow_referral(stores, told, because())
    assert set(await facts_without_place(facts, stores)) == set()


async def test_a_service_that_is_not_known_keeps_no_places(stores: Stores) -> None:
    assert set(await facts_without_place({"event-1": fact(ReferralCreated, 1)}, stores)) == set()
