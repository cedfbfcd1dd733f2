"""What operations staff see of messages: how many wait, each attempt, and facts told to nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from services.notifications.handlers import waiting_in
from services.notifications.handlers.tracks import facts_not_told
from services.notifications.store import Stores
from services.notifications.worker import DeliveryWorker
from shared.ids import new_id
from shared.testing import eventually
from tests.notifications.examples import GROUP, TENANT, created
from tests.notifications.receivers import Answer, WebReceiver
from tests.notifications.working import subscribe, tell, the_delivery, working

OTHER_GROUP = "5d2f3a52-0b61-4f5e-8f0a-0000000000fe"

Make = Callable[..., DeliveryWorker]


def now() -> datetime:
    return datetime.now(UTC)


async def test_messages_that_wait_are_counted_by_organisation(
    stores: Stores, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    await subscribe(stores, receiver.url, OTHER_GROUP)
    await tell(stores, times=3)
    await tell(stores, provider=OTHER_GROUP)

    for tenant in (TENANT, None):
        found = {each.organisation_id: each for each in await waiting_in(stores, now)(tenant)}
        assert {name: each.waiting for name, each in found.items()} == {GROUP: 3, OTHER_GROUP: 1}
        assert all(each.failing == each.given_up == 0 for each in found.values())
        assert all(each.oldest is not None and each.oldest <= now() for each in found.values())
    assert await waiting_in(stores, now)("icb-other") == []


async def test_one_whose_last_attempt_failed_is_failing_and_each_attempt_is_shown(
    stores: Stores, make: Make, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    receiver.otherwise = Answer(503)
    await tell(stores)
    async with working(make()):

        async def failed() -> bool:
            return bool((await the_delivery(stores)).attempts)

        await eventually(failed, within=10)
    (counted,) = await waiting_in(stores, now)(TENANT)
    assert (counted.waiting, counted.failing) == (1, 1)

    first, *_, last = stores.deliveries.journey(await the_delivery(stores))
    assert first.failed
    assert first.what.startswith(f"referral-created to {GROUP} by webhook, attempt 1: ")
    assert "(503)" in first.what
    assert (last.what, last.is_still_open) == (
        f"referral-created to {GROUP} by webhook waits to be sent",
        True,
    )


async def test_a_fact_that_a_subscriber_was_not_told_is_found(
    stores: Stores, receiver: WebReceiver
) -> None:
    await subscribe(stores, receiver.url)
    (told,) = await tell(stores)
    untold = new_id()
    fact = created(provider=GROUP, occurred_at=now(), case_id=new_id())
    for_another = created(provider=OTHER_GROUP, occurred_at=now(), case_id=new_id())

    missing = await facts_not_told({told: fact, untold: fact, new_id(): for_another}, stores)

    assert set(missing) == {untold}
