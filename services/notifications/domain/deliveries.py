"""Deliveries: one message to one recipient, and how sending it went.

A message carries ids and codes only. Whoever receives it fetches the rest from the
owner's API, which decides what this organisation may see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime

from services.notifications.domain.frozen import Frozen
from services.notifications.domain.outcomes import Outcome, OutcomeCode, RetryPolicy
from services.notifications.domain.subscriptions import Subscription
from shared.cause import Cause
from shared.errors import Conflict
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
        "waiting",
        "next_referral_id",
        "seq",
        "replaces",
        "replaced_by",
        "cancelled_by",
        "session_id",
        "previous_case_id",
        "new_referral_id",
        "new_service_id",
        "suggested_service_ids",
        "question_code",
        "problem_id",
        "problem_code",
        "attempt_id",
        "due_by",
        "assured_date",
        "revision",
        "return_id",
    }
)
"""The fields of an event that a message repeats: a field added to an event is not told
until it is named here. What someone needs and when they meet is left to the owner's API."""

OWNER_AWAY_WAIT = timedelta(minutes=1)
"""How soon to ask again for the link a message is to carry."""

LONGEST_RETRY_AFTER = timedelta(hours=24)
"""A receiver may ask for this much patience: the schedule's own longest wait."""

DeliveryStatus = Literal["queued", "delivered", "failed", "cancelled"]
Part = Literal["provider", "informed"]
"""What an event asks of the recipient: the provider is to act, the others are told."""


class About(Frozen):
    """The event a delivery tells of."""

    event_id: str
    type: str
    topic: str
    key: str
    subject: str
    occurred_at: AwareDatetime
    facts: dict[str, str | int | float | bool | tuple[str, ...] | None]


class Attempt(Frozen):
    """One try at sending; ``status_code`` is HTTP's or SMTP's, where there was an answer."""

    at: AwareDatetime
    outcome: OutcomeCode
    duration_ms: int
    status_code: int | None = None


class Delivery(Frozen):
    """One message to one recipient. Its id is the same at every attempt.

    ``place`` sorts the messages of one ``line``. ``held`` says that it waits for one before
    it, and ``next_attempt_at`` is then only when to look again. ``tried_before`` counts the
    attempts before it was last sent again by hand.
    """

    id: str
    tenant: str
    subscription_id: str
    organisation_id: str
    channel: Channel
    about: About
    part: Part
    place: str = ""
    status: DeliveryStatus = "queued"
    held: bool = False
    tried_before: int = 0
    attempts: tuple[Attempt, ...] = ()
    next_attempt_at: AwareDatetime | None
    created_at: AwareDatetime
    traceparent: str | None = None

    @property
    def line(self) -> str:
        """Messages of one line arrive in order: those of one case or service to one address."""
        return f"{self.subscription_id} {self.about.key}"

    @property
    def first_tried_at(self) -> datetime | None:
        """When the present round of attempts began, if it has."""
        mine = self.attempts[self.tried_before :]
        return mine[0].at if mine else None


def delivery_of(
    event: Event, subscription: Subscription, cause: Cause, *, place: str = ""
) -> Delivery:
    """The message that tells ``subscription`` of ``event``; ``cause.id`` is the event's id.

    ``place`` sorts after those given to the messages recorded before it. It is due from when
    the event happened: a clock here that is ahead must not make it wait until it is right.
    """
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
        place=place,
        next_attempt_at=min(cause.at, event.occurred_at),
        created_at=cause.at,
        traceparent=cause.traceparent,
    )


Change = tuple[Delivery, Sequence[Event]]


def record_attempt(
    delivery: Delivery,
    outcome: Outcome,
    cause: Cause,
    *,
    started: datetime,
    policy: RetryPolicy,
    jitter: float,
) -> Change:
    """The delivery after an attempt that started at ``started`` and ended at ``cause.at``.

    A delivery that has already ended stays as it is, except that one cancelled while its
    message was on the way, and taken, was delivered. That the owner of its link was away
    counts as no attempt.
    """
    if delivery.status in {"delivered", "failed"}:
        return delivery, ()
    if outcome.code == "owner_away":
        return _put_off(delivery, cause.at + OWNER_AWAY_WAIT)
    attempt = Attempt(
        at=started,
        outcome=outcome.code,
        duration_ms=round((cause.at - started) / timedelta(milliseconds=1)),
        status_code=outcome.status_code,
    )
    tried = delivery.model_copy(update={"attempts": (*delivery.attempts, attempt), "held": False})
    if outcome.delivered:
        ended = tried.model_copy(update={"status": "delivered", "next_attempt_at": None})
        return ended, (NotificationDelivered(**_facts(ended, cause)),)
    if delivery.status == "cancelled" or outcome.code == "not_needed":
        return cancel(tried)
    next_one = len(tried.attempts) - tried.tried_before + 1
    wait = None if outcome.final else policy.wait_before(next_one, jitter)
    if wait is not None:
        asked = min(outcome.retry_after or timedelta(0), LONGEST_RETRY_AFTER)
        return _put_off(tried, cause.at + max(wait, asked))
    ended = tried.model_copy(update={"status": "failed", "next_attempt_at": None})
    return ended, (NotificationFailed(**_facts(ended, cause), reason=outcome.code),)


def _put_off(delivery: Delivery, until: datetime) -> Change:
    if delivery.status != "queued":
        return delivery, ()
    return delivery.model_copy(update={"next_attempt_at": until}), ()


def cancel(delivery: Delivery) -> Change:
    """Give up a message whose subscription has ended; an ended delivery stays as it is."""
    if delivery.status != "queued":
        return delivery, ()
    ended = {"status": "cancelled", "next_attempt_at": None, "held": False}
    return delivery.model_copy(update=ended), ()


def hold(delivery: Delivery, until: datetime) -> Change:
    """Wait for a message before it in its line: look again at ``until`` at the latest."""
    if delivery.status != "queued":
        return delivery, ()
    return delivery.model_copy(update={"held": True, "next_attempt_at": until}), ()


def let_go(delivery: Delivery, at: datetime) -> Change:
    """The message before it has ended: send this one now. One that is not held stays as it is."""
    if not delivery.held:
        return delivery, ()
    return delivery.model_copy(update={"held": False, "next_attempt_at": at}), ()


def give_back(delivery: Delivery, at: datetime) -> Change:
    """Whoever was to send this will not: it is for the next one who looks."""
    if delivery.status != "queued":
        return delivery, ()
    return delivery.model_copy(update={"next_attempt_at": at}), ()


def resend(delivery: Delivery, at: datetime) -> Change:
    """Send an ended message again, by the whole schedule and at its old place in its line.

    One that is still queued stays as it is.
    """
    if delivery.status == "queued":
        return delivery, ()
    again = {
        "status": "queued",
        "next_attempt_at": at,
        "held": False,
        "tried_before": len(delivery.attempts),
    }
    return delivery.model_copy(update=again), ()


def check_listening(subscription: Subscription) -> None:
    """Raises Conflict where a delivery cannot be sent again, as its subscription hears nothing."""
    if subscription.status != "active":
        raise Conflict(
            "The subscription of this delivery is not active; enable it first.",
            {"subscription_status": subscription.status, "subscription_id": subscription.id},
        )


def schedule_ended(delivery: Delivery, outcome: Outcome) -> bool:
    """Whether it failed because every attempt did, rather than for what it was."""
    return delivery.status == "failed" and not outcome.final


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
