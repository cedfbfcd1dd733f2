"""Facts owned by the referral service, on ``referral-events``."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.base import CaseEvent

ReferralKind = Literal["intake", "onward", "signpost"]
AppointmentMode = Literal["in_person", "telephone", "video", "home_visit"]


class ReferralEvent(CaseEvent):
    """What every fact about a referral says: which one, from whom, to whom."""

    topic: ClassVar[str] = "referral-events"

    referral_id: str
    kind: ReferralKind
    service_id: str
    referrer_organisation_id: str
    provider_organisation_id: str

    @property
    def subject(self) -> str:
        """The referral's id."""
        return self.referral_id

    @property
    def parties(self) -> frozenset[str]:
        """The case's organisations, the referrer and the provider."""
        return super().parties | {self.referrer_organisation_id, self.provider_organisation_id}


class ReferralCreated(ReferralEvent):
    """Someone was referred to a service."""

    type = "referral-created"
    phrase = "Referral made"

    need_codes: tuple[str, ...] = ()
    priority: Literal["routine", "urgent"] = "routine"


class ReferralAccepted(ReferralEvent):
    """The provider takes the referral; ``assigned_to`` is a worker's opaque subject."""

    type = "referral-accepted"
    phrase = "Referral accepted"

    assigned_to: str | None = None


class ReferralWaitlisted(ReferralEvent):
    """The provider would take the person and has no place yet."""

    type = "referral-waitlisted"
    phrase = "Put on the waiting list"


class ReferralDeclined(ReferralEvent):
    """The provider does not take the referral."""

    type = "referral-declined"
    phrase = "Referral declined"

    reason_code: str


class ReferralStarted(ReferralEvent):
    """The first attended contact took place."""

    type = "referral-started"
    phrase = "Support started"


class ReferralWithdrawn(ReferralEvent):
    """The person or the referrer took the referral back."""

    type = "referral-withdrawn"
    phrase = "Referral withdrawn"

    reason_code: str


class ReferralCompleted(ReferralEvent):
    """The service has done what it was asked for."""

    type = "referral-completed"
    phrase = "Referral completed"

    outcome_code: str


class ReferralNotCompleted(ReferralEvent):
    """The service ended without an outcome, such as after repeated non-attendance."""

    type = "referral-not-completed"
    phrase = "Referral ended without completion"

    reason_code: str


class AppointmentEvent(ReferralEvent):
    """What every fact about an appointment says."""

    appointment_id: str


class AppointmentBooked(AppointmentEvent):
    """A contact was arranged."""

    type = "appointment-booked"
    phrase = "Appointment booked"

    start: AwareDatetime
    mode: AppointmentMode


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
    """The contact was called off."""

    type = "appointment-cancelled"
    phrase = "Appointment cancelled"

    cancelled_by: Literal["person", "provider"]
