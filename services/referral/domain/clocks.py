"""The clocks of a referral: what falls due when nobody does anything.

``wind`` sets them after each change, ``ring`` does what is due. What was told is written
down in the same write as its fact, so each rings once, whatever restarts in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from services.referral.domain.calendar import after_days, after_working_days
from services.referral.domain.lifecycle import Status
from services.referral.domain.record import Appointment, Clocks
from services.referral.domain.referral import Changed, Referral, expire, fact
from services.referral.domain.rules import Rules
from shared.cause import Cause
from shared.events import AppointmentReminderDue, ReferralReminderDue, ReferralReviewDue

UNANSWERED = frozenset({Status.SUBMITTED, Status.INFO_REQUESTED})
MEETING = frozenset({Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD})
"""Where appointments are kept, and reminded of."""


class _Stage(NamedTuple):
    name: Literal["first", "second", "escalated"]
    at: datetime


def expires_at(since: datetime, rules: Rules) -> datetime:
    """When a referral that has been unanswered ``since`` then goes back to who referred."""
    return after_days(since, rules.expiry_days)


def wind(before: Referral | None, referral: Referral, at: datetime, rules: Rules) -> Referral:
    """The referral with its clocks set, after a change at ``at`` (``before`` it: None if new)."""
    clocks = referral.clocks
    if before is None or before.status != referral.status or clocks.since is None:
        clocks = Clocks(since=at)
    known = frozenset(each.id for each in before.appointments) if before else frozenset()
    appointments = tuple(
        each.model_copy(update={"reminded": True})
        if each.id not in known and _reminder_at(each, rules) <= at
        else each
        for each in referral.appointments
    )
    wound = referral.model_copy(update={"clocks": clocks, "appointments": appointments})
    due_at = min(_alarms(wound, rules), default=None)
    return wound.model_copy(update={"clocks": clocks.model_copy(update={"due_at": due_at})})


def ring(referral: Referral, cause: Cause, rules: Rules) -> Changed:
    """What is due at ``cause.at``: reminders, expiry, a review. Nothing twice, nothing late twice.

    After an outage only the latest stage of a late answer is told, and no reminder of an
    appointment that has begun.
    """
    at = cause.at
    clocks = referral.clocks
    if referral.status in UNANSWERED and clocks.since is not None:
        if expires_at(clocks.since, rules) <= at:
            return expire(referral, cause)
        reached = [stage.name for stage in _stages(clocks.since, rules) if stage.at <= at]
        if reached and reached[-1] not in clocks.told:
            due_by = expires_at(clocks.since, rules)
            told = fact(ReferralReminderDue, referral, cause, stage=reached[-1], due_by=due_by)
            return _with(referral, told=tuple(reached)), [told]
    if referral.status is Status.WAITLISTED and clocks.since is not None:
        waiting = at - clocks.since
        reviews = waiting // timedelta(days=rules.waiting_review_days)
        if reviews > clocks.reviews:
            review = fact(ReferralReviewDue, referral, cause, waiting_days=waiting.days)
            return _with(referral, reviews=reviews), [review]
    return _remind(referral, cause, rules)


def _remind(referral: Referral, cause: Cause, rules: Rules) -> Changed:
    if referral.status not in MEETING:
        return referral, []
    due = [each for each in referral.appointments if _wants_reminder(each, rules, cause.at)]
    reminded = referral.with_(
        appointments=tuple(
            each.model_copy(update={"reminded": True}) if each in due else each
            for each in referral.appointments
        )
    )
    return reminded, [
        fact(
            AppointmentReminderDue,
            reminded,
            cause,
            appointment_id=each.id,
            start=each.start,
            mode=each.mode,
        )
        for each in due
        if each.start > cause.at
    ]


def _alarms(referral: Referral, rules: Rules) -> Iterator[datetime]:
    clocks = referral.clocks
    if referral.status in UNANSWERED and clocks.since is not None:
        yield expires_at(clocks.since, rules)
        for stage in _stages(clocks.since, rules):
            if stage.name not in clocks.told:
                yield stage.at
    if referral.status is Status.WAITLISTED and clocks.since is not None:
        periods = timedelta(days=rules.waiting_review_days) * (clocks.reviews + 1)
        yield clocks.since + periods
    if referral.status in MEETING:
        for each in referral.appointments:
            if each.status == "booked" and not each.reminded:
                yield _reminder_at(each, rules)


def _stages(since: datetime, rules: Rules) -> tuple[_Stage, ...]:
    def later(days: int) -> datetime:
        return after_working_days(since, days, rules.closed_days)

    return (
        _Stage("first", later(rules.first_reminder_working_days)),
        _Stage("second", later(rules.second_reminder_working_days)),
        _Stage("escalated", later(rules.escalation_working_days)),
    )


def _reminder_at(appointment: Appointment, rules: Rules) -> datetime:
    return appointment.start - timedelta(hours=rules.appointment_reminder_hours)


def _wants_reminder(appointment: Appointment, rules: Rules, at: datetime) -> bool:
    due = appointment.status == "booked" and not appointment.reminded
    return due and _reminder_at(appointment, rules) <= at


def _with(referral: Referral, **told: object) -> Referral:
    return referral.with_(clocks=referral.clocks.model_copy(update=told))
