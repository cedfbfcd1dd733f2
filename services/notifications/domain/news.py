"""Which facts a person is told of, in which words, and until when the news is worth sending."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.events import (
    ALL_EVENTS,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentEvent,
    AppointmentMissed,
    AppointmentMode,
    AppointmentReminderDue,
    Event,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralExpired,
    ReferralNotCompleted,
    ReferralReviewDue,
    ReferralStarted,
    ReferralWaitlisted,
    ReferralWithdrawn,
)

OLD_NEWS = timedelta(days=2)
"""A fact heard later than this is not told: topics are kept for good, and reading them
again from the beginning must not write to people about long ago."""

_FRESH = timedelta(days=14)
"""How long news of a referral is worth sending; of an appointment, until it begins."""


@dataclass(frozen=True, slots=True)
class News:
    """What a person is to be told: the template's name, and what it says besides."""

    template: str
    useless_after: datetime
    start: datetime | None = None
    mode: AppointmentMode | None = None


_Tells = Callable[[Event], str | None]


def _booked(event: Event) -> str | None:
    moved = isinstance(event, AppointmentBooked) and event.replaces is not None
    return "appointment-moved" if moved else "appointment-booked"


def _cancelled(event: Event) -> str | None:
    """One that was moved is told of by the booking that takes its place."""
    moved = isinstance(event, AppointmentCancelled) and event.replaced_by is not None
    return None if moved else "appointment-cancelled"


def _always(template: str) -> _Tells:
    return lambda _: template


def _by_kind(*, intake: str | None = None, onward: str | None = None) -> _Tells:
    def tells(event: Event) -> str | None:
        kind = event.kind if isinstance(event, ReferralEvent) else None
        return {"intake": intake, "onward": onward}.get(kind or "")

    return tells


TOLD: Mapping[type[Event], _Tells] = {
    ReferralCreated: _by_kind(intake="referral-received", onward="referral-made"),
    ReferralAccepted: _by_kind(intake="referral-accepted", onward="referral-accepted"),
    ReferralWaitlisted: _by_kind(intake="referral-waitlisted", onward="referral-waitlisted"),
    ReferralReviewDue: _by_kind(intake="still-waiting", onward="still-waiting"),
    ReferralDeclined: _by_kind(intake="referral-not-possible", onward="looking-again"),
    ReferralExpired: _by_kind(onward="looking-again"),
    AppointmentBooked: _booked,
    AppointmentCancelled: _cancelled,
    AppointmentReminderDue: _always("appointment-reminder"),
    AppointmentMissed: _always("appointment-missed"),
}
"""By event: which template, if any. A type missing here is told to no person."""

TEMPLATES = frozenset(
    {
        "appointment-booked",
        "appointment-moved",
        "appointment-cancelled",
        "appointment-missed",
        "appointment-reminder",
        "looking-again",
        "referral-accepted",
        "referral-made",
        "referral-not-possible",
        "referral-received",
        "referral-waitlisted",
        "still-waiting",
    }
)
"""Every template the table names."""


_MOVES = (
    ReferralCreated,
    ReferralAccepted,
    ReferralWaitlisted,
    ReferralReviewDue,
    ReferralDeclined,
    ReferralExpired,
    ReferralStarted,
    ReferralWithdrawn,
    ReferralCompleted,
    ReferralNotCompleted,
    ReferralEnteredInError,
)
"""What moves a referral on, so that earlier news of it is out of date."""


def news_of(event: Event, now: datetime) -> News | None:
    """What the person is to be told of ``event``, heard at ``now``; None for nothing."""
    tells = TOLD.get(type(event))
    template = tells(event) if tells else None
    if template is None or now - event.occurred_at > OLD_NEWS:
        return None
    start = getattr(event, "start", None)
    useless_after = start or event.occurred_at + _FRESH
    if useless_after <= now:
        return None
    return News(template, useless_after, start, getattr(event, "mode", None))


NEWS_EVENTS = tuple(event for event in ALL_EVENTS if issubclass(event, (AppointmentEvent, *_MOVES)))
"""What is news of a thing: nothing else is read for persons."""


def is_first(event: Event) -> bool:
    """Whether nothing can have been told of the same thing before."""
    return isinstance(event, ReferralCreated)


def thing_of(event: Event) -> str | None:
    """The appointment or referral a fact is the latest news of; None where it is of neither.

    Earlier news of the same thing that still waits, such as a reminder of an appointment
    that was called off, is then not sent any more.
    """
    if isinstance(event, AppointmentEvent):
        return event.appointment_id
    if isinstance(event, _MOVES):
        return event.referral_id
    return None
