"""Whose address is it: a subscription is silent until its address has answered a challenge.

Without this an organisation could have Linkway write to an address of somebody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hmac import compare_digest

from services.notifications.domain.outcomes import Outcome, RetryPolicy
from services.notifications.domain.subscriptions import Challenge, Subscription, asked_of
from shared.cause import Cause
from shared.errors import FieldError, Invalid
from shared.events import Event

CHALLENGE_LIFETIME = timedelta(days=7)

Change = tuple[Subscription, Sequence[Event]]


def new_challenge(code: str, at: datetime) -> Challenge:
    """A challenge to be sent at once."""
    return Challenge(code=code, asked_at=at, expires_at=at + CHALLENGE_LIFETIME, next_attempt_at=at)


def confirm(subscription: Subscription, code: str, cause: Cause) -> Change:
    """The address answered: from now on the subscription hears. Confirming again changes nothing.

    Raises Invalid for a wrong or expired challenge, Conflict once the subscription has ended.
    """
    if subscription.status == "active":
        return subscription, ()
    challenge = asked_of(subscription, "confirm", among={"pending"}).challenge
    if (
        challenge is None
        or cause.at >= challenge.expires_at
        or not compare_digest(challenge.code.encode(), code.encode())
    ):
        reason = "is not the challenge that was sent last, or is older than seven days"
        raise Invalid(
            "The challenge does not fit; POST …/challenge sends it again.",
            errors=(FieldError("/challenge", reason),),
        )
    confirmed = {"status": "active", "active_since": cause.at, "challenge": None}
    return subscription.model_copy(update=confirmed), ()


def challenge_again(subscription: Subscription, code: str, cause: Cause) -> Change:
    """Send the challenge once more; ``code`` is a new one for where the last has expired.

    Raises Conflict where the subscription is not pending.
    """
    last = asked_of(subscription, "challenge", among={"pending"}).challenge
    fresh = new_challenge(code, cause.at)
    if last is not None and cause.at < last.expires_at:
        fresh = fresh.model_copy(update={"code": last.code, "expires_at": last.expires_at})
    return subscription.model_copy(update={"challenge": fresh}), ()


def record_challenge(
    subscription: Subscription,
    outcome: Outcome,
    cause: Cause,
    *,
    started: datetime,
    policy: RetryPolicy,
    jitter: float,
) -> Change:
    """The subscription after its challenge was sent, in an attempt that began at ``started``.

    A mail is sent once: its reader takes their time. A webhook is tried by the schedule, and
    then no more until someone asks.
    """
    challenge = subscription.challenge
    if subscription.status != "pending" or challenge is None:
        return subscription, ()
    attempts = challenge.attempts + 1
    wait = None
    if not outcome.delivered and not outcome.final:
        wait = policy.wait_before(attempts + 1, jitter)
    due = None if wait is None else cause.at + wait
    if challenge.asked_at > started:  # asked for anew while this one was on its way
        due = challenge.next_attempt_at
    tried = challenge.model_copy(
        update={"attempts": attempts, "next_attempt_at": due, "last_outcome": outcome.code}
    )
    return subscription.model_copy(update={"challenge": tried}), ()
