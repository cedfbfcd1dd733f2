"""People close a referral: taken back, done, given up, a mistake; and what became of a signpost."""

from __future__ import annotations

from services.referral.domain.lifecycle import Command
from services.referral.domain.record import (
    EndCode,
    ErrorCode,
    FollowUpCode,
    OutcomeCode,
    WithdrawalCode,
)
from services.referral.domain.referral import (
    Changed,
    Referral,
    ended,
)
from shared.cause import Cause
from shared.events import (
    ReferralCompleted,
    ReferralEnteredInError,
    ReferralFollowedUp,
    ReferralNotCompleted,
    ReferralWithdrawn,
)


def withdraw(referral: Referral, cause: Cause, *, reason_code: WithdrawalCode) -> Changed:
    """The person or the referrer takes the referral back."""
    said = {"reason_code": reason_code}
    withdrawn, events = ended(
        referral, cause, Command.WITHDRAW, ReferralWithdrawn, said, by="person"
    )
    return withdrawn.with_(reroute_needed=None), events


def complete(referral: Referral, cause: Cause, *, outcome_code: OutcomeCode) -> Changed:
    """The service has done what it was asked for."""
    said = {"outcome_code": outcome_code}
    completed, events = ended(referral, cause, Command.COMPLETE, ReferralCompleted, said)
    return completed.with_(reroute_needed=None), events


def not_complete(referral: Referral, cause: Cause, *, reason_code: EndCode) -> Changed:
    """The service ends without an outcome."""
    said = {"reason_code": reason_code}
    return ended(referral, cause, Command.NOT_COMPLETE, ReferralNotCompleted, said)


def enter_in_error(referral: Referral, cause: Cause, *, reason_code: ErrorCode) -> Changed:
    """The referral should not have been made: it stays to be seen, and counts nowhere."""
    said = {"reason_code": reason_code}
    mistaken, events = ended(
        referral, cause, Command.ENTER_IN_ERROR, ReferralEnteredInError, said, by="person"
    )
    return mistaken.with_(reroute_needed=None), events


def follow_up(signpost: Referral, cause: Cause, *, outcome_code: FollowUpCode) -> Changed:
    """What became of a signpost, or that nobody knows."""
    said = {"outcome_code": outcome_code}
    return ended(signpost, cause, Command.FOLLOW_UP, ReferralFollowedUp, said)
