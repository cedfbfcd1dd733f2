import asyncio
from collections.abc import Callable

from services.notifications.store import Stores
from services.notifications.worker import DeliveryWorker
from shared.testing import eventually, free_port
from tests.notifications.examples import PRACTICE, TENANT, seconds
from tests.notifications.receivers import Answer, MailReceiver, WebReceiver, web_receiver
from tests.notifications.working import ended, subscribe, tell, the_delivery, working

SLOW_GROUP = "5d2f3a52-0b61-4f5e-8f0a-0000000000ff"

Make = Callable[..., DeliveryWorker]


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
            claimed = {"claim": {"$exists": True}, "state.organisation_id": SLOW_GROUP}
            assert await stores.deliveries.count(TENANT, claimed) == 32  # the rest is left alone
        assert len(hanging.taken) == 2


async def test_a_flood_for_one_receiver_is_sent_in_its_lane(
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


async def test_a_mail_goes_to_the_practice_and_waits_for_a_server_that_is_away(
    stores: Stores, make: Make, mailbox: MailReceiver
) -> None:
    await subscribe(stores, "referrals@practice.example.org", PRACTICE, channel="email")
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
