"""Publishing, restating and closing community services."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from services.directory import domain
from services.directory.domain import CloseReason, Listing, Point, Service
from services.directory.handlers.upsert import Upserted, upsert
from services.directory.store import Stores, key
from shared.cause import Cause
from shared.errors import Invalid, KeyReused
from shared.events import DirectoryEvent
from shared.store import Saved


async def put_services(
    stores: Stores, listings: Sequence[Listing], cause: Cause
) -> Sequence[Upserted[Service] | Invalid]:
    """Store many listings at once, each on its own: a refused one stops no other.

    The answers are in the order given. The ids must differ.
    """
    middles = await _middles(stores, listings, cause)

    async def put(listing: Listing) -> Upserted[Service] | Invalid:
        try:
            return await _put(stores, listing, middles, cause, reopen=False)
        except KeyReused:
            raise  # it is the request's fault, not the row's
        except Invalid as refused:
            return refused

    return await asyncio.gather(*(put(listing) for listing in listings))


async def put_service(
    stores: Stores, listing: Listing, cause: Cause, if_match: int | None
) -> Upserted[Service]:
    """Store one listing, reopening the service where it was closed by hand."""
    middles = await _middles(stores, [listing], cause)
    return await _put(stores, listing, middles, cause, reopen=True, if_match=if_match)


async def close_service(
    stores: Stores, service_id: str, reason_code: CloseReason, cause: Cause, if_match: int | None
) -> Saved[Service]:
    """Close a service for good."""
    return await stores.services.update(
        key(cause.actor.tenant, service_id),
        lambda service: domain.close(service, reason_code, cause),
        cause,
        if_match=if_match,
        check=lambda service: domain.check_owner(service, cause.actor),
    )


async def get_service(stores: Stores, service_id: str, tenant: str) -> Saved[Service]:
    """One service."""
    return await stores.services.get(key(tenant, service_id), tenant)


async def _put(
    stores: Stores,
    listing: Listing,
    middles: Mapping[str, Point],
    cause: Cause,
    *,
    reopen: bool,
    if_match: int | None = None,
) -> Upserted[Service]:
    points = listing.points(middles)

    def create() -> tuple[Service, Sequence[DirectoryEvent]]:
        domain.check_statement(listing, None, cause.actor)
        return domain.publish(listing, points, cause)

    def change(service: Service) -> tuple[Service, Sequence[DirectoryEvent]]:
        domain.check_statement(listing, service, cause.actor)
        return domain.restate(service, listing, points, cause, reopen=reopen)

    return await upsert(
        stores.services,
        key(cause.actor.tenant, listing.id),
        create,
        change,
        cause,
        if_match=if_match,
    )


async def _middles(
    stores: Stores, listings: Iterable[Listing], cause: Cause
) -> Mapping[str, Point]:
    """The middles of the districts that these listings need and that are known."""
    needed = sorted({code for listing in listings for code in listing.districts_needed()})
    tenant = cause.actor.tenant
    found = await stores.districts.get_many([key(tenant, code) for code in needed], tenant)
    return {saved.state.district.id: saved.state.district.point for saved in found.values()}
