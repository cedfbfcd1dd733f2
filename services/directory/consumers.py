"""The facts the directory listens to: what referrals do with places, and closed organisations."""

from __future__ import annotations

from services.directory import handlers
from services.directory.domain import EFFECTS
from services.directory.handlers import erasing
from services.directory.handlers.tracks import facts_without_place
from services.directory.store import Stores
from shared.bus import Consumer
from shared.cause import Cause
from shared.events import (
    OrganisationChanged,
    PersonErased,
    ReferralAccepted,
    ReferralCreated,
    ReferralEvent,
)

consumer = Consumer[Stores]("directory")

consumer.leaves_tracks(ReferralCreated, ReferralAccepted)(facts_without_place)


@consumer.on(*EFFECTS)
async def referral_moved(event: ReferralEvent, cause: Cause, stores: Stores) -> None:
    """A referral was made, taken, put on a waiting list or ended."""
    await handlers.follow_referral(stores, event, cause)
    await handlers.follow_need(stores, event, cause)


@consumer.on(OrganisationChanged)
async def organisation_changed(event: OrganisationChanged, cause: Cause, stores: Stores) -> None:
    """An organisation, as told by this service itself, is closed: then its services are."""
    await handlers.close_services_of(stores, event, cause)


@consumer.on(PersonErased)
async def person_erased(event: PersonErased, cause: Cause, stores: Stores) -> None:
    """What an erased person's referrals hold is free, and stays so."""
    await erasing.erase(stores, event, cause)
