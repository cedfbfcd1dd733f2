"""What follows when an organisation closes: its services do."""

from __future__ import annotations

import asyncio

from services.directory import domain
from services.directory.domain import Service
from services.directory.domain.facts import Changed
from services.directory.store import Stores, key
from shared.cause import Cause
from shared.errors import NotFound
from shared.events import OrganisationChanged

_CLOSED_AT_ONCE = 50


async def close_services_of(stores: Stores, event: OrganisationChanged, cause: Cause) -> None:
    """Close every service of an organisation that has closed; those closed before stay so.

    An organisation that is open again by now closes nothing, however late the fact comes.
    """
    if event.status != "closed" or not await _is_closed(stores, event):
        return

    def change(service: Service) -> Changed:
        if service.listing.status == "defunct":
            return service, ()
        if service.listing.organization.id != event.organisation_id:
            return service, ()
        return domain.close(service, "provider_closed", cause)

    where = {
        "facets.organisation": event.organisation_id,
        "facets.status": {"$in": ["active", "inactive", "temporarily closed"]},
    }
    cursor: str | None = None
    while True:
        page = await stores.services.find(event.tenant, where, limit=_CLOSED_AT_ONCE, cursor=cursor)
        await asyncio.gather(
            *(
                stores.services.update(saved.id, change, cause, remember=False)
                for saved in page.items
            )
        )
        cursor = page.next_cursor
        if cursor is None:
            return


async def _is_closed(stores: Stores, event: OrganisationChanged) -> bool:
    try:
        saved = await stores.organisations.get(
            key(event.tenant, event.organisation_id), event.tenant
        )
    except NotFound:
        return False
    return saved.state.organisation.status == "closed"
