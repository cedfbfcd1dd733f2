"""Facts about appointments and group sessions, on ``referral-events``."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.events.referral import ReferralEvent

AppointmentMode = Literal["in_person", "telephone", "video", "home_visit"]
SessionAttendance = Literal["attended", "missed", "excused"]


class AppointmentEvent(ReferralEvent):
    """What every fact about an appointment says."""

    appointment_id: str


class AppointmentProposed(AppointmentEvent):
    """A time was offered; the person has not said yes."""

    type = "appointment-proposed"
    phrase = "Appointment proposed"

    start: AwareDatetime
    mode: AppointmentMode


class AppointmentBooked(AppointmentEvent):
    """A contact was arranged; ``replaces`` is the appointment it was moved from."""

    type = "appointment-booked"
    phrase = "Appointment booked"

    start: AwareDatetime
    mode: AppointmentMode
    replaces: str | None = None
    session_id: str | None = None
    """The group session it is a place in."""


class AppointmentReminderDue(AppointmentEvent):
    """The appointment is near: whoever asked to be reminded is."""

    type = "appointment-reminder-due"
    phrase = "Appointment reminder due"

    start: AwareDatetime
    mode: AppointmentMode


class AppointmentArrived(AppointmentEvent):
    """The person is there."""

    type = "appointment-arrived"
    phrase = "Arrived for the appointment"


class AppointmentAttended(AppointmentEvent):
    """The person came; ``first`` marks the first attended contact of the referral."""

    type = "appointment-attended"
    phrase = "Appointment attended"

    first: bool = False


class AppointmentMissed(AppointmentEvent):
    """The person did not come; ``dna_count`` counts the referral's missed contacts."""

    type = "appointment-missed"
    phrase = "Appointment missed"

    dna_count: int


class AppointmentCancelled(AppointmentEvent):
    """The contact was called off; ``replaced_by`` is the appointment it was moved to."""

    type = "appointment-cancelled"
    phrase = "Appointment cancelled"

    cancelled_by: Literal["person", "provider"]
    replaced_by: str | None = None


class AppointmentEnteredInError(AppointmentEvent):
    """The appointment, or what was recorded of it, was a mistake; it counts nowhere."""

    type = "appointment-entered-in-error"
    phrase = "Appointment entered in error"


class SessionEvent(Event):
    """What every fact about a group session says; the session's id is the key."""

    topic: ClassVar[str] = "referral-events"

    session_id: str
    service_id: str
    provider_organisation_id: str

    @property
    def subject(self) -> str:
        """The session's id."""
        return self.session_id

    @property
    def key(self) -> str:
        """The session's id."""
        return self.session_id

    @property
    def parties(self) -> frozenset[str]:
        """The organisation that holds the session."""
        return frozenset({self.provider_organisation_id})


class SessionScheduled(SessionEvent):
    """A group session was arranged."""

    type = "session-scheduled"
    phrase = "Session arranged"

    start: AwareDatetime
    mode: AppointmentMode
    maximum: int


class SessionPlaceTaken(SessionEvent):
    """Someone has a place in the session."""

    type = "session-place-taken"
    phrase = "Place in the session taken"

    referral_id: str
    start: AwareDatetime
    mode: AppointmentMode


class SessionPlaceReleased(SessionEvent):
    """Someone gave their place up."""

    type = "session-place-released"
    phrase = "Place in the session given up"

    referral_id: str


class SessionAttendanceRecorded(SessionEvent):
    """Whether someone came to the session; a later fact corrects an earlier one."""

    type = "session-attendance-recorded"
    phrase = "Attendance of the session recorded"

    referral_id: str
    attendance: SessionAttendance


class SessionHeld(SessionEvent):
    """The session took place."""

    type = "session-held"
    phrase = "Session held"


class SessionCancelled(SessionEvent):
    """The session was called off for everyone in it."""

    type = "session-cancelled"
    phrase = "Session cancelled"

    referral_ids: tuple[str, ...] = ()
