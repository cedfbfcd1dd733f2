import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from services.notifications.domain import Delivery, Outcome, Subscription
from services.notifications.store import Stores
from services.notifications.webhooks import WebhookSender
from services.notifications.worker import DeliveryWorker
from shared.errors import Unavailable
from shared.store import Saved
from shared.testing import eventually
from tests.notifications.examples import TENANT, asked, seconds
from tests.notifications.receivers import Answer, WebReceiver
from tests.notifications.working import ended, subscribe, tell, the_delivery, working

Make = Callable[..., DeliveryWorker]


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


async def test_what_was_claimed_and_not_begun_is_for_the_next_process_at_once(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    """A claim lasts for an attempt and its writing down: here a minute and more."""
    receiver.otherwise = Answer(wait=0.3)
    await subscribe(stores, receiver.url)
    await tell(stores, times=4, case="case-1")
    await tell(stores, times=6)
    async with working(make(send_timeout=seconds(60))) as task:
        await eventually(lambda: receiver.at_once == 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    receiver.otherwise = Answer()
    async with working(make(send_timeout=seconds(60))):
        await ended(stores, "delivered", 10)
    assert len(receiver.ids) == len(set(receiver.ids)) == 10
    of_one_case = [saved.id for saved in await _in_order(stores, "case-1")]
    assert [each for each in receiver.ids if each in of_one_case] == of_one_case


async def _in_order(stores: Stores, case: str) -> list[Saved[Delivery]]:
    found = (await stores.deliveries.find(TENANT, {"state.about.key": case})).items
    return sorted(found, key=lambda saved: saved.state.place)


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
