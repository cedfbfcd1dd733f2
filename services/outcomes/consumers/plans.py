"""What the plans hear from the referral service, one handler per kind of fact.

``domain.facts`` says of every fact on the topic whether it changes a plan, and why not.
"""

from __future__ import annotations

from services.outcomes import handlers
from services.outcomes.domain import CONTACT_STATUSES, REFERRAL_STATUSES, Plan
from services.outcomes.handlers import erasing
from services.outcomes.handlers.tracks import facts_without_plan
from services.outcomes.store import Stores
from shared.bus import Consumer
from shared.cause import Cause
from shared.events import (
    AppointmentAttended,
    AppointmentEvent,
    AppointmentMissed,
    ContactAttempted,
    PersonErased,
    PersonMerged,
    PersonUnmerged,
    ReferralCreated,
    ReferralEvent,
    ReferralRerouted,
)
from shared.store import Saved

consumer = Consumer[Stores]("outcomes")

consumer.leaves_tracks(ReferralCreated, AppointmentAttended, AppointmentMissed)(facts_without_plan)


@consumer.on(ReferralCreated)
async def referral_created(event: ReferralCreated, cause: Cause, stores: Stores) -> Saved[Plan]:
    """An intake opens a plan; what the person is referred on to is noted in it."""
    if event.kind == "intake":
        return await handlers.open_plan(stores, event, cause)
    return await handlers.note_referral(stores, event, cause)


@consumer.on(
    *(event for event in REFERRAL_STATUSES if event is not ReferralCreated), ReferralRerouted
)
async def referral_moved(event: ReferralEvent, cause: Cause, stores: Stores) -> Saved[Plan]:
    """The plan knows where each referral of the case stands."""
    return await handlers.note_referral(stores, event, cause)


@consumer.on(*CONTACT_STATUSES)
async def contact_told(event: AppointmentEvent, cause: Cause, stores: Stores) -> Saved[Plan]:
    """The plan counts the contacts, whichever service they were with."""
    return await handlers.note_appointment(stores, event, cause)


@consumer.on(ContactAttempted)
async def attempt_told(event: ContactAttempted, cause: Cause, stores: Stores) -> Saved[Plan]:
    """The plan counts the tries to reach the person."""
    return await handlers.note_attempt(stores, event, cause)


@consumer.on(PersonMerged)
async def persons_merged(event: PersonMerged, cause: Cause, stores: Stores) -> None:
    """The cases of records that are one person are counted under one."""
    await handlers.note_merge(stores, event, cause)


@consumer.on(PersonUnmerged)
async def persons_unmerged(event: PersonUnmerged, cause: Cause, stores: Stores) -> None:
    """They were two: each has its own cases again."""
    await handlers.note_merge(stores, event, cause)


@consumer.on(PersonErased)
async def person_erased(event: PersonErased, cause: Cause, stores: Stores) -> None:
    """Everything about the person goes; what they counted for stays a number."""
    await erasing.erase(stores, event, cause)
