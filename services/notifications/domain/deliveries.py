"""Deliveries: one message to one recipient, and how sending it went.

A message carries ids and codes only. Whoever receives it fetches the rest from the
owner's API, which decides what this organisation may see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime

from services.notifications.domain.subscriptions import Frozen, Subscription
from shared.cause import Cause
from shared.events import (
    Channel,
    Event,
    EventActor,
    NotificationDelivered,
    NotificationFailed,
)
from shared.ids import derived_id

TOLD_FACTS = frozenset(
    {
        "case_id",
        "referral_id",
        "kind",
        "service_id",
        "appointment_id",
        "assessment_id",
        "goal_id",
        "measure_id",
        "reason_code",
        "outcome_code",
        "change",
        "lifecycle_status",
        "achievement_status",
        "instrument",
        "stage",
        "unit",
        "maximum",
        "available",
        "seq",
    }
)
"""The fields of an event that a message repeats: a field added to an event is not told
until it is named here. What someone needs and when they meet is left to the owner's API."""

LONGEST_RETRY_AFTER = timedelta(hours=24)
"""A receiver may ask for this much patience: the schedule's own longest wait."""

DeliveryStatus = Literal["queued", "delivered", "failed", "cancelled"]
Part = Literal["provider", "informed"]
"""What an event asks of the recipient: the provider is to act, the others are told."""

OutcomeCode = Literal[
    "delivered",
    "rejected",
    "redirected",
    "gone",
    "timed_out",
    "unreachable",
    "address_refused",
    "mail_deferred",
    "mail_rejected",
    "mail_account_refused",
    "not_sent",
]
"""How an attempt ended, in Linkway's words: a receiver's own words may hold anything."""


class About(Frozen):
    """The event a delivery tells of."""

    event_id: str
    type: str
    topic: str
    key: str
    subject: str
    occurred_at: AwareDatetime
    facts: dict[str, str | int | float | bool | None]


class Attempt(Frozen):
    """One try at sending; ``status_code`` is HTTP's or SMTP's, where there was an answer."""

    at: AwareDatetime
    outcome: OutcomeCode
    duration_ms: int
    status_code: int | None = None


class Delivery(Frozen):
    """One message to one recipient. Its id is the same at every attempt."""

    id: str
    tenant: str
    subscription_id: str
    organisation_id: str
    channel: Channel
    about: About
    part: Part
    status: DeliveryStatus = "queued"
    attempts: tuple[Attempt, ...] = ()
    next_attempt_at: AwareDatetime | None
    created_at: AwareDatetime
    traceparent: str | None = None


class Outcome(Frozen):
    """What a sender reports of one attempt.

    ``final`` means that trying again cannot help; ``retry_after`` is the wait the
    receiver asked for.
    """

    code: OutcomeCode
    status_code: int | None = None
    final: bool = False
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        """The receiver took it."""
        return self.code == "delivered"


class RetryPolicy(Frozen):
    """``waits`` before each attempt; the first is zero, since the first attempt is made at once.

    ``jitter``, from 0 to 1, is drawn for each attempt and stretches its wait by up to a
    tenth, so that a receiver that comes back is not met by all messages at once.
    """

    waits: tuple[timedelta, ...]

    def wait_before(self, attempt: int, jitter: float) -> timedelta | None:
        """How long to wait before attempt ``attempt`` (from 1); None when there is none."""
        if attempt > len(self.waits):
            return None
        return self.waits[attempt - 1] * (1 + jitter / 10)


def delivery_of(event: Event, subscription: Subscription, cause: Cause) -> Delivery:
    """The message that tells ``subscription`` of ``event``; ``cause.id`` is the event's id."""
    facts = event.model_dump(mode="json", include=set(TOLD_FACTS), exclude_none=True)
    provider = getattr(event, "provider_organisation_id", None)
    return Delivery(
        id=derived_id(cause.id, subscription.id),
        tenant=subscription.tenant,
        subscription_id=subscription.id,
        organisation_id=subscription.organisation_id,
        channel=subscription.channel,
        about=About(
            event_id=cause.id,
            type=event.type,
            topic=event.topic,
            key=event.key,
            subject=event.subject,
            occurred_at=event.occurred_at,
            facts=facts,
        ),
        part="provider" if subscription.organisation_id == provider else "informed",
        next_attempt_at=cause.at,
        created_at=cause.at,
        traceparent=cause.traceparent,
    )


def record_attempt(
    delivery: Delivery,
    outcome: Outcome,
    cause: Cause,
    *,
    started: datetime,
    policy: RetryPolicy,
    jitter: float,
) -> tuple[Delivery, Sequence[Event]]:
    """The delivery after an attempt that started at ``started`` and ended at ``cause.at``.

    A delivery that has already ended stays as it is, except that one cancelled while its
    message was on the way, and taken, was delivered.
    """
    if delivery.status in {"delivered", "failed"}:
        return delivery, ()
    attempt = Attempt(
        at=started,
        outcome=outcome.code,
        duration_ms=round((cause.at - started) / timedelta(milliseconds=1)),
        status_code=outcome.status_code,
    )
    tried = delivery.model_copy(update={"attempts": (*delivery.attempts, attempt)})
    if outcome.delivered:
        ended = tried.model_copy(update={"status": "delivered", "next_attempt_at": None})
        return ended, (NotificationDelivered(**_facts(ended, cause)),)
    if delivery.status == "cancelled":
        return tried, ()
    wait = None if outcome.final else policy.wait_before(len(tried.attempts) + 1, jitter)
    if wait is None:
        ended = tried.model_copy(update={"status": "failed", "next_attempt_at": None})
        return ended, (NotificationFailed(**_facts(ended, cause), reason=outcome.code),)
    asked = min(outcome.retry_after or timedelta(0), LONGEST_RETRY_AFTER)
    return tried.model_copy(update={"next_attempt_at": cause.at + max(wait, asked)}), ()


def cancel(delivery: Delivery) -> tuple[Delivery, Sequence[Event]]:
    """Give up a message whose subscription has ended; an ended delivery stays as it is."""
    if delivery.status != "queued":
        return delivery, ()
    return delivery.model_copy(update={"status": "cancelled", "next_attempt_at": None}), ()


def _facts(delivery: Delivery, cause: Cause) -> Mapping[str, Any]:
    return {
        "tenant": delivery.tenant,
        "occurred_at": cause.at,
        "actor": EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
        "delivery_id": delivery.id,
        "subscription_id": delivery.subscription_id,
        "organisation_id": delivery.organisation_id,
        "channel": delivery.channel,
        "about_event_id": delivery.about.event_id,
        "about_event_type": delivery.about.type,
        "about_key": delivery.about.key,
        "attempts": len(delivery.attempts),
    }
