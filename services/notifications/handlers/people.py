"""Telling persons: what is recorded when news comes, and what is taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.notifications.domain import person_messages as rules
from services.notifications.domain.news import is_first, news_of, thing_of
from services.notifications.domain.outcomes import RetryPolicy
from services.notifications.domain.person_marks import mark_of, newer
from services.notifications.domain.person_messages import (
    Changed,
    PersonMessage,
)
from services.notifications.domain.policy import POLICY
from services.notifications.domain.reaching import PersonChannel, SuppressedReason
from services.notifications.domain.sending import (
    ReportCode,
    SendResult,
)
from services.notifications.store import Stores
from shared.cause import Actor, Cause
from shared.errors import NotFound
from shared.events import (
    ConsentWithdrawn,
    Event,
    PersonEvent,
    PersonMerged,
    ReferralEvent,
)
from shared.ids import derived_id
from shared.policy import TENANT
from shared.store import Page, Saved

_PAGE = 200


async def tell_person(stores: Stores, event: Event, cause: Cause) -> None:
    """Record what the person is to be told of the event, if anything.

    Earlier news of the same thing that still waits is not sent any more. The record's id
    follows from the event's, so the event heard again tells nobody again.
    """
    thing = thing_of(event)
    if thing is None or not isinstance(event, ReferralEvent):
        return
    earlier = (
        () if is_first(event) else await stores.person_messages.waiting_about(event.tenant, thing)
    )
    for saved in earlier:
        if saved.state.about_event_id != cause.id and saved.state.occurred_at < event.occurred_at:
            await _change(
                stores,
                saved.state,
                lambda state: rules.cancel(state, "superseded", cause),
                cause.at,
            )
    news = news_of(event, cause.at)
    if news is None:
        return
    message = rules.message_of(event, news, cause)
    await stores.person_messages.insert(message.id, message, (), cause)
    stores.person_messages.recorded.set()


async def heard_of_death(stores: Stores, event: PersonEvent, cause: Cause) -> None:
    """Mark the person, then take back all that waits for them, or let it wait again.

    The mark is by the newest fact, so facts that come late or twice change nothing.
    """
    mark = mark_of(event)
    made = await stores.person_marks.insert(mark.id, mark, (), _by_record(cause, mark.id))
    if made.state.seq < mark.seq:
        made = await stores.person_marks.update(
            mark.id, lambda state: newer(state, mark), cause, remember=False
        )
    deceased = made.state.deceased
    async for saved in _all(stores, event.tenant, {"facets.person": event.person_id}):
        await _change(
            stores,
            saved.state,
            lambda state: (
                rules.cancel(state, "deceased", cause) if deceased else rules.revive(state, cause)
            ),
            cause.at,
        )
    if not deceased:
        stores.person_messages.recorded.set()


async def heard_of_withdrawn_consent(stores: Stores, event: ConsentWithdrawn, cause: Cause) -> None:
    """Take back what waits for the person from those who may no longer know of them.

    What was recorded after the withdrawal stands: consent may have been given anew.
    """
    recipients = event.recipient_organisation_ids
    async for saved in _all(stores, event.tenant, {"facets.person": event.person_id}):
        message = saved.state
        concerned = not recipients or message.organisation_id in recipients
        if concerned and message.occurred_at <= event.occurred_at:
            await _change(
                stores, message, lambda state: rules.cancel(state, "no_consent", cause), cause.at
            )


async def heard_of_merge(stores: Stores, event: PersonMerged, cause: Cause) -> None:
    """What waits for the retired record is now for the one that stays."""
    async for saved in _all(stores, event.tenant, {"facets.person": event.retired_id}):
        await _change(
            stores,
            saved.state,
            lambda state: (state.model_copy(update={"person_id": event.person_id}), ()),
            cause.at,
        )


async def is_marked_deceased(stores: Stores, message: PersonMessage) -> bool:
    """Whether the person has died, by the facts heard so far."""
    marks = await stores.person_marks.get_many([message.person_id], message.tenant)
    return any(mark.state.deceased for mark in marks.values())


async def begin(
    stores: Stores,
    message: PersonMessage,
    at: datetime,
    *,
    channel: PersonChannel,
    version: int,
    language: str,
) -> bool:
    """Note that the message is about to be handed over; False where it was taken back."""
    cause = _own_cause(message, derived_id(message.id, "begin", at.isoformat()), at)
    saved = await stores.person_messages.update(
        message.id,
        lambda state: rules.begin(
            state, cause, channel=channel, version=version, language=language
        ),
        cause,
        remember=False,
    )
    return saved.state.status == "queued"


async def record(
    stores: Stores,
    message: PersonMessage,
    result: SendResult,
    *,
    started: datetime,
    ended: datetime,
    policy: RetryPolicy,
    jitter: float,
) -> Saved[PersonMessage]:
    """Write down how an attempt went."""
    attempt = derived_id(message.id, str(len(message.attempts)), started.isoformat())
    cause = _own_cause(message, attempt, ended)
    return await stores.person_messages.update(
        message.id,
        lambda state: rules.record(
            state, result, cause, started=started, policy=policy, jitter=jitter
        ),
        cause,
    )


async def suppress(
    stores: Stores, message: PersonMessage, reason: SuppressedReason, at: datetime
) -> Saved[PersonMessage]:
    """End a message unsent, by rule."""
    return await _change(
        stores, message, lambda state: rules.suppress(state, reason, _cause(state, at)), at
    )


async def postpone(
    stores: Stores, message: PersonMessage, until: datetime, at: datetime
) -> Saved[PersonMessage]:
    """Wait for the next safe hour."""
    return await _change(stores, message, lambda state: rules.postpone(state, until), at)


async def defer(stores: Stores, message: PersonMessage, at: datetime) -> Saved[PersonMessage]:
    """Try again soon: someone who is needed is away."""
    return await _change(stores, message, lambda state: rules.defer(state, _cause(state, at)), at)


async def record_report(
    stores: Stores, message_id: str, tenant: str, code: ReportCode, at: datetime
) -> Saved[PersonMessage] | None:
    """Write down what the carrier says of a message; None where there is no such message."""
    try:
        message = (await stores.person_messages.get(message_id, tenant)).state
    except NotFound:
        return None
    saved = await _change(
        stores, message, lambda state: rules.report(state, code, _cause(state, at)), at
    )
    stores.person_messages.recorded.set()
    return saved


async def person_messages_of(
    stores: Stores,
    actor: Actor,
    *,
    where: Mapping[str, Any],
    limit: int,
    cursor: str | None,
) -> Page[PersonMessage]:
    """Messages to persons, newest first: their organisation's own, all for operations."""
    if TENANT not in POLICY.relations(actor):
        where = {**where, "state.organisation_id": actor.organisation}
    return await stores.person_messages.find(actor.tenant, where, limit=limit, cursor=cursor)


async def told_to(
    stores: Stores, person_ids: Collection[str], case_ids: Sequence[str], tenant: str
) -> list[PersonMessage]:
    """Every message to this person in these cases, oldest first."""
    where = {"state.about_key": {"$in": list(case_ids)}}
    found = [saved.state async for saved in _all(stores, tenant, where)]
    return sorted(
        (each for each in found if each.person_id in person_ids), key=lambda each: each.occurred_at
    )


async def _all(
    stores: Stores, tenant: str, where: Mapping[str, Any]
) -> AsyncIterator[Saved[PersonMessage]]:
    cursor = None
    while True:
        page = await stores.person_messages.find(tenant, where, limit=_PAGE, cursor=cursor)
        for saved in page.items:
            yield saved
        cursor = page.next_cursor
        if cursor is None:
            return


async def _change(
    stores: Stores,
    message: PersonMessage,
    change: Callable[[PersonMessage], Changed],
    at: datetime,
) -> Saved[PersonMessage]:
    """A change that is idempotent by nature: its cause is not remembered."""
    return await stores.person_messages.update(
        message.id, change, _cause(message, at), remember=False
    )


def _cause(message: PersonMessage, at: datetime) -> Cause:
    return _own_cause(message, derived_id(message.id, at.isoformat(), "own"), at)


def _own_cause(message: PersonMessage, cause_id: str, at: datetime) -> Cause:
    return Cause(
        id=cause_id,
        actor=Actor(
            subject="notifications",
            role="service",
            organisation=message.organisation_id,
            tenant=message.tenant,
        ),
        at=at,
        traceparent=message.traceparent,
        repeatable=True,
    )


def _by_record(cause: Cause, record_id: str) -> Cause:
    """The same for every fact that may create this record: the first one creates it."""
    return Cause(
        id=derived_id(record_id, "mark"),
        actor=cause.actor,
        at=cause.at,
        traceparent=cause.traceparent,
        repeatable=True,
    )
