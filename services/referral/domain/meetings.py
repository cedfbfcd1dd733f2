"""Every status of an appointment and of a group session, and what may be done in it.

Source: FHIR R4 Appointment.status, as far as a booking by a provider needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from services.referral.domain.lifecycle import step


class AppointmentStatus(StrEnum):
    """Where an appointment stands; the words are FHIR's."""

    PROPOSED = "proposed"
    """A time was offered; the person has not said yes."""
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    NOSHOW = "noshow"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"


class AppointmentCommand(StrEnum):
    """What may be done to an appointment."""

    CONFIRM = "confirm"
    ARRIVE = "arrive"
    ATTEND = "attend"
    MISS = "miss"
    CANCEL = "cancel"
    RESCHEDULE = "reschedule"
    """Call it off and make another in its place, in one step."""
    ENTER_IN_ERROR = "enter-in-error"


_MISTAKE = {AppointmentCommand.ENTER_IN_ERROR: AppointmentStatus.ENTERED_IN_ERROR}

APPOINTMENTS: Mapping[AppointmentStatus, Mapping[AppointmentCommand, AppointmentStatus]] = {
    AppointmentStatus.PROPOSED: {
        AppointmentCommand.CONFIRM: AppointmentStatus.BOOKED,
        AppointmentCommand.CANCEL: AppointmentStatus.CANCELLED,
        AppointmentCommand.RESCHEDULE: AppointmentStatus.CANCELLED,
        **_MISTAKE,
    },
    AppointmentStatus.BOOKED: {
        AppointmentCommand.ARRIVE: AppointmentStatus.ARRIVED,
        AppointmentCommand.ATTEND: AppointmentStatus.FULFILLED,
        AppointmentCommand.MISS: AppointmentStatus.NOSHOW,
        AppointmentCommand.CANCEL: AppointmentStatus.CANCELLED,
        AppointmentCommand.RESCHEDULE: AppointmentStatus.CANCELLED,
        **_MISTAKE,
    },
    AppointmentStatus.ARRIVED: {
        AppointmentCommand.ATTEND: AppointmentStatus.FULFILLED,
        AppointmentCommand.CANCEL: AppointmentStatus.CANCELLED,
        **_MISTAKE,
    },
    AppointmentStatus.FULFILLED: _MISTAKE,
    AppointmentStatus.NOSHOW: _MISTAKE,
    AppointmentStatus.CANCELLED: _MISTAKE,
    AppointmentStatus.ENTERED_IN_ERROR: {},
}
"""Status now, command, status after. A command missing from a row is illegal there."""

APPOINTMENT_TO_COME = frozenset(
    {AppointmentStatus.PROPOSED, AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED}
)
"""The contact may still take place."""


class SessionStatus(StrEnum):
    """Where a group session stands."""

    SCHEDULED = "scheduled"
    """Arranged; places cannot be taken yet."""
    OPEN = "open"
    FULL = "full"
    HELD = "held"
    CANCELLED = "cancelled"


class SessionCommand(StrEnum):
    """What may be done to a group session."""

    OPEN = "open"
    TAKE = "take"
    """Take a place; the last one makes the session full."""
    RELEASE = "release"
    RECORD = "record"
    """Say who came."""
    HOLD = "hold"
    """The session took place."""
    CANCEL = "cancel"


SESSIONS: Mapping[SessionStatus, Mapping[SessionCommand, SessionStatus]] = {
    SessionStatus.SCHEDULED: {
        SessionCommand.OPEN: SessionStatus.OPEN,
        SessionCommand.CANCEL: SessionStatus.CANCELLED,
    },
    SessionStatus.OPEN: {
        SessionCommand.TAKE: SessionStatus.OPEN,
        SessionCommand.RELEASE: SessionStatus.OPEN,
        SessionCommand.RECORD: SessionStatus.OPEN,
        SessionCommand.HOLD: SessionStatus.HELD,
        SessionCommand.CANCEL: SessionStatus.CANCELLED,
    },
    SessionStatus.FULL: {
        SessionCommand.RELEASE: SessionStatus.OPEN,
        SessionCommand.RECORD: SessionStatus.FULL,
        SessionCommand.HOLD: SessionStatus.HELD,
        SessionCommand.CANCEL: SessionStatus.CANCELLED,
    },
    SessionStatus.HELD: {SessionCommand.RECORD: SessionStatus.HELD},
    SessionStatus.CANCELLED: {},
}
"""The same for a session. An open one is full, instead, once its last place is taken."""


def appointment_after(status: AppointmentStatus, command: AppointmentCommand) -> AppointmentStatus:
    """The status after the command. Raises Conflict naming the status and what is allowed."""
    return step(APPOINTMENTS, status, command, "An appointment")


def session_after(status: SessionStatus, command: SessionCommand) -> SessionStatus:
    """The status after the command. Raises Conflict naming the status and what is allowed."""
    return step(SESSIONS, status, command, "A session")
