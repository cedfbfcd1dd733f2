"""Support pauses, and goes on."""

from __future__ import annotations

from services.referral.domain.lifecycle import Command
from services.referral.domain.record import HoldCode
from services.referral.domain.referral import Changed, Referral, fact, moved
from shared.cause import Cause
from shared.events import ReferralHeld, ReferralResumed


def hold(referral: Referral, cause: Cause, *, reason_code: HoldCode) -> Changed:
    """Support pauses, for a reason."""
    held = moved(referral, Command.HOLD, reason_code=reason_code)
    return held, [fact(ReferralHeld, held, cause, reason_code=reason_code)]


def resume(referral: Referral, cause: Cause) -> Changed:
    """Support goes on; why it paused is in the timeline."""
    resumed = moved(referral, Command.RESUME, reason_code=None)
    return resumed, [fact(ReferralResumed, resumed, cause)]
