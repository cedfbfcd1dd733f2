"""Which facts left no effect on the places of services; asked long after, only read."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from services.directory import domain
from services.directory.store import Stores, key
from shared.events import ReferralEvent


async def facts_without_place(
    events: Mapping[str, ReferralEvent], stores: Stores
) -> Collection[str]:
    """Onward referrals of which the service they went to knows nothing.

    A service that is not known here keeps no places, so nothing is missing there.
    """
    taking = {id_: event for id_, event in events.items() if domain.takes_place(event)}
    missing = []
    for tenant in {event.tenant for event in taking.values()}:
        keys = {key(tenant, event.service_id) for event in taking.values()}
        services = await stores.services.get_many(sorted(keys), tenant)
        for event_id, event in taking.items():
            service = services.get(key(tenant, event.service_id))
            if (
                event.tenant == tenant
                and service is not None
                and event.referral_id not in service.state.holds
            ):
                missing.append(event_id)
    return missing
