"""What came of the contacts of a case: counted, and how long the first took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import get_args

from services.outcomes.domain.plan import Contact, Plan
from services.outcomes.domain.words import ContactStatus, Strict
from shared.events import ContactOutcome

_COUNTED: tuple[ContactStatus, ...] = ("attended", "missed", "cancelled", "rescheduled")


class Attendance(Strict):
    """Contacts at all services together, and tries to reach the person, by what came of them.

    Nothing that was entered in error is counted, nor anything of a referral that was.
    ``days_to_first_attended`` are whole days from the intake to the first contact the person
    came to; None before that.
    """

    attended: int
    missed: int
    cancelled: int
    rescheduled: int
    attempts: Mapping[ContactOutcome, int]
    days_to_first_attended: int | None


def attendance_of(plan: Plan) -> Attendance:
    """Counted from what the plan has heard."""
    counted = Counter(contact.status for contact in _valid(plan))
    tries = Counter(
        attempt.outcome_code
        for attempt in plan.attempts.values()
        if not _in_error(plan, attempt.referral_id)
    )
    outcomes: tuple[ContactOutcome, ...] = get_args(ContactOutcome)
    return Attendance(
        **{status: counted[status] for status in _COUNTED},
        attempts={outcome: tries[outcome] for outcome in outcomes},
        days_to_first_attended=_days(plan.opened_at, _first_attended(plan)),
    )


def days_to_first_contact(plan: Plan, referral_id: str) -> int | None:
    """Whole days from when a referral was made to the first contact of it that was attended.

    None while either is unknown.
    """
    referral = plan.referrals.get(referral_id)
    if referral is None or referral.made_at is None:
        return None
    return _days(referral.made_at, _first_attended(plan, referral_id))


def _first_attended(plan: Plan, referral_id: str | None = None) -> datetime | None:
    return min(
        (
            _took_place(contact)
            for contact in _valid(plan)
            if contact.status == "attended"
            and (referral_id is None or contact.referral_id == referral_id)
        ),
        default=None,
    )


def _took_place(contact: Contact) -> datetime:
    """When it was arranged for: attendance is often recorded days later, never beforehand."""
    return contact.at if contact.start is None else min(contact.start, contact.at)


def _valid(plan: Plan) -> Iterator[Contact]:
    return (
        contact for contact in plan.attendance.values() if not _in_error(plan, contact.referral_id)
    )


def _in_error(plan: Plan, referral_id: str) -> bool:
    if plan.status == "entered_in_error":
        return True
    referral = plan.referrals.get(referral_id)
    return referral is not None and referral.status == "entered_in_error"


def _days(since: datetime, until: datetime | None) -> int | None:
    return None if until is None else max(0, (until - since).days)
