"""What the referral service can build anew from Kafka, and what it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.referral.domain.listing import Listing
from services.referral.handlers.hearing import keep_listing
from services.referral.store import Listings
from shared.bus import Consumer
from shared.cause import Cause
from shared.events import DirectoryEvent, ServiceChanged, ServiceClosed, ServicePublished
from shared.rebuild import Projection, Rebuildable
from shared.store import Collection, Saved


@dataclass(frozen=True, slots=True)
class _Heard:
    """The one store that holds only what was heard."""

    listings: Listings


_consumer = Consumer[_Heard]("referral-listings-rebuild")


@_consumer.on(ServicePublished, ServiceChanged, ServiceClosed)
async def service_heard_of(event: DirectoryEvent, cause: Cause, stores: _Heard) -> Saved[Listing]:
    """What the directory says of a service; its referrals are left alone."""
    return await keep_listing(stores.listings, event, cause)


def _build(collection: Callable[[str], Collection]) -> _Heard:
    return _Heard(Listings(collection("listings")))


_ENTERED = "Holds what people and practices entered, and what time did to it."

REBUILDABLE = Rebuildable(
    projections=(
        Projection(
            name="listings",
            summary="What was heard of the directory's services: whose they are, whether open.",
            collections=("listings",),
            consumer=_consumer,
            build=_build,
        ),
    ),
    others={
        "referrals": f"{_ENTERED} Its facts come from here, so none could restore it.",
        "persons": f"{_ENTERED} No event holds who a person is.",
        "sessions": _ENTERED,
        "tenants": "Entered by tenants.",
        "teams": "Entered by teams.",
        "notes": _ENTERED,
        "overrides": _ENTERED,
        "erasures": "Requests and decisions, entered by people.",
        "person_keys": "Keys: what one sealed is lost with it, and that is erasure.",
        "concerns": f"{_ENTERED} No event holds what a concern is about.",
    },
)
