"""Appointments of a referral: booked, then attended, missed or cancelled."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from services.referral.domain.lifecycle import Command, Status, after
from services.referral.domain.referral import Appointment, Changed, Referral, check_provider, fact
from shared.cause import Cause
from shared.errors import Conflict, NotFound
from shared.events import (
    AppointmentAttended,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentMode,
    Event,
    ReferralStarted,
)


def book(
    referral: Referral,
    cause: Cause,
    *,
    appointment_id: str,
    start: AwareDatetime,
    mode: AppointmentMode,
) -> Changed:
    """Arrange a contact."""
    check_provider(referral, cause.actor)
    after(referral.status, Command.BOOK)
    booked = Appointment(id=appointment_id, start=start, mode=mode, status="booked")
    changed = referral.with_(appointments=(*referral.appointments, booked))
    event = fact(
        AppointmentBooked, changed, cause, appointment_id=appointment_id, start=start, mode=mode
    )
    return changed, [event]


def attend(referral: Referral, cause: Cause, *, appointment_id: str) -> Changed:
    """The person came; the first time, the referral is under way."""
    check_provider(referral, cause.actor)
    status = after(referral.status, Command.START)
    changed = _settled(referral, appointment_id, "fulfilled").with_(status=status)
    first = referral.status is Status.ACCEPTED
    events: list[Event] = [
        fact(AppointmentAttended, changed, cause, appointment_id=appointment_id, first=first)
    ]
    if first:
        events.append(fact(ReferralStarted, changed, cause))
    return changed, events


def miss(referral: Referral, cause: Cause, *, appointment_id: str) -> Changed:
    """The person did not come."""
    check_provider(referral, cause.actor)
    after(referral.status, Command.BOOK)
    changed = _settled(referral, appointment_id, "noshow")
    dna_count = sum(each.status == "noshow" for each in changed.appointments)
    event = fact(
        AppointmentMissed, changed, cause, appointment_id=appointment_id, dna_count=dna_count
    )
    return changed, [event]


def cancel(
    referral: Referral,
    cause: Cause,
    *,
    appointment_id: str,
    cancelled_by: Literal["person", "provider"],
) -> Changed:
    """The contact is called off."""
    check_provider(referral, cause.actor)
    changed = _settled(referral, appointment_id, "cancelled")
    event = fact(
        AppointmentCancelled,
        changed,
        cause,
        appointment_id=appointment_id,
        cancelled_by=cancelled_by,
    )
    return changed, [event]


def _settled(
    referral: Referral, appointment_id: str, status: Literal["fulfilled", "noshow", "cancelled"]
) -> Referral:
    found = next((each for each in referral.appointments if each.id == appointment_id), None)
    if found is None:
        raise NotFound("This referral has no such appointment.")
    if found.status != "booked":
        raise Conflict(
            f"The appointment is {found.status} already.",
            {"current_status": found.status, "allowed": []},
        )
    settled = found.model_copy(update={"status": status})
    return referral.with_(
        appointments=tuple(
            settled if each.id == appointment_id else each for each in referral.appointments
        )
    )
