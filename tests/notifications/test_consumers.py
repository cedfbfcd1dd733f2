from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.notifications.consumers import consumer, people_consumer
from shared.events import (
    ALL_EVENTS,
    CaseProfiled,
    DirectoryErasureApplied,
    Envelope,
    Event,
    NeedUnmet,
    NotificationDelivered,
    NotificationFailed,
    OutcomesErasureApplied,
    PersonErased,
    PersonEvent,
    ReferralCompleted,
    SessionEvent,
)
from shared.ids import new_id
from shared.testing import eventually
from tests.notifications.conftest import Service
from tests.notifications.examples import (
    GROUP,
    PROVIDER,
    REFERRER,
    TRACE,
    accepted,
    capacity_changed,
    created,
    fact,
)
from tests.notifications.receivers import MailReceiver, WebReceiver

Tell = Callable[[Envelope], Awaitable[None]]


def sealed(event: Event) -> Envelope:
    """The event as its owner would send it, happening now."""
    now = datetime.now(UTC)
    return Envelope(
        id=new_id(),
        type=event.type,
        source="/linkway/owner",
        time=now,
        subject=event.subject,
        key=event.key,
        data=event.model_copy(update={"occurred_at": now}).model_dump_json().encode(),
        traceparent=TRACE,
    )


@pytest.fixture
async def tell(kafka_bootstrap: str, topic_prefix: str) -> AsyncIterator[Tell]:
    """Publishes an event on its topic."""
    topics = {event.type: event.topic for event in ALL_EVENTS}
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()

    async def send(envelope: Envelope) -> None:
        await producer.send_and_wait(
            topic_prefix + topics[envelope.type],
            envelope.data,
            key=envelope.key.encode(),
            headers=[(name, value.encode()) for name, value in envelope.headers().items()],
        )

    yield send
    await producer.stop()


async def subscribe(service: Service, body: dict[str, Any], actor: Any = PROVIDER) -> str:
    """The id of a new subscription, active where its address answers by itself."""
    answer = await service.post("/subscriptions", actor, body)
    assert answer.status_code == 201
    path = answer.headers["location"]

    async def asked() -> bool:
        view = (await service.get(path, actor)).json()
        return bool(view["status"] == "active" or view["challenge"]["attempt_count"] > 0)

    await eventually(asked)
    if (await service.get(path, actor)).json()["status"] == "active":
        # It may be seen a moment before it is safe, and news goes by what is safe.
        parties = [actor.organisation]
        await eventually(lambda: service.stores.subscriptions.active(actor.tenant, parties))
    return str(answer.json()["id"])


def test_for_persons_only_news_of_a_thing_of_theirs_is_listened_to() -> None:
    lives = {"person-deceased", "person-deceased-revoked", "person-merged", "consent-withdrawn"}
    types = {event.type for event in people_consumer.events}
    assert lives <= types
    told = types - lives
    assert {"referral-created", "referral-completed", "appointment-missed"} <= told
    assert not told & {"contact-attempted", "referral-reminder-due", "referral-assigned"}
    assert all(each.startswith(("referral-", "appointment-")) for each in told)


def test_what_may_be_told_is_listened_to_and_how_telling_them_went() -> None:
    for_services = (
        CaseProfiled,
        NeedUnmet,
        PersonEvent,
        SessionEvent,
        DirectoryErasureApplied,
        OutcomesErasureApplied,
    )
    others = {
        event
        for event in ALL_EVENTS
        if event.topic != "notification-events" and not issubclass(event, for_services)
    }
    own = {NotificationDelivered, NotificationFailed, PersonErased}
    assert set(consumer.events) == others | own
    assert consumer.topics == [
        "directory-events",
        "notification-events",
        "outcome-events",
        "referral-events",
    ]


async def test_an_event_on_kafka_reaches_the_subscribed_webhook_and_is_told_of(
    service: Service,
    tell: Tell,
    receiver: WebReceiver,
    kafka_bootstrap: str,
    topic_prefix: str,
) -> None:
    types = ["referral-created", "capacity-changed"]
    await subscribe(service, {"channel": "webhook", "url": receiver.url, "event_types": types})
    referral = sealed(created())
    for envelope in (referral, sealed(accepted()), sealed(capacity_changed())):
        await tell(envelope)
    await eventually(lambda: len(receiver.taken) == 2, within=40)
    by_type = {taken.json["type"]: taken for taken in receiver.taken}
    assert set(by_type) == {"referral-created", "capacity-changed"}
    assert by_type["referral-created"].json["data"]["event_id"] == referral.id
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    assert by_type["referral-created"].headers["traceparent"].split("-")[1] == trace_id

    reader = AIOKafkaConsumer(
        f"{topic_prefix}notification-events",
        bootstrap_servers=kafka_bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await reader.start()
    try:
        records = [await reader.getone(), await reader.getone()]
    finally:
        await reader.stop()
    assert {record.key for record in records} == {
        b"0190c0de-0000-7000-8000-000000000001",
        b"0190c0de-0000-7000-8000-000000000003",
    }
    for record in records:
        headers = dict(record.headers)
        assert headers["ce_type"] == b"notification-delivered"
        assert headers["ce_source"] == b"/linkway/notifications"
        assert b"127.0.0.1" not in record.value


async def test_an_event_that_comes_again_makes_no_second_delivery(
    service: Service, tell: Tell, receiver: WebReceiver
) -> None:
    types = ["referral-created"]
    await subscribe(service, {"channel": "webhook", "url": receiver.url, "event_types": types})
    once = sealed(created())
    for envelope in (once, once, once, sealed(created())):
        await tell(envelope)
    await eventually(lambda: len(set(receiver.ids)) == 2, within=20)
    listed = (await service.get("/deliveries", PROVIDER)).json()["items"]
    assert len(listed) == len(receiver.taken) == 2


async def test_the_practice_gets_a_mail_that_its_referral_was_received(
    service: Service, tell: Tell, mailbox: MailReceiver
) -> None:
    office = {
        "channel": "email",
        "email": "referrals@practice.example.org",
        "event_types": ["referral-created"],
    }
    made = await subscribe(service, office, REFERRER)
    code = await eventually(lambda: mailbox.code_for("referrals@practice.example.org"))
    confirmed = await service.post(f"/subscriptions/{made}/confirm", REFERRER, {"challenge": code})
    assert confirmed.status_code == 200
    await tell(sealed(created()))
    await eventually(lambda: mailbox.mails, within=20)
    [mail] = mailbox.mails
    assert mail["subject"] == "Referral received"
    assert (
        "https://referrals.example.org/referrals/0190c0de-0000-7000-8000-000000000002"
        in mail.get_content()
    )
    assert GROUP not in mail.as_string()


async def test_a_message_back_is_delivered_once_the_practices_system_took_it(
    service: Service, tell: Tell, receiver: WebReceiver
) -> None:
    types = ["referral-created"]
    hook = {"channel": "webhook", "url": receiver.url, "event_types": types}
    await subscribe(service, hook, REFERRER)
    ended = fact(ReferralCompleted, kind="intake", outcome_code="goals_met")
    await tell(sealed(ended))

    async def delivered() -> list[dict[str, Any]]:
        found = await service.get("/messages-back", REFERRER, status="delivered")
        listed: list[dict[str, Any]] = found.json()["items"]
        return listed

    [message] = await eventually(delivered, within=20)
    [taken] = [each for each in receiver.taken if each.json["type"] == "referral-completed"]
    assert taken.json["data"]["return_id"] == message["id"]
    answer = await service.post(f"/messages-back/{message['id']}/acknowledge", REFERRER)
    assert answer.json()["status"] == "acknowledged"
