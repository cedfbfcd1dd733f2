"""The message back to the practice: a lifecycle of its own, since sent is not filed.

GP Connect Update Record, for one, lets a practice reject a message without telling the
sender; so a message counts as done when the practice says that it filed it, or someone
told it by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime

from services.notifications.domain.frozen import Frozen
from services.notifications.domain.working_days import after_working_days
from shared.cause import Cause
from shared.errors import Conflict
from shared.events import (
    Channel,
    Event,
    EventActor,
    MessageBackAcknowledged,
    MessageBackFailed,
    MessageBackSent,
    ReferralCompleted,
    ReferralDeclined,
    ReferralEvent,
    ReferralExpired,
    ReferralNotCompleted,
    ReferralWithdrawn,
)
from shared.ids import derived_id

ReturnStatus = Literal[
    "queued",
    "sent",
    "delivered",
    "acknowledged",
    "rejected",
    "timed_out",
    "undeliverable",
    "by_hand",
]
"""``sent``: a mail server took it, and nobody knows whether it arrived. ``delivered``: the
practice's own system took it. Neither says that it was filed."""

RejectReason = Literal["wrong_patient", "not_registered_here", "duplicate", "unreadable", "other"]
ByHand = Literal["telephone", "letter", "in_person", "secure_email", "record_entered"]

TOLD_BACK: tuple[type[ReferralEvent], ...] = (
    ReferralCompleted,
    ReferralDeclined,
    ReferralExpired,
    ReferralNotCompleted,
    ReferralWithdrawn,
)
"""How an intake may end: the practice that referred hears of each."""

ALLOWED: Mapping[str, frozenset[ReturnStatus]] = {
    "acknowledge": frozenset({"queued", "sent", "delivered", "timed_out", "undeliverable"}),
    "reject": frozenset({"queued", "sent", "delivered", "timed_out", "undeliverable"}),
    "done-by-hand": frozenset({"rejected", "timed_out", "undeliverable"}),
}
"""From which states each command leads on. A practice may read and file what never
reached its system, and may answer late."""

OLD_NEWS = timedelta(days=30)
"""A fact heard later than this makes no message: topics are kept for good, and reading
them again from the beginning must not tell practices of last year."""

_UNANSWERED: frozenset[ReturnStatus] = frozenset({"queued", "sent", "delivered"})


class MessageBack(Frozen):
    """One message back to one practice about how a referral of theirs ended."""

    id: str
    tenant: str
    organisation_id: str
    """The practice."""
    team_organisation_id: str
    """The link workers' team: it tells the practice by hand where all else failed."""
    case_id: str
    referral_id: str
    about_event_id: str
    about_event_type: str
    code: str | None
    """The outcome or reason, as the event has it."""
    occurred_at: AwareDatetime
    delivery_ids: tuple[str, ...] = ()
    failed_delivery_ids: tuple[str, ...] = ()
    status: ReturnStatus = "queued"
    reject_reason: RejectReason | None = None
    done_by: ByHand | None = None
    answer_by: AwareDatetime
    """When it counts as not answered."""
    ended_at: AwareDatetime | None = None
    created_at: AwareDatetime


Change = tuple[MessageBack, Sequence[Event]]


TOLD_BACK_TYPES = frozenset(event.type for event in TOLD_BACK)


def return_id(event_id: str) -> str:
    """The id of the message back about an event: an event heard again makes no second one."""
    return derived_id(event_id, "message-back")


def is_told_back(event: Event, now: datetime) -> bool:
    """Whether a practice is to hear of this: an intake that was not the team's own ended."""
    return (
        isinstance(event, TOLD_BACK)
        and event.kind == "intake"
        and now - event.occurred_at <= OLD_NEWS
        and event.source_organisation_id != event.team_organisation_id
    )


def message_back_of(
    event: ReferralEvent, cause: Cause, *, delivery_ids: Sequence[str], working_days: int
) -> Change:
    """The message back about ``event``; undeliverable where the practice listens nowhere."""
    message = MessageBack(
        id=return_id(cause.id),
        tenant=event.tenant,
        organisation_id=event.source_organisation_id,
        team_organisation_id=event.team_organisation_id,
        case_id=event.case_id,
        referral_id=event.referral_id,
        about_event_id=cause.id,
        about_event_type=event.type,
        code=getattr(event, "outcome_code", None) or getattr(event, "reason_code", None),
        occurred_at=event.occurred_at,
        delivery_ids=tuple(delivery_ids),
        answer_by=after_working_days(cause.at, working_days),
        created_at=cause.at,
    )
    return (message, ()) if delivery_ids else _failed(message, "undeliverable", cause)


def delivered(message: MessageBack, delivery_id: str, channel: Channel, cause: Cause) -> Change:
    """A delivery of it was taken: by a mail server, or by the practice's own system."""
    if delivery_id not in message.delivery_ids or message.status not in {"queued", "sent"}:
        return message, ()
    status: ReturnStatus = "sent" if channel == "email" else "delivered"
    changed = message.model_copy(update={"status": status})
    if message.status == "sent":
        return changed, ()
    return changed, (MessageBackSent(**_facts(message, cause)),)


def delivery_failed(message: MessageBack, delivery_id: str, cause: Cause) -> Change:
    """A delivery of it failed; once none is left that may arrive, it is undeliverable."""
    if delivery_id not in message.delivery_ids or delivery_id in message.failed_delivery_ids:
        return message, ()
    failed = (*message.failed_delivery_ids, delivery_id)
    changed = message.model_copy(update={"failed_delivery_ids": failed})
    if message.status != "queued" or set(message.delivery_ids) - set(failed):
        return changed, ()
    return _failed(changed, "undeliverable", cause)


def acknowledge(message: MessageBack, cause: Cause) -> Change:
    """The practice filed it. Raises Conflict where that cannot be said any more."""
    if message.status == "acknowledged":
        return message, ()
    _check(message, "acknowledge")
    ended = {"status": "acknowledged", "ended_at": cause.at}
    return message.model_copy(update=ended), (MessageBackAcknowledged(**_facts(message, cause)),)


def reject(message: MessageBack, reason: RejectReason, cause: Cause) -> Change:
    """The practice does not file it. Raises Conflict where that cannot be said any more."""
    _check(message, "reject")
    return _failed(message.model_copy(update={"reject_reason": reason}), "rejected", cause)


def time_out(message: MessageBack, cause: Cause) -> Change:
    """Nobody answered in time; what was answered meanwhile stays as it is."""
    if message.status not in _UNANSWERED or cause.at < message.answer_by:
        return message, ()
    return _failed(message, "timed_out", cause)


def done_by_hand(message: MessageBack, how: ByHand, cause: Cause) -> Change:
    """Someone of the team told the practice. Raises Conflict where there was no need."""
    _check(message, "done-by-hand")
    ended = {"status": "by_hand", "done_by": how, "ended_at": cause.at}
    return message.model_copy(update=ended), ()


def due(message: MessageBack) -> datetime | None:
    """When it counts as not answered, while it waits."""
    return message.answer_by if message.status in _UNANSWERED else None


def _failed(
    message: MessageBack,
    status: Literal["rejected", "timed_out", "undeliverable"],
    cause: Cause,
) -> Change:
    failed = MessageBackFailed(**_facts(message, cause), reason=status)
    return message.model_copy(update={"status": status}), (failed,)


def _check(message: MessageBack, command: str) -> None:
    if message.status not in ALLOWED[command]:
        allowed = [name for name, states in ALLOWED.items() if message.status in states]
        raise Conflict(
            f"A message back that is {message.status} cannot be {_SAID[command]}.",
            {"current_status": message.status, "allowed": allowed},
        )


_SAID: Mapping[str, str] = {
    "acknowledge": "acknowledged",
    "reject": "rejected",
    "done-by-hand": "recorded as done by hand",
}


def _facts(message: MessageBack, cause: Cause) -> Mapping[str, Any]:
    return {
        "tenant": message.tenant,
        "occurred_at": cause.at,
        "actor": EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
        "return_id": message.id,
        "case_id": message.case_id,
        "organisation_id": message.organisation_id,
        "about_event_id": message.about_event_id,
    }
