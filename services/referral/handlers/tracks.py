"""Which facts of others left no effect here; asked long after, only read."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from services.referral.store import Stores, listing_key
from shared.events import DirectoryEvent, GoalUpdated


async def services_not_listed(
    events: Mapping[str, DirectoryEvent], stores: Stores
) -> Collection[str]:
    """Services that were published and that nobody can refer to."""
    missing = []
    for tenant in {event.tenant for event in events.values()}:
        of_tenant = {id_: each for id_, each in events.items() if each.tenant == tenant}
        keys = {listing_key(tenant, event.service_id) for event in of_tenant.values()}
        known = await stores.listings.get_many(sorted(keys), tenant)
        missing += [
            id_
            for id_, event in of_tenant.items()
            if listing_key(tenant, event.service_id) not in known
        ]
    return missing


async def goals_not_shown(events: Mapping[str, GoalUpdated], stores: Stores) -> Collection[str]:
    """Goals that their case does not show."""
    missing = []
    for tenant in {event.tenant for event in events.values()}:
        of_tenant = {id_: each for id_, each in events.items() if each.tenant == tenant}
        cases = sorted({event.case_id for event in of_tenant.values()})
        known = await stores.referrals.get_many(cases, tenant)
        for event_id, event in of_tenant.items():
            case = known.get(event.case_id)
            if case is None or event.goal_id not in case.state.goals:
                missing.append(event_id)
    return missing
