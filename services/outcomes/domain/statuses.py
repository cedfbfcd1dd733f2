"""Which facts say where a referral or an appointment stands: for plans and reports alike."""

from __future__ import annotations

from collections.abc import Mapping

from services.outcomes.domain.words import ContactStatus, ReferralStatus
from shared.events import (
    AppointmentArrived,
    AppointmentAttended,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentEnteredInError,
    AppointmentEvent,
    AppointmentMissed,
    AppointmentProposed,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralExpired,
    ReferralFollowedUp,
    ReferralHeld,
    ReferralInfoProvided,
    ReferralInfoRequested,
    ReferralNotCompleted,
    ReferralResumed,
    ReferralStarted,
    ReferralWaitlisted,
    ReferralWithdrawn,
)

REFERRAL_STATUSES: Mapping[type[ReferralEvent], ReferralStatus] = {
    ReferralCreated: "submitted",
    ReferralInfoRequested: "info_requested",
    ReferralInfoProvided: "submitted",
    ReferralAccepted: "accepted",
    ReferralWaitlisted: "waitlisted",
    ReferralDeclined: "declined",
    ReferralExpired: "expired",
    ReferralStarted: "in_progress",
    ReferralHeld: "on_hold",
    ReferralResumed: "in_progress",
    ReferralWithdrawn: "withdrawn",
    ReferralCompleted: "completed",
    ReferralNotCompleted: "not_completed",
    ReferralEnteredInError: "entered_in_error",
    ReferralFollowedUp: "followed_up",
}
"""Facts that say where a referral stands."""

CONTACT_STATUSES: Mapping[type[AppointmentEvent], ContactStatus] = {
    AppointmentProposed: "proposed",
    AppointmentBooked: "booked",
    AppointmentArrived: "arrived",
    AppointmentAttended: "attended",
    AppointmentMissed: "missed",
    AppointmentCancelled: "cancelled",
    AppointmentEnteredInError: "entered_in_error",
}
"""Facts that say what became of an appointment."""
