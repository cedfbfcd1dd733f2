"""Receivers that are gone or fail, and what was not delivered to them."""

import pytest

from services.notifications import handlers
from services.notifications.domain import Delivery, Outcome
from services.notifications.store import Stores
from shared.errors import Conflict
from tests.notifications.examples import NOON, TENANT, asked, created, heard, seconds
from tests.notifications.test_handlers import POLICY, statuses, subscribe


async def test_a_receiver_that_is_gone_ends_its_subscription(stores: Stores) -> None:
    made = await subscribe(stores)
    await handlers.tell(stores, created(), heard("event-1"))
    await handlers.tell(stores, created(), heard("event-2"))
    first = (await stores.deliveries.find(TENANT, {})).items[0]
    await handlers.record_attempt(
        stores,
        first.state,
        Outcome(code="gone", status_code=410, final=True),
        started=NOON + seconds(1),
        ended=NOON + seconds(2),
        policy=POLICY,
        jitter=0,
    )
    assert sorted(await statuses(stores)) == ["cancelled", "failed"]
    ended = await stores.subscriptions.get(made.id, TENANT)
    assert (ended.state.status, ended.state.disabled_reason) == ("disabled", "gone")


async def fail(stores: Stores, delivery: Delivery, *, times: int = 2) -> None:
    for n in range(times):
        await handlers.record_attempt(
            stores,
            delivery,
            Outcome(code="timed_out"),
            started=NOON + seconds(10 * n + 1),
            ended=NOON + seconds(10 * n + 2),
            policy=POLICY,
            jitter=0,
        )


async def test_a_receiver_that_took_nothing_for_a_whole_schedule_is_disabled_and_can_return(
    stores: Stores,
) -> None:
    made = await subscribe(stores)
    await handlers.tell(stores, created(), heard("event-1"))
    [delivery] = (await stores.deliveries.find(TENANT, {})).items
    await handlers.tell(stores, created(), heard("event-2"))
    await fail(stores, delivery.state, times=1)
    assert (await stores.subscriptions.get(made.id, TENANT)).state.status == "active"
    await fail(stores, delivery.state)
    ended = (await stores.subscriptions.get(made.id, TENANT)).state
    assert (ended.status, ended.disabled_reason) == ("disabled", "failing")
    assert sorted(await statuses(stores)) == ["cancelled", "failed"]
    with pytest.raises(Conflict, match="enable it first"):
        await handlers.resend(stores, delivery.id, asked())
    again = await handlers.enable(stores, made.id, asked(at=NOON + seconds(60)))
    assert again.state.status == "active"
    resent = await handlers.resend(stores, delivery.id, asked(at=NOON + seconds(61)))
    assert resent.state.status == "queued"


async def test_a_receiver_that_takes_other_messages_stays_active(stores: Stores) -> None:
    made = await subscribe(stores)
    await handlers.tell(stores, created(), heard("event-1"))
    [failing] = (await stores.deliveries.find(TENANT, {})).items
    await handlers.tell(stores, created(), heard("event-2"))
    found = (await stores.deliveries.find(TENANT, {})).items
    [taken] = [each for each in found if each.id != failing.id]
    await handlers.record_attempt(
        stores,
        taken.state,
        Outcome(code="delivered"),
        started=NOON + seconds(4),
        ended=NOON + seconds(5),
        policy=POLICY,
        jitter=0,
    )
    await fail(stores, failing.state)
    assert (await stores.subscriptions.get(made.id, TENANT)).state.status == "active"


async def test_a_subscription_is_not_enabled_beside_another_at_its_address(
    stores: Stores,
) -> None:
    made = await subscribe(stores)
    await handlers.disable(stores, made.id, "gone", asked())
    await subscribe(stores)
    with pytest.raises(Conflict, match="another subscription at this address"):
        await handlers.enable(stores, made.id, asked())


async def test_a_delivery_sent_again_by_a_repeated_request_is_sent_again_once(
    stores: Stores,
) -> None:
    await subscribe(stores)
    await handlers.tell(stores, created(), heard("event-1"))
    [delivery] = (await stores.deliveries.find(TENANT, {})).items
    await handlers.cancel(stores, delivery.state, NOON)
    order = asked(key="again")
    first = await handlers.resend(stores, delivery.id, order)
    await handlers.cancel(stores, delivery.state, NOON)
    second = await handlers.resend(stores, delivery.id, order)
    assert second.version == first.version
    assert await statuses(stores) == ["cancelled"]


async def test_an_attempt_written_down_twice_counts_once(stores: Stores) -> None:
    await subscribe(stores)
    await handlers.tell(stores, created(), heard("event-1"))
    [queued] = (await stores.deliveries.find(TENANT, {})).items
    for _ in range(2):
        saved = await handlers.record_attempt(
            stores,
            queued.state,
            Outcome(code="timed_out"),
            started=NOON + seconds(1),
            ended=NOON + seconds(2),
            policy=POLICY,
            jitter=0,
        )
    assert len(saved.state.attempts) == 1
    assert saved.state.next_attempt_at == NOON + seconds(7)
