"""What the referral service hears from others, one handler per fact."""

from __future__ import annotations

from collections.abc import Mapping

from services.referral import handlers
from services.referral.domain.referral import Referral
from services.referral.handlers import tracks
from services.referral.store import Stores
from shared.bus import Consumer
from shared.cause import Cause
from shared.events import (
    AppointmentCancelled,
    ConsentWithdrawn,
    DirectoryErasureApplied,
    DirectoryEvent,
    ErasureApplied,
    GoalUpdated,
    NotificationsErasureApplied,
    OutcomesErasureApplied,
    PersonDataOptOutChanged,
    PersonDeceased,
    PersonDeceasedRevoked,
    PersonErased,
    PersonMerged,
    PersonMoved,
    PersonUnmerged,
    ReferralCreated,
    ServiceChanged,
    ServiceClosed,
    ServicePublished,
    SessionAttendanceRecorded,
    SessionCancelled,
    SessionPlaceReleased,
    SessionPlaceTaken,
)
from shared.store import Saved

consumer = Consumer[Stores]("referral")

consumer.leaves_tracks(ServicePublished)(tracks.services_not_listed)
consumer.leaves_tracks(GoalUpdated)(tracks.goals_not_shown)


@consumer.on(ServicePublished, ServiceChanged, ServiceClosed)
async def service_heard_of(event: DirectoryEvent, cause: Cause, stores: Stores) -> None:
    """What the directory says of a service decides whether it can be referred to."""
    await handlers.note_listing(stores, event, cause)


@consumer.on(GoalUpdated)
async def goal_updated(event: GoalUpdated, cause: Cause, stores: Stores) -> Saved[Referral]:
    """How far a goal has come is shown with the case."""
    return await handlers.note_goal(stores, event, cause)


@consumer.on(ReferralCreated)
async def referral_made(event: ReferralCreated, cause: Cause, stores: Stores) -> None:
    """A new referral may take an older one's place."""
    await handlers.note_referral_made(stores, event, cause)


@consumer.on(PersonDeceased)
async def person_died(event: PersonDeceased, cause: Cause, stores: Stores) -> None:
    """What is open about someone who has died comes to its end."""
    await handlers.after_death(stores, event, cause)


@consumer.on(PersonDeceasedRevoked)
async def death_revoked(event: PersonDeceasedRevoked, cause: Cause, stores: Stores) -> None:
    """What a death recorded in error had ended is marked for someone to look at."""
    await handlers.after_death_revoked(stores, event, cause)


@consumer.on(PersonMoved)
async def person_moved(event: PersonMoved, cause: Cause, stores: Stores) -> None:
    """The open cases of someone who left the area are marked."""
    await handlers.after_move(stores, event, cause)


@consumer.on(ConsentWithdrawn)
async def consent_withdrawn(event: ConsentWithdrawn, cause: Cause, stores: Stores) -> None:
    """Every recipient hears of it, and what was open ends."""
    await handlers.after_consent_withdrawn(stores, event, cause)


@consumer.on(PersonMerged)
async def persons_merged(event: PersonMerged, cause: Cause, stores: Stores) -> None:
    """The referrals of a record that became an alias are the survivor's."""
    await handlers.after_merged(stores, event, cause)


@consumer.on(PersonUnmerged)
async def persons_parted(event: PersonUnmerged, cause: Cause, stores: Stores) -> None:
    """The referrals of a record that stands for itself again go back to it."""
    await handlers.after_unmerged(stores, event, cause)


@consumer.on(SessionPlaceTaken)
async def place_taken(event: SessionPlaceTaken, cause: Cause, stores: Stores) -> None:
    """A place in a group session is an appointment of the referral."""
    await handlers.follow_session(stores, event.session_id, [event.referral_id], cause)


@consumer.on(SessionPlaceReleased)
async def place_released(event: SessionPlaceReleased, cause: Cause, stores: Stores) -> None:
    """Giving the place up calls that appointment off."""
    await handlers.follow_session(stores, event.session_id, [event.referral_id], cause)


@consumer.on(SessionAttendanceRecorded)
async def attendance_recorded(
    event: SessionAttendanceRecorded, cause: Cause, stores: Stores
) -> None:
    """Whether someone came to the session is whether the appointment was kept."""
    await handlers.follow_session(stores, event.session_id, [event.referral_id], cause)


@consumer.on(SessionCancelled)
async def session_cancelled(event: SessionCancelled, cause: Cause, stores: Stores) -> None:
    """A session called off is an appointment called off for everyone in it."""
    await handlers.follow_session(stores, event.session_id, event.referral_ids, cause)


@consumer.on(AppointmentCancelled)
async def appointment_cancelled(event: AppointmentCancelled, cause: Cause, stores: Stores) -> None:
    """A referral that ends gives up its places in group sessions."""
    await handlers.give_place_back(stores, event, cause)


@consumer.on(PersonDataOptOutChanged)
async def opt_out_changed(event: PersonDataOptOutChanged, cause: Cause, stores: Stores) -> None:
    """The person's cases are counted, or taken out of reports."""
    await handlers.after_opt_out(stores, event, cause)


@consumer.on(PersonErased)
async def person_erased(event: PersonErased, cause: Cause, stores: Stores) -> None:
    """What is left of an erased person goes, and stays gone."""
    await handlers.after_erased(stores, event, cause)


@consumer.on(DirectoryErasureApplied, OutcomesErasureApplied, NotificationsErasureApplied)
async def erasure_applied(event: ErasureApplied, cause: Cause, stores: Stores) -> None:
    """A service says that it removed what it held."""
    await handlers.note_applied(stores, event.erasure_id, _APPLIED_BY[type(event)], cause)


_APPLIED_BY: Mapping[type[ErasureApplied], str] = {
    DirectoryErasureApplied: "directory",
    OutcomesErasureApplied: "outcomes",
    NotificationsErasureApplied: "notifications",
}
