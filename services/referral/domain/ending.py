"""What a death, a withdrawn consent or a duplicate does to a referral.

Each is decided on the present state, so the fact that led to it may come late or again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from services.referral.domain.lifecycle import Command, Status
from services.referral.domain.referral import Changed, Referral, ended, fact
from shared.cause import Cause
from shared.events import (
    Event,
    ReferralConsentWithdrawn,
    ReferralNotCompleted,
    ReferralWithdrawn,
)

Attention = Literal["death_revoked", "moved_out_of_area"]
"""Why someone should look at a case again."""

_HELD = frozenset({Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD})


def end_for_death(referral: Referral, cause: Cause) -> Changed:
    """Nothing more will happen: the case ends without an outcome, other referrals go back."""
    if not _goes_on(referral):
        return referral, []
    if referral.kind == "intake" and referral.status in _HELD:
        return ended(
            referral, cause, Command.NOT_COMPLETE, ReferralNotCompleted, {"reason_code": "deceased"}
        )
    return _withdrawn(referral, cause, "deceased")


def end_for_consent(referral: Referral, cause: Cause, *, withdrawn_at: datetime) -> Changed:
    """Every recipient hears that sharing ended, once; what was still open goes back."""
    if referral.consent.withdrawn_at is not None or referral.consent.recorded_at > withdrawn_at:
        return referral, []
    told = referral.with_(
        consent=referral.consent.model_copy(update={"withdrawn_at": withdrawn_at})
    )
    if referral.status is Status.DRAFT:
        return _withdrawn(told, cause, "consent_withdrawn", by="person")
    events: list[Event] = [fact(ReferralConsentWithdrawn, told, cause)]
    if not told.is_open:
        return told, events
    over, more = _withdrawn(told, cause, "consent_withdrawn", by="person")
    return over, [*events, *more]


def end_as_duplicate(referral: Referral, cause: Cause) -> Changed:
    """The person has another open referral to this service under their other record."""
    return _withdrawn(referral, cause, "duplicate") if referral.is_open else (referral, [])


def end_for_erasure(referral: Referral, cause: Cause) -> Changed:
    """The person is erased: whoever was to see them hears that it is over, and no more."""
    return _withdrawn(referral, cause, "erased") if _goes_on(referral) else (referral, [])


def flag(referral: Referral, attention: Attention) -> Changed:
    """Someone should look at this case again; nothing is reopened by itself."""
    return referral.with_(attention=attention), []


def _goes_on(referral: Referral) -> bool:
    return referral.is_open or referral.status is Status.DRAFT


def _withdrawn(
    referral: Referral,
    cause: Cause,
    reason: Literal["deceased", "consent_withdrawn", "duplicate", "erased"],
    *,
    by: Literal["person", "provider"] = "provider",
) -> Changed:
    return ended(
        referral, cause, Command.WITHDRAW, ReferralWithdrawn, {"reason_code": reason}, by=by
    )
