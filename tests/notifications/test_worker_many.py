"""One slow or dead receiver never delays another."""

import asyncio
from collections import Counter
from collections.abc import Callable

from services.notifications.domain import Delivery, Outcome, Subscription
from services.notifications.messages import Links
from services.notifications.store import Stores
from services.notifications.webhooks import WebhookSender
from services.notifications.worker import DeliveryWorker
from shared.testing import eventually
from tests.notifications.examples import KEYRING, TENANT, seconds
from tests.notifications.receivers import Answer, WebReceiver
from tests.notifications.working import GUARD, ended, subscribe, tell, working

Make = Callable[..., DeliveryWorker]

RECEIVERS, HANGING, MESSAGES = 50, 5, 4


async def test_of_fifty_receivers_five_hang_and_the_others_get_all_of_theirs(
    stores: Stores, make: Make, receiver: WebReceiver, links: Links
) -> None:
    patient = WebhookSender(guard=GUARD, keyring=KEYRING, links=links, timeout=seconds(60))
    organisations = [f"group-{n}" for n in range(RECEIVERS)]
    for n, organisation in enumerate(organisations):
        await subscribe(stores, f"{receiver.url}/{n}", organisation)
    hanging = {f"/hook/{n}" for n in range(HANGING)}
    receiver.by_path = dict.fromkeys(hanging, Answer(wait=300))
    for _ in range(MESSAGES):
        for organisation in organisations:
            await tell(stores, provider=organisation)
    others = (RECEIVERS - HANGING) * MESSAGES
    async with working(
        make(patient, send_timeout=seconds(60), lane=2, capacity=20, graceful=seconds(0.1))
    ):
        await ended(stores, "delivered", others)
        taken = Counter(each.path for each in receiver.taken)
        # Not one attempt at a hanging receiver has come to its end: nobody waited for them.
        tried = {"state.status": "queued", "state.attempts": {"$ne": []}}
        assert await stores.deliveries.count(TENANT, tried) == 0
    assert sum(count for path, count in taken.items() if path not in hanging) == others
    assert all(taken[path] == 2 for path in hanging)  # each in its own lane


async def test_a_flood_to_a_hanging_receiver_does_not_hold_up_another_of_its_organisation(
    stores: Stores, make: Make, receiver: WebReceiver, links: Links
) -> None:
    patient = WebhookSender(guard=GUARD, keyring=KEYRING, links=links, timeout=seconds(60))
    receiver.by_path = {"/hook/slow": Answer(wait=300)}
    await subscribe(stores, f"{receiver.url}/slow")
    await subscribe(stores, f"{receiver.url}/quick")
    await tell(stores, times=60)
    async with working(make(patient, send_timeout=seconds(60), graceful=seconds(0.1))):
        await ended(stores, "delivered", 60)
    assert Counter(each.path for each in receiver.taken) == {"/hook/slow": 2, "/hook/quick": 60}


class Silent:
    """Never answers in time; notes how many attempts are under way when one begins."""

    def __init__(self) -> None:
        self.at_once = 0
        self.begun: list[int] = []

    async def send(self, _delivery: Delivery, _subscription: Subscription) -> Outcome:
        self.at_once += 1
        self.begun.append(self.at_once)
        await asyncio.sleep(0.1)
        self.at_once -= 1
        return Outcome(code="timed_out")


async def test_a_receiver_that_does_not_answer_is_tried_one_message_at_a_time(
    stores: Stores, make: Make
) -> None:
    sender = Silent()
    await subscribe(stores, "http://127.0.0.1:9/hook")
    await tell(stores, times=4)
    async with working(make(sender, lane=4)):
        await eventually(lambda: len(sender.begun) >= 8)
    assert sender.begun[:4] == [1, 2, 3, 4]
    assert max(sender.begun[4:]) < 4
