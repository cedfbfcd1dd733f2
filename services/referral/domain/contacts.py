"""Trying to reach the person, and when it is fair to say that nobody can."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.referral.domain.calendar import day_of
from services.referral.domain.clocks import MEETING
from services.referral.domain.record import ContactAttempt
from services.referral.domain.referral import Changed, Referral, fact
from services.referral.domain.rules import Rules
from shared.cause import Cause
from shared.errors import Conflict, FieldError, Invalid
from shared.events import ContactAttempted, ContactChannel

LIMIT = 200
"""Attempts a referral keeps."""


def attempt(referral: Referral, cause: Cause, *, made: ContactAttempt) -> Changed:
    """Write down an attempt to reach the person; its note goes into no fact."""
    if referral.status not in MEETING:
        raise Conflict(
            f"A referral that is {referral.status.replace('_', ' ')} has no contact log.",
            {"current_status": referral.status.value, "allowed": sorted(MEETING)},
        )
    if len(referral.contacts) >= LIMIT:
        raise Conflict("The contact log is full.", {"limit": LIMIT})
    if made.at > cause.at:
        raise Invalid(
            "The attempt cannot be written down.",
            errors=[FieldError("/at", "must not be in the future")],
        )
    noted = referral.with_(contacts=(*referral.contacts, made))
    told = fact(
        ContactAttempted,
        noted,
        cause,
        attempt_id=made.id,
        channel=made.channel,
        outcome_code=made.outcome_code,
    )
    return noted, [told]


def failed_since_reached(referral: Referral) -> tuple[ContactAttempt, ...]:
    """The attempts that failed since the person was last reached or last came."""
    came = [each.start for each in referral.appointments if each.status == "fulfilled"]
    reached = [each.at for each in referral.contacts if each.outcome_code == "reached"]
    last = max((*came, *reached), default=None)
    return tuple(
        each
        for each in referral.contacts
        if each.outcome_code != "reached" and (last is None or each.at > last)
    )


def is_uncontactable(referral: Referral, rules: Rules) -> bool:
    """Whether enough was tried, by enough channels and on enough days, to say so."""
    failed = failed_since_reached(referral)
    return (
        len(failed) >= rules.uncontactable_attempts
        and len(_channels(failed)) >= rules.uncontactable_channels
        and len(_days(failed)) >= rules.uncontactable_days
    )


def check_uncontactable(referral: Referral, rules: Rules) -> None:
    """Raise Invalid, saying what is still to be tried, unless enough was."""
    if is_uncontactable(referral, rules):
        return
    failed = failed_since_reached(referral)
    reason = (
        f"uncontactable takes {rules.uncontactable_attempts} attempts by at least "
        f"{rules.uncontactable_channels} channels on at least {rules.uncontactable_days} days; "
        f"written down so far: {len(failed)} by {len(_channels(failed))} "
        f"on {len(_days(failed))}"
    )
    raise Invalid(
        "Not enough was tried to call the person uncontactable.",
        errors=[FieldError("/reason_code", reason)],
    )


def _channels(attempts: Iterable[ContactAttempt]) -> set[ContactChannel]:
    return {each.channel for each in attempts}


def _days(attempts: Iterable[ContactAttempt]) -> set[date]:
    return {day_of(each.at) for each in attempts}
