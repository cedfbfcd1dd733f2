import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from services.notifications import handlers
from services.notifications.domain import Delivery, Outcome, RetryPolicy, Subscription
from services.notifications.guard import Guard
from services.notifications.handlers import Wish
from services.notifications.mail import MailSender
from services.notifications.messages import Links
from services.notifications.store import Stores
from services.notifications.webhooks import WebhookSender
from services.notifications.worker import DeliveryWorker
from shared.cause import Actor
from shared.errors import Unavailable
from shared.ids import new_id
from shared.testing import eventually, free_port
from tests.notifications.examples import GROUP, REFERRER, TENANT, asked, created, heard, seconds
from tests.notifications.receivers import Answer, MailReceiver, WebReceiver, web_receiver

GUARD = Guard(allow_loopback=True)
SLOW_GROUP = "5d2f3a52-0b61-4f5e-8f0a-0000000000ff"

Make = Callable[..., DeliveryWorker]


@pytest.fixture
def webhooks(links: Links) -> WebhookSender:
    return WebhookSender(guard=GUARD, links=links, timeout=seconds(1))


@pytest.fixture
def make(stores: Stores, webhooks: WebhookSender, mailbox: MailReceiver, links: Links) -> Make:
    """Makes workers with short times; each test names what matters to it."""
    mail = MailSender(
        host="127.0.0.1",
        port=mailbox.port,
        mail_from="no-reply@linkway.example",
        links=links,
        timeout=seconds(1),
    )

    def worker(sender: Any = webhooks, **own: Any) -> DeliveryWorker:
        settings: dict[str, Any] = {
            "policy": RetryPolicy(waits=(seconds(0), seconds(0.1), seconds(0.2))),
            "send_timeout": seconds(1),
            "lane": 2,
            "capacity": 50,
            "poll": seconds(0.05),
            "graceful": seconds(3),
        }
        return DeliveryWorker(stores, {"webhook": sender, "email": mail}, **{**settings, **own})

    return worker


@asynccontextmanager
async def working(worker: DeliveryWorker) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def subscribe(stores: Stores, url: str, organisation: str = GROUP) -> Subscription:
    actor = Actor("provider-1", "provider", organisation, TENANT)
    wish = Wish("webhook", url, ["referral-created"])
    cause = asked(actor, at=datetime.now(UTC))
    return (await handlers.subscribe(stores, GUARD, wish, cause)).state


async def tell(stores: Stores, *, provider: str = GROUP, times: int = 1) -> None:
    for _ in range(times):
        now = datetime.now(UTC)
        event = created(provider=provider, occurred_at=now)
        await handlers.tell(stores, event, heard(new_id(), at=now))


async def the_delivery(stores: Stores) -> Delivery:
    [saved] = (await stores.deliveries.find(TENANT, {})).items
    return saved.state


async def ended(stores: Stores, status: str, number: int = 1) -> None:
    async def enough() -> bool:
        return await stores.deliveries.count(TENANT, {"state.status": status}) == number

    await eventually(enough)


async def test_a_delivery_goes_out_at_once_and_not_at_the_next_poll(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    async with working(make(poll=seconds(60))):
        await asyncio.sleep(0.2)
        await tell(stores)
        await eventually(lambda: receiver.taken, within=2)
        await ended(stores, "delivered")


async def test_a_delivery_recorded_by_another_replica_goes_out_at_the_next_poll(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    async with working(make()):
        await asyncio.sleep(0.2)
        await tell(stores)
        stores.deliveries.recorded.clear()
        await ended(stores, "delivered")


async def test_a_receiver_that_fails_twice_gets_the_same_message_three_times(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    receiver.answers.extend([Answer(500), Answer(503)])
    await tell(stores)
    async with working(make()):
        await ended(stores, "delivered")
    delivery = await the_delivery(stores)
    assert receiver.ids == [delivery.id] * 3
    assert [each.status_code for each in delivery.attempts] == [500, 503, 204]
    first, second, third = (each.at for each in delivery.attempts)
    assert seconds(0.1) <= second - first < seconds(1)
    assert seconds(0.2) <= third - second < seconds(1)


async def test_a_receiver_that_fails_to_the_end_is_told_of_in_the_record(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    receiver.otherwise = Answer(500)
    await tell(stores)
    async with working(make()):
        await ended(stores, "failed")
        await asyncio.sleep(0.5)
    assert len(receiver.taken) == 3
    [unsent] = await stores.deliveries.collection.unsent(range(16), 10)
    assert [entry.type for entry in unsent.entries] == ["notification-failed"]


async def test_the_receivers_wish_to_wait_is_respected(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    receiver.answers.append(Answer(429, {"retry-after": "1"}))
    await tell(stores)
    async with working(make()):
        await ended(stores, "delivered")
    first, second = (await the_delivery(stores)).attempts
    assert seconds(1) <= second.at - first.at < seconds(2)


async def test_a_receiver_that_is_gone_gets_nothing_more(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    subscription = await subscribe(stores, receiver.url)
    receiver.otherwise = Answer(410)
    async with working(make()):
        await tell(stores)
        await ended(stores, "failed")

        async def disabled() -> bool:
            saved = await stores.subscriptions.get(subscription.id, TENANT)
            return saved.state.disabled_reason == "gone"

        await eventually(disabled)
        await tell(stores)
        await asyncio.sleep(0.3)
    assert len(receiver.taken) == 1


async def test_a_receiver_that_hangs_is_tried_again(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    receiver.answers.append(Answer(wait=1.5))
    await tell(stores)
    async with working(make()):
        await ended(stores, "delivered")
    delivery = await the_delivery(stores)
    assert receiver.ids == [delivery.id, delivery.id]
    assert [each.outcome for each in delivery.attempts] == ["timed_out", "delivered"]


async def test_a_receiver_that_hangs_holds_up_nobody_else(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    async with web_receiver() as hanging:
        hanging.otherwise = Answer(wait=1.5)
        await subscribe(stores, hanging.url, SLOW_GROUP)
        await subscribe(stores, receiver.url)
        await tell(stores, provider=SLOW_GROUP, times=60)
        async with working(make()):
            await eventually(lambda: hanging.taken)
            started = asyncio.get_running_loop().time()
            await tell(stores, times=20)
            await ended(stores, "delivered", 20)
            assert asyncio.get_running_loop().time() - started < 0.9
        assert len(hanging.taken) == 2


async def test_a_flood_for_one_organisation_is_sent_in_its_lane(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    receiver.otherwise = Answer(wait=0.01)
    await subscribe(stores, receiver.url)
    await tell(stores, times=100)
    async with working(make(lane=3)):
        await ended(stores, "delivered", 100)
    assert len(receiver.taken) == len(set(receiver.ids)) == 100
    assert receiver.most_at_once == 3


async def test_two_replicas_send_each_delivery_once(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    await tell(stores, times=60)
    async with working(make()), working(make()):
        await ended(stores, "delivered", 60)
    assert len(receiver.taken) == len(set(receiver.ids)) == 60


class DiesAfterSending:
    """Sends for real, then ends the attempt as the end of the process would."""

    def __init__(self, sender: WebhookSender) -> None:
        self._sender = sender

    async def send(self, delivery: Delivery, subscription: Subscription) -> Outcome:
        await self._sender.send(delivery, subscription)
        raise asyncio.CancelledError


async def test_a_crash_between_sending_and_recording_sends_the_same_message_again(
    stores: Stores, make: Make, webhooks: WebhookSender, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    await tell(stores)
    async with working(make(DiesAfterSending(webhooks), poll=seconds(60))):
        await eventually(lambda: receiver.taken)
    assert (await the_delivery(stores)).attempts == ()
    async with working(make(send_timeout=seconds(1), recording=seconds(1))):
        await asyncio.sleep(0.3)
        assert len(receiver.taken) == 1  # the claim of the dead one still holds
    later = datetime.now(UTC) + seconds(20)
    assert await stores.deliveries.claim_due(later, seconds(-60), 10)  # its time runs out
    async with working(make()):
        await ended(stores, "delivered")
    delivery = await the_delivery(stores)
    assert receiver.ids == [delivery.id, delivery.id]
    assert len(delivery.attempts) == 1


async def test_stopping_finishes_what_is_under_way_and_starts_nothing(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    receiver.otherwise = Answer(wait=0.5)
    await subscribe(stores, receiver.url)
    await tell(stores, times=10)
    async with working(make()) as task:
        await eventually(lambda: receiver.at_once == 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(receiver.taken) == 2
    assert await stores.deliveries.count(TENANT, {"state.status": "delivered"}) == 2
    assert await stores.deliveries.count(TENANT, {"state.status": "queued"}) == 8


async def test_stopping_does_not_wait_for_ever(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    receiver.otherwise = Answer(wait=0.9)
    await subscribe(stores, receiver.url)
    await tell(stores)
    async with working(make(graceful=seconds(0.2))) as task:
        await eventually(lambda: receiver.at_once == 1)
        started = asyncio.get_running_loop().time()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert asyncio.get_running_loop().time() - started < 0.6
    assert (await the_delivery(stores)).status == "queued"


async def test_a_subscription_ended_before_the_send_cancels_the_delivery(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    subscription = await subscribe(stores, receiver.url)
    await tell(stores)
    gone = subscription.model_copy(update={"status": "disabled"})
    await stores.subscriptions.update(subscription.id, lambda _: (gone, ()), asked())
    async with working(make()):
        await ended(stores, "cancelled")
    assert receiver.taken == []


async def test_a_fault_of_our_own_is_an_attempt_that_failed_and_stops_nothing(
    stores: Stores, make: Make, receiver: WebReceiver, webhooks: WebhookSender
) -> None:
    class Faulty:
        calls = 0

        async def send(self, delivery: Delivery, subscription: Subscription) -> Outcome:
            self.calls += 1
            if self.calls == 1:
                raise ZeroDivisionError
            return await webhooks.send(delivery, subscription)

    await subscribe(stores, receiver.url)
    await tell(stores)
    async with working(make(Faulty())):
        await ended(stores, "delivered")
    assert [each.outcome for each in (await the_delivery(stores)).attempts] == [
        "not_sent",
        "delivered",
    ]


async def test_a_database_that_is_away_for_a_moment_costs_no_second_send(
    stores: Stores, make: Make, receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, failures = stores.deliveries.update, iter([True, True])

    async def flaky(*given: Any, **more: Any) -> Any:
        if next(failures, False):
            raise Unavailable("The database did not answer.")
        return await write(*given, **more)

    await subscribe(stores, receiver.url)
    await tell(stores)
    monkeypatch.setattr(stores.deliveries, "update", flaky)
    async with working(make()):
        await ended(stores, "delivered")
    assert len(receiver.taken) == 1


async def test_a_mail_goes_to_the_practice_and_waits_for_a_server_that_is_away(
    stores: Stores, make: Make, mailbox: MailReceiver
) -> None:
    wish = Wish("email", "referrals@practice.example.org", ["referral-created"])
    await handlers.subscribe(stores, GUARD, wish, asked(REFERRER, at=datetime.now(UTC)))
    mailbox.data.append("451 Try later")
    await tell(stores)
    async with working(make()):
        await ended(stores, "delivered")
    [mail] = mailbox.mails
    delivery = await the_delivery(stores)
    assert mail["message-id"] == f"<{delivery.id}@linkway.example>"
    assert [each.outcome for each in delivery.attempts] == ["mail_deferred", "delivered"]


async def test_an_unreachable_receiver_is_noted_as_such(stores: Stores, make: Make) -> None:
    await subscribe(stores, f"http://127.0.0.1:{free_port()}/hook")
    await tell(stores)
    async with working(make()):
        await ended(stores, "failed")
    assert {each.outcome for each in (await the_delivery(stores)).attempts} == {"unreachable"}
