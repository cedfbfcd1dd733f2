"""A place in a group session is an appointment of the referral, kept as the session has it.

The session decides; its facts only say that there is something to look at. What is read of
it may be old, so the referral keeps which version it followed and never goes back.
"""

from __future__ import annotations

from typing import Any

from services.referral.domain.appointments import attended, missed, put
from services.referral.domain.lifecycle import TABLE, Command
from services.referral.domain.meetings import AppointmentStatus, SessionStatus
from services.referral.domain.record import Appointment
from services.referral.domain.referral import Changed, Referral, fact
from services.referral.domain.sessions import Session
from shared.cause import Cause
from shared.events import AppointmentBooked, AppointmentCancelled
from shared.ids import derived_id

_OUTCOMES = {
    "attended": AppointmentStatus.FULFILLED,
    "missed": AppointmentStatus.NOSHOW,
    "excused": AppointmentStatus.CANCELLED,
}


def place_id(session_id: str, referral_id: str) -> str:
    """The id of the appointment that is this referral's place in this session."""
    return derived_id("session-place", session_id, referral_id)


def follow_session(referral: Referral, cause: Cause, *, session: Session, version: int) -> Changed:
    """The referral with its appointment as the session has the place at this version.

    Idempotent. Nothing is booked for a referral that allows it no more; the place is then
    to be given back (``holds_idle_place``). Whether someone came is kept in any status, as it
    is true: it starts support only where the table says so.
    """
    appointment_id = place_id(session.id, referral.id)
    known = next((each for each in referral.appointments if each.id == appointment_id), None)
    if known is not None and known.session_seq >= version:
        return referral, []
    if known is None:
        wanted, _ = _wanted(referral.id, session)
        if wanted is AppointmentStatus.CANCELLED or Command.BOOK not in TABLE[referral.status]:
            return referral, []
        known = Appointment(
            id=appointment_id,
            start=session.start,
            mode=session.mode,
            status=AppointmentStatus.PROPOSED,
            session_id=session.id,
        )
        referral = referral.with_(appointments=(*referral.appointments, known))
    return _agreed(referral, cause, known, session, version)


def holds_idle_place(referral: Referral, session: Session) -> bool:
    """Whether the referral has a place in the session that it cannot use any more."""
    if referral.id not in session.places:
        return False
    appointment_id = place_id(session.id, referral.id)
    booked = any(each.id == appointment_id and each.is_to_come for each in referral.appointments)
    return not booked and session.places[referral.id].attendance is None


def _agreed(
    referral: Referral, cause: Cause, known: Appointment, session: Session, version: int
) -> Changed:
    wanted, changes = _wanted(referral.id, session)
    bookable = Command.BOOK in TABLE[referral.status]
    if wanted is known.status or (wanted is AppointmentStatus.BOOKED and not bookable):
        return put(referral, known.model_copy(update={"session_seq": version})), []
    changed = put(referral, known.with_status(wanted, session_seq=version, **changes))
    if wanted is AppointmentStatus.BOOKED:
        return changed, [_booked(changed, cause, known)]
    if wanted is AppointmentStatus.CANCELLED:
        by = changes["cancelled_by"]
        said = {"appointment_id": known.id, "cancelled_by": by}
        return changed, [fact(AppointmentCancelled, changed, cause, **said)]
    news = []
    if known.status is AppointmentStatus.PROPOSED:
        news.append(_booked(changed, cause, known))
    if wanted is AppointmentStatus.NOSHOW:
        changed, events = missed(changed, cause, known.id)
    else:
        status = TABLE[referral.status].get(Command.START, referral.status)
        changed, events = attended(referral, changed.with_(status=status), cause, known.id)
    return changed, [*news, *events]


def _wanted(referral_id: str, session: Session) -> tuple[AppointmentStatus, dict[str, Any]]:
    place = session.places.get(referral_id)
    if place is None:
        return AppointmentStatus.CANCELLED, {"cancelled_by": "person"}
    if place.attendance is not None:
        wanted = _OUTCOMES[place.attendance]
        by = "person" if wanted is AppointmentStatus.CANCELLED else None
        return wanted, {"cancelled_by": by}
    if session.status is SessionStatus.CANCELLED:
        return AppointmentStatus.CANCELLED, {"cancelled_by": "provider"}
    return AppointmentStatus.BOOKED, {"cancelled_by": None, "reminded": False}


def _booked(referral: Referral, cause: Cause, appointment: Appointment) -> AppointmentBooked:
    return fact(
        AppointmentBooked,
        referral,
        cause,
        appointment_id=appointment.id,
        start=appointment.start,
        mode=appointment.mode,
        session_id=appointment.session_id,
    )
