"""Telling an organisation that Linkway stopped sending to one of its addresses."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.domain.outcomes import Outcome, RetryPolicy
from services.notifications.domain.subscriptions import Notice, Subscription
from shared.cause import Cause
from shared.events import Event


def record_notice(
    subscription: Subscription,
    notice: Notice,
    outcome: Outcome,
    cause: Cause,
    *,
    policy: RetryPolicy,
    jitter: float,
) -> tuple[Subscription, Sequence[Event]]:
    """The subscription after ``notice`` was sent, or not: tried by the schedule, then left."""
    if subscription.notice != notice:
        return subscription, ()
    attempts = notice.attempts + 1
    wait = policy.wait_before(attempts + 1, jitter)
    if outcome.delivered or outcome.final or wait is None:
        return subscription.model_copy(update={"notice": None}), ()
    later = notice.model_copy(update={"attempts": attempts, "next_attempt_at": cause.at + wait})
    return subscription.model_copy(update={"notice": later}), ()
