"""What outcomes hears from the referral service, one handler per kind of fact."""

from __future__ import annotations

from services.outcomes import handlers
from services.outcomes.domain import Plan
from services.outcomes.store import Stores
from shared.bus import Consumer
from shared.cause import Cause
from shared.events import (
    AppointmentAttended,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentEvent,
    AppointmentMissed,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEvent,
    ReferralNotCompleted,
    ReferralStarted,
    ReferralWaitlisted,
    ReferralWithdrawn,
)
from shared.store import Saved

consumer = Consumer[Stores]("outcomes")


@consumer.on(ReferralCreated)
async def referral_created(event: ReferralCreated, cause: Cause, stores: Stores) -> Saved[Plan]:
    """An intake opens a plan; what the person is referred on to is noted in it."""
    if event.kind == "intake":
        return await handlers.open_plan(stores, event, cause)
    return await handlers.note_referral(stores, event, cause)


@consumer.on(
    ReferralAccepted,
    ReferralWaitlisted,
    ReferralDeclined,
    ReferralStarted,
    ReferralWithdrawn,
    ReferralCompleted,
    ReferralNotCompleted,
)
async def referral_moved(event: ReferralEvent, cause: Cause, stores: Stores) -> Saved[Plan]:
    """The plan knows where each referral of the case stands."""
    return await handlers.note_referral(stores, event, cause)


@consumer.on(AppointmentBooked, AppointmentAttended, AppointmentMissed, AppointmentCancelled)
async def contact_told(event: AppointmentEvent, cause: Cause, stores: Stores) -> Saved[Plan]:
    """The plan counts the contacts, whichever service they were with."""
    return await handlers.note_appointment(stores, event, cause)
