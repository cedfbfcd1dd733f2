"""Appointments of a referral: proposed or booked, then attended, missed or called off.

Those that are a place in a group session are changed by the session alone (``places``).
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import AwareDatetime

from services.referral.domain.lifecycle import Command, Status, after
from services.referral.domain.meetings import (
    AppointmentCommand,
    AppointmentStatus,
    appointment_after,
)
from services.referral.domain.record import Appointment
from services.referral.domain.referral import Changed, Referral, fact
from shared.cause import Cause
from shared.errors import Conflict, NotFound
from shared.events import (
    AppointmentArrived,
    AppointmentAttended,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentEnteredInError,
    AppointmentMissed,
    AppointmentMode,
    AppointmentProposed,
    Event,
    ReferralStarted,
)


class Time(NamedTuple):
    """When and how people meet, and into which language someone interprets."""

    start: AwareDatetime
    mode: AppointmentMode
    interpreter_language: str | None = None


def book(
    referral: Referral, cause: Cause, *, appointment_id: str, time: Time, proposed: bool = False
) -> Changed:
    """Arrange a contact; ``proposed`` where the person has not said yes."""
    after(referral.status, Command.BOOK)
    status = AppointmentStatus.PROPOSED if proposed else AppointmentStatus.BOOKED
    made = Appointment(id=appointment_id, status=status, **time._asdict())
    changed = referral.with_(appointments=(*referral.appointments, made))
    event = AppointmentProposed if proposed else AppointmentBooked
    return changed, [
        fact(event, changed, cause, appointment_id=appointment_id, start=time.start, mode=time.mode)
    ]


def confirm(referral: Referral, cause: Cause, *, appointment_id: str) -> Changed:
    """The person said yes to the time that was offered."""
    after(referral.status, Command.BOOK)
    changed, booked = _step(referral, appointment_id, AppointmentCommand.CONFIRM)
    event = fact(
        AppointmentBooked,
        changed,
        cause,
        appointment_id=appointment_id,
        start=booked.start,
        mode=booked.mode,
        replaces=booked.replaces,
    )
    return changed, [event]


def arrive(referral: Referral, cause: Cause, *, appointment_id: str) -> Changed:
    """The person is there."""
    changed, _ = _step(referral, appointment_id, AppointmentCommand.ARRIVE)
    return changed, [fact(AppointmentArrived, changed, cause, appointment_id=appointment_id)]


def attend(referral: Referral, cause: Cause, *, appointment_id: str) -> Changed:
    """The person came; the first time, the referral is under way."""
    status = after(referral.status, Command.START)
    changed, _ = _step(referral, appointment_id, AppointmentCommand.ATTEND)
    return attended(referral, changed.with_(status=status), cause, appointment_id)


def attended(before: Referral, now: Referral, cause: Cause, appointment_id: str) -> Changed:
    """The facts of a contact that took place."""
    first = before.status is Status.ACCEPTED and now.status is Status.IN_PROGRESS
    events: list[Event] = [
        fact(AppointmentAttended, now, cause, appointment_id=appointment_id, first=first)
    ]
    if first:
        events.append(fact(ReferralStarted, now, cause))
    return now, events


def miss(referral: Referral, cause: Cause, *, appointment_id: str) -> Changed:
    """The person did not come."""
    after(referral.status, Command.BOOK)
    changed, _ = _step(referral, appointment_id, AppointmentCommand.MISS)
    return missed(changed, cause, appointment_id)


def missed(now: Referral, cause: Cause, appointment_id: str) -> Changed:
    """The fact of a contact the person did not come to."""
    dna_count = sum(each.status is AppointmentStatus.NOSHOW for each in now.appointments)
    event = fact(AppointmentMissed, now, cause, appointment_id=appointment_id, dna_count=dna_count)
    return now, [event]


def cancel(
    referral: Referral,
    cause: Cause,
    *,
    appointment_id: str,
    cancelled_by: Literal["person", "provider"],
) -> Changed:
    """The contact is called off."""
    changed, _ = _step(
        referral, appointment_id, AppointmentCommand.CANCEL, cancelled_by=cancelled_by
    )
    event = fact(
        AppointmentCancelled,
        changed,
        cause,
        appointment_id=appointment_id,
        cancelled_by=cancelled_by,
    )
    return changed, [event]


def reschedule(
    referral: Referral,
    cause: Cause,
    *,
    appointment_id: str,
    new_id: str,
    time: Time,
    moved_by: Literal["person", "provider"],
) -> Changed:
    """The contact is moved: one appointment called off, another made in its place."""
    after(referral.status, Command.BOOK)
    changed, _ = _step(
        referral,
        appointment_id,
        AppointmentCommand.RESCHEDULE,
        cancelled_by=moved_by,
        replaced_by=new_id,
    )
    made = Appointment(
        id=new_id, status=AppointmentStatus.BOOKED, replaces=appointment_id, **time._asdict()
    )
    changed = changed.with_(appointments=(*changed.appointments, made))
    return changed, [
        fact(
            AppointmentCancelled,
            changed,
            cause,
            appointment_id=appointment_id,
            cancelled_by=moved_by,
            replaced_by=new_id,
        ),
        fact(
            AppointmentBooked,
            changed,
            cause,
            appointment_id=new_id,
            start=time.start,
            mode=time.mode,
            replaces=appointment_id,
        ),
    ]


def enter_in_error(referral: Referral, cause: Cause, *, appointment_id: str) -> Changed:
    """The appointment, or what was recorded of it, was a mistake: it counts nowhere.

    A missed contact no longer counts as missed. Support that began with it has begun all the
    same: the referral stays as it is, and a person decides whether to end it.
    """
    changed, _ = _step(referral, appointment_id, AppointmentCommand.ENTER_IN_ERROR)
    return changed, [fact(AppointmentEnteredInError, changed, cause, appointment_id=appointment_id)]


def _step(
    referral: Referral,
    appointment_id: str,
    command: AppointmentCommand,
    **changes: Any,
) -> tuple[Referral, Appointment]:
    found = next((each for each in referral.appointments if each.id == appointment_id), None)
    if found is None:
        raise NotFound("This referral has no such appointment.")
    if found.session_id is not None:
        raise Conflict(
            "This appointment is a place in a group session: say it of the session.",
            {"session_id": found.session_id, "current_status": found.status.value, "allowed": []},
        )
    changed = found.with_status(appointment_after(found.status, command), **changes)
    return put(referral, changed), changed


def put(referral: Referral, appointment: Appointment) -> Referral:
    """The referral with this appointment as it is now."""
    return referral.with_(
        appointments=tuple(
            appointment if each.id == appointment.id else each for each in referral.appointments
        )
    )
