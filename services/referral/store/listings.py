"""What has been heard of the directory's services: one small document each."""

from __future__ import annotations

import time

from services.referral.domain.listing import Listing
from shared.errors import NotFound
from shared.store import Collection, Store

_AGE = 5.0
"""Seconds a listing is used from memory: a closed service is refused within that time."""

_MOST_RECENT = 10_000


class Listings(Store[Listing]):
    """One document per service of the directory, as last heard of."""

    model = Listing
    listed = False
    unaudited = "services of the directory: organisations, no persons"

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self._recent: dict[tuple[str, str], tuple[float, Listing]] = {}

    async def look_up(self, service_id: str, tenant: str) -> Listing | None:
        """The listing, at most a few seconds old; None where the service is not known."""
        held = self._recent.get((tenant, service_id))
        if held is not None and time.monotonic() - held[0] < _AGE:
            return held[1]
        try:
            listing = (await self.get(listing_key(tenant, service_id), tenant)).state
        except NotFound:
            return None
        if len(self._recent) >= _MOST_RECENT:
            self._recent.clear()
        self._recent[tenant, service_id] = (time.monotonic(), listing)
        return listing


def listing_key(tenant: str, service_id: str) -> str:
    """The id of a listing's document: tenants may list a service under the same id."""
    return f"{tenant}/{service_id}"
