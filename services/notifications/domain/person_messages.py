"""Messages to persons: one document each, without a name, a number or an address.

``queued`` until it was handed to whoever carries it; ``sent`` until that says how it went.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime

from services.notifications.domain.frozen import Frozen
from services.notifications.domain.news import News, thing_of
from services.notifications.domain.outcomes import RetryPolicy
from services.notifications.domain.reaching import PersonChannel, SuppressedReason
from services.notifications.domain.sending import ReportCode, SendCode, SendResult
from shared.cause import Cause
from shared.events import (
    AppointmentMode,
    Event,
    EventActor,
    NotificationDelivered,
    NotificationFailed,
    NotificationSuppressed,
    ReferralEvent,
)
from shared.ids import derived_id

PersonMessageStatus = Literal["queued", "sent", "delivered", "failed", "suppressed", "cancelled"]
CancelReason = Literal["superseded", "deceased", "no_consent"]

REPORT_EVERY = timedelta(hours=1)
"""How often to ask how a message went that nobody told us of."""

REPORT_WITHIN: Mapping[str, timedelta] = {
    "sms": timedelta(hours=73),
    "letter": timedelta(days=7),
}
"""GOV.UK Notify goes on trying a text message for 72 hours; letters take days."""

_DEFERRED = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
)


class PersonAttempt(Frozen):
    """One try at handing the message over."""

    at: AwareDatetime
    channel: PersonChannel
    outcome: SendCode
    status_code: int | None = None


class PersonMessage(Frozen):
    """One piece of news for one person. Its id follows from the event's: told once."""

    id: str
    tenant: str
    person_id: str
    organisation_id: str
    """Whose news it is: the provider's."""
    thing: str
    """The appointment or referral it is about."""
    about_event_id: str
    about_event_type: str
    about_key: str
    occurred_at: AwareDatetime
    template: str
    template_version: int | None = None
    language: str | None = None
    start: AwareDatetime | None = None
    mode: AppointmentMode | None = None
    status: PersonMessageStatus = "queued"
    reason: str | None = None
    channel: PersonChannel | None = None
    given_up: tuple[PersonChannel, ...] = ()
    attempts: tuple[PersonAttempt, ...] = ()
    deferrals: int = 0
    sending_since: AwareDatetime | None = None
    """Set before it is handed over and cleared by an answer: it may have gone out."""
    sent_at: AwareDatetime | None = None
    provider_id: str | None = None
    next_attempt_at: AwareDatetime | None
    useless_after: AwareDatetime
    created_at: AwareDatetime
    traceparent: str | None = None


Changed = tuple[PersonMessage, Sequence[Event]]


def message_of(event: ReferralEvent, news: News, cause: Cause) -> PersonMessage:
    """The message that tells the person of ``event``; ``cause.id`` is the event's id."""
    return PersonMessage(
        id=derived_id(cause.id, "person"),
        tenant=event.tenant,
        person_id=event.person_id,
        organisation_id=event.provider_organisation_id,
        thing=thing_of(event) or event.subject,
        about_event_id=cause.id,
        about_event_type=event.type,
        about_key=event.key,
        occurred_at=event.occurred_at,
        template=news.template,
        start=news.start,
        mode=news.mode,
        next_attempt_at=cause.at,
        useless_after=news.useless_after,
        created_at=cause.at,
        traceparent=cause.traceparent,
    )


def begin(
    message: PersonMessage, cause: Cause, *, channel: PersonChannel, version: int, language: str
) -> Changed:
    """Note that it is now handed over, in these words; an ended message stays as it is."""
    if message.status != "queued":
        return message, ()
    noted = {
        "sending_since": cause.at,
        "channel": channel,
        "template_version": version,
        "language": language,
    }
    return message.model_copy(update=noted), ()


def record(
    message: PersonMessage,
    result: SendResult,
    cause: Cause,
    *,
    started: datetime,
    policy: RetryPolicy,
    jitter: float,
) -> Changed:
    """The message after an attempt. One cancelled on its way, and taken, was sent."""
    if message.channel is None or message.status in {"sent", "delivered", "failed"}:
        return message, ()
    attempt = PersonAttempt(
        at=started,
        channel=message.channel,
        outcome=result.code,
        status_code=result.status_code,
    )
    tried = message.model_copy(update={"attempts": (*message.attempts, attempt)})
    if result.answered:
        tried = tried.model_copy(update={"sending_since": None})
    if result.code == "accepted":
        return _accepted(tried, result, cause)
    if message.status != "queued":
        return tried, ()
    made = sum(each.channel == message.channel for each in tried.attempts)
    wait = None if result.final else policy.wait_before(made + 1, jitter)
    if wait is None:
        return _give_up_channel(tried, cause.at), ()
    return tried.model_copy(update={"next_attempt_at": cause.at + wait}), ()


def _accepted(message: PersonMessage, result: SendResult, cause: Cause) -> Changed:
    """A mail server's word is the last there is; the others report later."""
    sent: dict[str, Any] = {
        "reason": None,
        "sent_at": cause.at,
        "provider_id": result.provider_id,
        "sending_since": None,
    }
    if message.channel == "email":
        return _end(message.model_copy(update=sent), "delivered", None, cause)
    later = {"status": "sent", "next_attempt_at": cause.at + REPORT_EVERY}
    return message.model_copy(update={**sent, **later}), ()


def report(message: PersonMessage, code: ReportCode, cause: Cause) -> Changed:
    """What the carrier says of a message it took; heard again, it changes nothing.

    Where this way failed for good, the person's next one is tried.
    """
    if message.status != "sent" or message.sent_at is None or message.channel is None:
        return message, ()
    if code == "delivered":
        return _end(message, "delivered", None, cause)
    if code == "on_its_way":
        if cause.at - message.sent_at > REPORT_WITHIN.get(message.channel, REPORT_EVERY):
            return _end(message, "failed", "unconfirmed", cause)
        return message.model_copy(update={"next_attempt_at": cause.at + REPORT_EVERY}), ()
    back = {"status": "queued", "reason": code, "sent_at": None, "provider_id": None}
    again = message.model_copy(update=back)
    return _give_up_channel(again, cause.at), ()


def defer(message: PersonMessage, cause: Cause) -> Changed:
    """The owner of what is needed is away: try again soon. It counts as no attempt."""
    if message.status not in {"queued", "sent"}:
        return message, ()
    wait = _DEFERRED[min(message.deferrals, len(_DEFERRED) - 1)]
    return message.model_copy(
        update={"deferrals": message.deferrals + 1, "next_attempt_at": cause.at + wait}
    ), ()


def postpone(message: PersonMessage, until: datetime) -> Changed:
    """Wait for the person's next safe hour."""
    if message.status != "queued":
        return message, ()
    return message.model_copy(update={"next_attempt_at": until, "deferrals": 0}), ()


def suppress(message: PersonMessage, reason: SuppressedReason, cause: Cause) -> Changed:
    """End it unsent, by rule; where every way was tried and failed, it has failed."""
    if message.status != "queued":
        return message, ()
    if message.given_up and message.attempts and reason in {"no_channel", "no_safe_time"}:
        return _end(message, "failed", message.reason or message.attempts[-1].outcome, cause)
    return _end(message, "suppressed", reason, cause)


def cancel(message: PersonMessage, reason: CancelReason, cause: Cause) -> Changed:
    """Take back what was not handed over yet; a message that has ended stays as it is."""
    if message.status != "queued":
        return message, ()
    if reason == "superseded":
        ended = {"status": "cancelled", "reason": reason, "next_attempt_at": None}
        return message.model_copy(update=ended), ()
    return _end(message, "suppressed", reason, cause)


def revive(message: PersonMessage, cause: Cause) -> Changed:
    """The death was recorded in error: what is still worth sending waits again."""
    suppressed = message.status == "suppressed" and message.reason == "deceased"
    if not suppressed or message.useless_after <= cause.at:
        return message, ()
    back = {"status": "queued", "reason": None, "next_attempt_at": cause.at}
    return message.model_copy(update=back), ()


def _give_up_channel(message: PersonMessage, at: datetime) -> PersonMessage:
    given_up = {*message.given_up, *([message.channel] if message.channel else [])}
    return message.model_copy(
        update={"given_up": tuple(sorted(given_up)), "next_attempt_at": at, "sending_since": None}
    )


def _end(
    message: PersonMessage,
    status: Literal["delivered", "failed", "suppressed"],
    reason: str | None,
    cause: Cause,
) -> Changed:
    ended = message.model_copy(update={"status": status, "reason": reason, "next_attempt_at": None})
    facts = _facts(ended, cause)
    if status == "delivered":
        return ended, (NotificationDelivered(**facts),)
    if status == "failed":
        return ended, (NotificationFailed(**facts, reason=reason or "not_sent"),)
    return ended, (NotificationSuppressed(**facts, reason=reason or "no_channel"),)


def _facts(message: PersonMessage, cause: Cause) -> Mapping[str, Any]:
    return {
        "tenant": message.tenant,
        "occurred_at": cause.at,
        "actor": EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
        "delivery_id": message.id,
        # No organisation subscribed: a person is told because it is about them.
        "subscription_id": "",
        "organisation_id": message.organisation_id,
        # One that never got as far as a channel would have gone by post in the end.
        "channel": message.channel or "letter",
        "about_event_id": message.about_event_id,
        "about_event_type": message.about_event_type,
        "about_key": message.about_key,
        "attempts": len(message.attempts),
    }
