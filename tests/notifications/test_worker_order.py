"""Order: messages about one case or service reach a receiver one after the other."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from services.notifications import handlers
from services.notifications.domain import Delivery, Outcome, Subscription
from services.notifications.store import Stores
from services.notifications.worker import DeliveryWorker
from shared.testing import eventually
from tests.notifications.examples import PROVIDER, TENANT, asked, seconds
from tests.notifications.receivers import Answer, Taken, WebReceiver
from tests.notifications.working import ended, subscribe, tell, working

Make = Callable[..., DeliveryWorker]


def events_in(taken: list[Taken]) -> list[str]:
    return [each.json["data"]["event_id"] for each in taken]


async def test_messages_of_one_case_arrive_one_after_the_other(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    receiver.otherwise = Answer(wait=0.01)
    await subscribe(stores, receiver.url)
    told = await tell(stores, times=40, case="case-1")
    async with working(make(lane=4)):
        await ended(stores, "delivered", 40)
    assert events_in(receiver.taken) == told
    assert receiver.most_at_once == 1


async def test_two_replicas_keep_the_order_of_every_case(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    receiver.otherwise = Answer(wait=0.005)
    await subscribe(stores, receiver.url)
    told: dict[str, list[str]] = {f"case-{n}": [] for n in range(5)}
    async with working(make(lane=4, poll=seconds(0.02))), working(make(lane=4)):
        for _ in range(12):
            for case, events in told.items():
                events.extend(await tell(stores, case=case))
            await asyncio.sleep(0.01)
        await ended(stores, "delivered", 60)
    arrived: dict[str, list[str]] = {}
    for taken in receiver.taken:
        data = taken.json["data"]
        arrived.setdefault(data["case_id"], []).append(data["event_id"])
    assert arrived == told


async def test_two_replicas_keep_the_order_though_every_third_attempt_fails(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    receiver.answers.extend([Answer(), Answer(), Answer(500)] * 8)
    await subscribe(stores, receiver.url)
    told = await tell(stores, times=20, case="case-1")
    async with working(make()), working(make()):
        await ended(stores, "delivered", 20)
    in_order_of_success = list(dict.fromkeys(events_in(receiver.taken)))
    assert in_order_of_success == told


class Refuses:
    """A receiver that refuses messages of these events, each so many times."""

    def __init__(self, *, times: int) -> None:
        self.events: list[str] = []
        self.times = times
        self.sent: list[str] = []

    async def send(self, delivery: Delivery, _subscription: Subscription) -> Outcome:
        event = delivery.about.event_id
        self.sent.append(event)
        refused = event in self.events and len(delivery.attempts) < self.times
        return Outcome(code="rejected" if refused else "delivered")


async def test_a_failing_message_holds_back_later_ones_of_its_case_only(
    stores: Stores, make: Make
) -> None:
    await subscribe(stores, "http://127.0.0.1:9/hook")
    sender = Refuses(times=2)
    first, second, third = await tell(stores, times=3, case="case-1")
    sender.events = [first]
    others = await tell(stores, times=3)
    async with working(make(sender)):
        await ended(stores, "delivered", 6)
    assert sender.sent.index(second) > max(map(sender.sent.index, others))
    of_the_case = [each for each in sender.sent if each not in others]
    assert of_the_case == [first, first, first, second, third]


async def test_when_a_messages_schedule_ends_the_next_of_its_case_goes_on(
    stores: Stores, make: Make
) -> None:
    await subscribe(stores, "http://127.0.0.1:9/hook")
    sender = Refuses(times=3)
    first, second = await tell(stores, times=2, case="case-1")
    sender.events = [first]
    await tell(stores)  # taken, so that the receiver is known to work
    async with working(make(sender)):
        await ended(stores, "failed")
        await ended(stores, "delivered", 2)
    assert sender.sent.count(first) == 3
    assert sender.sent[-1] == second


async def test_a_message_that_waits_for_another_says_so(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    receiver.otherwise = Answer(503, {"retry-after": "60"})
    await subscribe(stores, receiver.url)
    await tell(stores, times=3, case="case-1")
    async with working(make()):

        async def held() -> bool:
            return await stores.deliveries.count(TENANT, {"state.held": True}) == 2

        await eventually(held)
    assert len(receiver.taken) == 1


async def test_the_next_goes_on_though_the_process_died_before_it_could_be_let_go(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    await tell(stores, times=2, case="case-1")
    second, first = (await stores.deliveries.find(TENANT, {})).items
    now = datetime.now(UTC)
    await handlers.hold_back(stores, second.state, now + seconds(0.3), now)
    await handlers.cancel(stores, first.state, now)  # and nobody lets the second go
    async with working(make()):
        await ended(stores, "delivered")
    assert receiver.ids == [second.id]


async def test_a_message_sent_again_goes_before_later_ones_of_its_case(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    old, *_ = await tell(stores, case="case-1")
    [failed] = (await stores.deliveries.find(TENANT, {})).items
    await handlers.cancel(stores, failed.state, datetime.now(UTC))
    new, *_ = await tell(stores, case="case-1")
    await handlers.resend(stores, failed.id, asked(PROVIDER, at=datetime.now(UTC)))
    async with working(make()):
        await ended(stores, "delivered", 2)
    assert events_in(receiver.taken) == [old, new]


async def test_a_message_sent_again_has_the_whole_schedule_before_it(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    await tell(stores)
    async with working(make()):
        await ended(stores, "delivered")
        [taken] = (await stores.deliveries.find(TENANT, {})).items
        receiver.answers.extend([Answer(500), Answer(500)])
        again = await handlers.resend(stores, taken.id, asked(PROVIDER, at=datetime.now(UTC)))
        assert again.state.status == "queued"
        await ended(stores, "delivered")
    assert receiver.ids == [taken.id] * 4
