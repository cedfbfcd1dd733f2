"""The message back to the practice: sent is not filed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notifications import handlers
from services.notifications.domain import Subscription
from services.notifications.domain import messages_back as rules
from services.notifications.domain.messages_back import MessageBack, return_id
from services.notifications.domain.working_days import after_working_days
from services.notifications.handlers import messages_back
from services.notifications.messages import Links, webhook_body
from services.notifications.store import Stores
from shared.cause import Actor, Cause
from shared.errors import Conflict, NotFound
from shared.events import (
    Channel,
    Event,
    EventActor,
    NotificationDelivered,
    NotificationFailed,
    ReferralAccepted,
    ReferralCompleted,
    ReferralDeclined,
    ReferralExpired,
    ReferralNotCompleted,
    ReferralWithdrawn,
)
from tests.notifications.examples import (
    CASE,
    NOON,
    PRACTICE,
    PROVIDER,
    REFERRER,
    TEAM,
    TENANT,
    asked,
    fact,
    heard,
    subscription,
)

LINK_WORKER = Actor("worker-1", "link_worker", TEAM, TENANT)


def doing(command: str, actor: Actor, *, key: str = "") -> Cause:
    """The cause of a request, as its route hands it on."""
    operation = f"POST /messages-back/{{return_id}}/{command}"
    return asked(replace(actor, operation=operation), key=key)


RETURN = return_id("event-1")
IN_TIME = NOON + timedelta(days=1)


def completed(**said: Any) -> ReferralCompleted:
    """A practice's own referral to the team ended well."""
    own = {"kind": "intake", "outcome_code": "goals_met", "provider_organisation_id": TEAM}
    return fact(ReferralCompleted, **{**own, **said})


async def listening(
    stores: Stores, *event_types: str, channel: Channel = "webhook", address: str = ""
) -> Subscription:
    """The practice hears of these events, or of those that begin a referral."""
    made = subscription(
        *(event_types or ("referral-created",)),
        actor=REFERRER,
        channel=channel,
        address=address or f"https://{channel}.example.org/hook",
    ).model_copy(update={"status": "active"})
    await stores.subscriptions.insert(made.id, made, (), asked(REFERRER))
    stores.subscriptions.forget(made)
    return made


async def tell(stores: Stores, event: Event, event_id: str = "event-1") -> None:
    """As the consumer does it."""
    cause = heard(event_id)
    await handlers.tell_back(stores, event, cause)
    await handlers.tell(stores, event, cause)


async def the_message(stores: Stores) -> MessageBack:
    return (await stores.messages_back.get(RETURN, TENANT)).state


async def published(stores: Stores) -> list[str]:
    unsent = await stores.messages_back.collection.unsent(range(16), 100)
    return [entry.type for each in unsent for entry in each.entries]


async def went(stores: Stores, *, ok: bool = True, channel: Channel = "webhook") -> None:
    """The delivery ended, as notifications itself hears."""
    message = await the_message(stores)
    for delivery_id in message.delivery_ids:
        facts: dict[str, Any] = {
            "tenant": TENANT,
            "occurred_at": NOON,
            "actor": EventActor(role="service", organisation=PRACTICE),
            "delivery_id": delivery_id,
            "subscription_id": "any",
            "organisation_id": PRACTICE,
            "channel": channel,
            "about_event_id": "event-1",
            "about_event_type": "referral-completed",
            "about_key": CASE,
            "attempts": 1,
        }
        event = NotificationDelivered(**facts) if ok else NotificationFailed(**facts, reason="gone")
        await handlers.heard_of_delivery(stores, event, heard(f"ended-{delivery_id}"))


@pytest.mark.parametrize(
    "event",
    [
        completed(),
        fact(ReferralDeclined, kind="intake", reason_code="no_capacity"),
        fact(ReferralNotCompleted, kind="intake", reason_code="uncontactable"),
        fact(ReferralWithdrawn, kind="intake", reason_code="person_declined"),
        fact(ReferralExpired, kind="intake"),
    ],
)
async def test_the_practice_hears_how_its_referral_ended(stores: Stores, event: Event) -> None:
    await listening(stores)
    await tell(stores, event)
    message = await the_message(stores)
    assert (message.organisation_id, message.status) == ("Y90001", "queued")
    assert message.about_event_type == event.type
    assert len(message.delivery_ids) == 1


@pytest.mark.parametrize(
    "event",
    [
        completed(source_organisation_id=TEAM),
        completed(kind="onward"),
        completed(occurred_at=NOON - timedelta(days=31)),
        fact(ReferralAccepted, kind="intake"),
    ],
)
async def test_of_other_facts_there_is_no_message_back(stores: Stores, event: Event) -> None:
    await tell(stores, event)
    assert await stores.messages_back.count(TENANT) == 0


async def test_a_practice_that_hears_of_it_anyway_gets_one_message_that_names_its_return(
    stores: Stores, links: Links
) -> None:
    await listening(stores, "referral-completed")
    await tell(stores, completed())
    await tell(stores, completed())
    [saved] = (await stores.deliveries.find(TENANT, {})).items
    assert f'"return_id":"{RETURN}"' in webhook_body(saved.state, links)
    assert (await the_message(stores)).delivery_ids == (saved.id,)


async def test_a_webhook_is_preferred_to_a_mailbox_where_neither_hears_of_it(
    stores: Stores,
) -> None:
    await listening(stores, channel="email", address="office@practice.example.org")
    hook = await listening(stores)
    await tell(stores, completed())
    [saved] = (await stores.deliveries.find(TENANT, {})).items
    assert saved.state.subscription_id == hook.id


async def test_without_a_subscription_it_is_undeliverable_and_for_the_team(stores: Stores) -> None:
    await tell(stores, completed())
    assert (await the_message(stores)).status == "undeliverable"
    assert await published(stores) == ["message-back-failed"]


@pytest.mark.parametrize(("channel", "status"), [("webhook", "delivered"), ("email", "sent")])
async def test_a_mail_that_left_is_sent_and_a_webhook_that_was_taken_is_delivered(
    stores: Stores, channel: Channel, status: str
) -> None:
    await listening(stores, channel=channel)
    await tell(stores, completed())
    for _ in range(2):
        await went(stores, channel=channel)
    assert (await the_message(stores)).status == status
    assert await published(stores) == ["message-back-sent"]


async def test_a_delivery_that_failed_is_undeliverable(stores: Stores) -> None:
    await listening(stores)
    await tell(stores, completed())
    await went(stores, ok=False)
    assert (await the_message(stores)).status == "undeliverable"
    assert await published(stores) == ["message-back-failed"]


async def test_one_delivery_of_two_that_failed_is_not_the_end(stores: Stores) -> None:
    await listening(stores, "referral-completed")
    await listening(stores, "referral-completed", channel="email")
    await tell(stores, completed())
    [first, _] = (await the_message(stores)).delivery_ids
    await stores.messages_back.update(
        RETURN,
        lambda state: rules.delivery_failed(state, first, heard("x")),
        heard("x"),
    )
    assert (await the_message(stores)).status == "queued"


async def test_a_delivery_of_something_else_changes_nothing(stores: Stores) -> None:
    await listening(stores)
    await tell(stores, completed())
    message = await the_message(stores)
    changed, events = rules.delivered(message, "of-a-person", "sms", heard("x"))
    assert (changed, events) == (message, ())


async def test_the_practice_files_it(stores: Stores) -> None:
    await listening(stores)
    await tell(stores, completed())
    await went(stores)
    for key in ("k1", "k2"):
        saved = await handlers.acknowledge(stores, RETURN, doing("acknowledge", REFERRER, key=key))
        assert saved.state.status == "acknowledged"
    assert await published(stores) == ["message-back-sent", "message-back-acknowledged"]
    with pytest.raises(Conflict) as refused:
        await handlers.reject(stores, RETURN, "duplicate", doing("reject", REFERRER))
    assert refused.value.context == {"current_status": "acknowledged", "allowed": []}


async def test_a_rejected_one_is_told_by_hand(stores: Stores) -> None:
    await listening(stores)
    await tell(stores, completed())
    await went(stores)
    with pytest.raises(Conflict) as refused:
        await handlers.done_by_hand(stores, RETURN, "telephone", doing("done-by-hand", LINK_WORKER))
    assert refused.value.context["allowed"] == ["acknowledge", "reject"]
    await handlers.reject(stores, RETURN, "wrong_patient", doing("reject", REFERRER))
    saved = await handlers.done_by_hand(
        stores, RETURN, "telephone", doing("done-by-hand", LINK_WORKER)
    )
    assert (saved.state.status, saved.state.done_by) == ("by_hand", "telephone")
    assert await published(stores) == ["message-back-sent", "message-back-failed"]


async def test_only_the_practice_answers_and_only_the_team_does_it_by_hand(stores: Stores) -> None:
    await tell(stores, completed())
    for stranger in (LINK_WORKER, PROVIDER, Actor("p", "referrer", PRACTICE, "icb-other")):
        with pytest.raises(NotFound):
            await handlers.acknowledge(stores, RETURN, doing("acknowledge", stranger))
    for stranger in (REFERRER, PROVIDER):
        with pytest.raises(NotFound):
            await handlers.done_by_hand(stores, RETURN, "letter", doing("done-by-hand", stranger))


async def test_nobody_answers_in_five_working_days(stores: Stores) -> None:
    await listening(stores)
    await tell(stores, completed())
    await went(stores)
    message = await the_message(stores)
    assert message.answer_by == datetime(2026, 3, 9, 12, tzinfo=UTC)  # the Monday after
    lease = timedelta(seconds=30)
    assert await messages_back.time_out_due(stores, IN_TIME, lease=lease) == 0
    assert await messages_back.time_out_due(stores, message.answer_by, lease=lease) == 1
    assert await messages_back.time_out_due(stores, message.answer_by, lease=lease) == 0
    assert (await the_message(stores)).status == "timed_out"
    saved = await handlers.acknowledge(stores, RETURN, doing("acknowledge", REFERRER))
    assert saved.state.status == "acknowledged"


async def test_what_was_filed_does_not_time_out(stores: Stores) -> None:
    await tell(stores, completed())
    await handlers.acknowledge(stores, RETURN, doing("acknowledge", REFERRER))
    later = NOON + timedelta(days=30)
    assert await messages_back.time_out_due(stores, later, lease=timedelta(seconds=30)) == 0


@pytest.mark.parametrize(
    ("start", "end"),
    [
        # Thursday before Good Friday 2026: 3 April and Easter Monday 6 April do not count
        (datetime(2026, 4, 2, 9, tzinfo=UTC), datetime(2026, 4, 8, 9, tzinfo=UTC)),
        # a Friday over the change to summer time: 10:00 in London stays 10:00
        (datetime(2026, 3, 27, 10, tzinfo=UTC), datetime(2026, 3, 31, 9, tzinfo=UTC)),
        (datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 3, 10, 12, tzinfo=UTC)),
    ],
)
def test_working_days_leave_out_weekends_and_bank_holidays(start: datetime, end: datetime) -> None:
    assert after_working_days(start, 2) == end


async def test_over_http_the_practice_reads_and_files(service: Any) -> None:
    await tell(service.stores, completed())
    listed = (await service.get("/messages-back", REFERRER, status="undeliverable")).json()
    assert [each["id"] for each in listed["items"]] == [RETURN]
    assert listed["items"][0]["code"] == "goals_met"
    assert (await service.get("/messages-back", PROVIDER)).status_code == 403
    answer = await service.post(f"/messages-back/{RETURN}/acknowledge", LINK_WORKER)
    assert answer.status_code == 403
    answer = await service.post(f"/messages-back/{RETURN}/acknowledge", REFERRER, key="k1")
    assert (answer.status_code, answer.json()) == (
        200,
        {"id": RETURN, "version": 2, "status": "acknowledged"},
    )
    answer = await service.post(
        f"/messages-back/{RETURN}/done-by-hand", LINK_WORKER, {"how": "telephone"}
    )
    assert (answer.status_code, answer.json()["current_status"]) == (409, "acknowledged")
    answer = await service.post(f"/messages-back/{RETURN}/reject", REFERRER, {"reason": "x"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/reason"
