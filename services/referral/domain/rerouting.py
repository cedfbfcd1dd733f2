"""Another service instead: a new referral takes an old one's place, which is never reopened.

The new one is written first and names what it replaces; its fact then marks the old one.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.referral.domain.lifecycle import TABLE, Command, after
from services.referral.domain.record import Dismissal
from services.referral.domain.referral import (
    Changed,
    Referral,
    ended,
    fact,
    flag,
)
from shared.cause import Cause
from shared.errors import Conflict
from shared.events import (
    Event,
    ReferralCreated,
    ReferralRerouted,
    ReferralWithdrawn,
)


def check_reroute(old: Referral) -> None:
    """Raise Conflict where no new referral may take this one's place."""
    if old.rerouted_to is not None:
        raise replaced_already(old, old.rerouted_to)
    after(old.status, Command.REROUTE)


def replaced_already(old: Referral, new_referral_id: str) -> Conflict:
    """The refusal of a second replacement."""
    return Conflict(
        "Another referral has taken this one's place already.",
        {"current_status": old.status.value, "allowed": [], "referral_id": new_referral_id},
    )


def mark_rerouted(old: Referral, cause: Cause, *, by: ReferralCreated) -> Changed:
    """A new referral took this one's place: an open one ends with it, an ended one stays so.

    Idempotent. Where the old one reached a status meanwhile that has no such step (the
    provider completed it, say), it keeps that status and is linked all the same.
    """
    if old.rerouted_to is not None:
        return old, []
    events: Sequence[Event] = []
    changed = old
    if TABLE[old.status].get(Command.REROUTE, old.status) is not old.status:
        said = {"reason_code": "rerouted"}
        changed, events = ended(old, cause, Command.REROUTE, ReferralWithdrawn, said, by="person")
    changed = changed.with_(rerouted_to=by.referral_id, reroute_needed=None)
    rerouted = fact(
        ReferralRerouted,
        changed,
        cause,
        new_referral_id=by.referral_id,
        new_service_id=by.service_id,
    )
    return changed, [*events, rerouted]


def mark_service_closed(referral: Referral, cause: Cause, *, seq: int) -> Changed:
    """The service takes no one any more (its fact ``seq``): once for each closing."""
    if not referral.is_open or referral.service_closed_seq >= seq:
        return referral, []
    return flag(referral.with_(service_closed_seq=seq), [], cause, "service_closed")


def dismiss(referral: Referral, cause: Cause, *, reason: str) -> Changed:
    """No other service is sought after all. Raises Conflict where none was."""
    if referral.reroute_needed is None:
        raise Conflict(
            "This referral is not marked as needing another service.",
            {"current_status": referral.status.value, "allowed": []},
        )
    dismissal = Dismissal(reason=reason, at=cause.at, by=cause.actor.organisation)
    return referral.with_(reroute_needed=None, reroute_dismissed=dismissal), []
