from collections.abc import Sequence

import pytest

from services.notifications import handlers
from services.notifications.domain import Outcome, RetryPolicy, Subscription
from services.notifications.guard import Guard
from services.notifications.handlers import Wish
from services.notifications.store import Stores, Subscriptions
from shared.cause import Actor, Cause
from shared.errors import Conflict, Invalid, KeyReused, NotFound
from shared.store import Database, Saved
from tests.notifications.examples import (
    GROUP,
    NOON,
    OPERATOR,
    PROVIDER,
    REFERRER,
    TENANT,
    accepted,
    asked,
    created,
    heard,
    seconds,
)

POLICY = RetryPolicy(waits=(seconds(0), seconds(5)))
HOOK = "https://hooks.example.org/linkway"


async def public(_host: str, _port: int) -> Sequence[str]:
    return ["8.8.8.8"]


GUARD = Guard(allow_loopback=False, resolve=public)


async def subscribe(
    stores: Stores,
    *event_types: str,
    actor: Actor = PROVIDER,
    url: str = HOOK,
    cause: Cause | None = None,
) -> Saved[Subscription]:
    wish = Wish("webhook", url, event_types or ("referral-created",))
    return await handlers.subscribe(stores, GUARD, wish, cause or asked(actor))


async def statuses(stores: Stores) -> list[str]:
    """Of all deliveries, oldest first."""
    page = await stores.deliveries.find(TENANT, {})
    return [saved.state.status for saved in reversed(page.items)]


async def test_a_subscription_hears_from_then_on(stores: Stores) -> None:
    await handlers.tell(stores, created(), heard("before"))
    made = await subscribe(stores)
    await handlers.tell(stores, created(), heard("after"))
    [delivery] = (await stores.deliveries.find(TENANT, {})).items
    assert delivery.state.about.event_id == "after"
    assert delivery.state.subscription_id == made.id
    assert stores.deliveries.recorded.is_set()


async def test_the_same_event_again_makes_no_second_delivery(stores: Stores) -> None:
    await subscribe(stores)
    await handlers.tell(stores, created(), heard("event-1"))
    await handlers.tell(stores, created(), heard("event-1", at=NOON + seconds(60)))
    assert await statuses(stores) == ["queued"]


async def test_each_party_that_listens_is_told(stores: Stores) -> None:
    await subscribe(stores)
    await subscribe(stores, actor=REFERRER)
    await subscribe(stores, actor=Actor("x", "provider", "another-group", TENANT))
    await subscribe(stores, actor=Actor("x", "provider", GROUP, "icb-other"))
    await handlers.tell(stores, created(), heard("event-1"))
    told = (await stores.deliveries.find(TENANT, {})).items
    assert sorted(saved.state.organisation_id for saved in told) == [
        "5d2f3a52-0b61-4f5e-8f0a-000000000002",
        "Y90001",
    ]


async def test_two_subscriptions_of_one_organisation_hear_apart(stores: Stores) -> None:
    await subscribe(stores, "referral-created", "referral-accepted")
    await subscribe(stores, "referral-accepted", url=HOOK + "/2")
    await handlers.tell(stores, created(), heard("event-1"))
    assert len(await statuses(stores)) == 1
    await handlers.tell(stores, accepted(), heard("event-2"))
    assert len(await statuses(stores)) == 3


async def test_the_same_request_again_gets_the_same_secret(stores: Stores) -> None:
    first = await subscribe(stores, cause=asked(key="k1"))
    again = await subscribe(stores, cause=asked(key="k1"))
    assert again.repeated
    assert (again.id, again.state.secret) == (first.id, first.state.secret)


async def test_a_repeated_request_is_answered_though_its_host_is_gone(stores: Stores) -> None:
    async def nothing(_host: str, _port: int) -> Sequence[str]:
        return []

    first = await subscribe(stores, cause=asked(key="k1"))
    wish = Wish("webhook", HOOK, ("referral-created",))
    lost = Guard(allow_loopback=False, resolve=nothing)
    again = await handlers.subscribe(stores, lost, wish, asked(key="k1"))
    assert again.id == first.id


async def test_a_key_used_for_another_request_is_refused(stores: Stores) -> None:
    one = Cause("k1", PROVIDER, NOON, digest="one", repeatable=True)
    other = Cause("k1", PROVIDER, NOON, digest="other", repeatable=True)
    await subscribe(stores, cause=one)
    with pytest.raises(KeyReused):
        await subscribe(stores, "goal-updated", cause=other)


async def test_an_address_is_subscribed_once_by_an_organisation_until_it_is_ended(
    stores: Stores,
) -> None:
    first = await subscribe(stores)
    with pytest.raises(Conflict, match="active subscription at this address"):
        await subscribe(stores, "goal-updated")
    await subscribe(stores, actor=REFERRER)
    await handlers.unsubscribe(stores, first.id, asked())
    assert (await subscribe(stores, "goal-updated")).state.status == "active"


async def test_the_twenty_first_subscription_is_refused(stores: Stores) -> None:
    for n in range(19):
        await subscribe(stores, url=f"{HOOK}/{n}")
    last = asked(key="the-twentieth")
    made = await subscribe(stores, url=f"{HOOK}/19", cause=last)
    assert (await subscribe(stores, url=f"{HOOK}/19", cause=last)).id == made.id
    with pytest.raises(Conflict, match="20 active"):
        await subscribe(stores, url=f"{HOOK}/20")


async def test_a_private_address_is_refused_and_nothing_is_kept(stores: Stores) -> None:
    with pytest.raises(Invalid) as refused:
        await subscribe(stores, url="https://169.254.169.254/latest")
    assert refused.value.errors[0].pointer == "/url"
    assert await stores.subscriptions.count(TENANT) == 0


async def test_an_ended_subscription_hears_no_more_and_what_waits_is_cancelled(
    stores: Stores,
) -> None:
    made = await subscribe(stores)
    other = await subscribe(stores, url=HOOK + "/2")
    await handlers.tell(stores, created(), heard("event-1"))
    ended = await handlers.unsubscribe(stores, made.id, asked())
    assert (ended.state.status, ended.state.disabled_reason) == ("disabled", "unsubscribed")
    await handlers.tell(stores, created(), heard("event-2"))
    found = (await stores.deliveries.find(TENANT, {})).items
    by_status = sorted((saved.state.status, saved.state.subscription_id) for saved in found)
    assert by_status == [("cancelled", made.id), ("queued", other.id), ("queued", other.id)]


async def test_only_its_own_organisation_sees_or_ends_a_subscription(stores: Stores) -> None:
    made = await subscribe(stores)
    for stranger in (REFERRER, OPERATOR, Actor("x", "provider", GROUP, "icb-other")):
        with pytest.raises(NotFound):
            await handlers.subscription_of(stores, made.id, stranger)
        with pytest.raises(NotFound):
            await handlers.unsubscribe(stores, made.id, asked(stranger))
        page = await handlers.subscriptions_of(stores, stranger, limit=50, cursor=None)
        assert page.items == []
    assert (await handlers.subscription_of(stores, made.id, PROVIDER)).state.status == "active"


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


async def test_a_delivery_leaves_one_fact_to_publish(stores: Stores) -> None:
    await subscribe(stores)
    await handlers.tell(stores, created(), heard("event-1"))
    [queued] = (await stores.deliveries.find(TENANT, {})).items
    assert await stores.deliveries.collection.unsent(range(16), 10) == []
    await handlers.record_attempt(
        stores,
        queued.state,
        Outcome(code="delivered", status_code=204),
        started=NOON,
        ended=NOON + seconds(1),
        policy=POLICY,
        jitter=0,
    )
    [unsent] = await stores.deliveries.collection.unsent(range(16), 10)
    [envelope] = unsent.entries
    assert envelope.type == "notification-delivered"
    assert envelope.source == "/linkway/notifications"
    assert envelope.key == "0190c0de-0000-7000-8000-000000000001"
    assert envelope.subject == queued.id
    assert envelope.traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_who_listens_is_remembered_for_a_while_at_other_replicas(database: Database) -> None:
    def replica(fresh_for: float) -> Subscriptions:
        return Subscriptions(database.collection("subscriptions"), fresh_for=seconds(fresh_for))

    slow, quick = replica(60), replica(0)
    assert await slow.active(TENANT, [GROUP]) == await quick.active(TENANT, [GROUP]) == []
    made = Subscription(
        id="s1",
        tenant=TENANT,
        organisation_id=GROUP,
        channel="webhook",
        address=HOOK,
        event_types=("referral-created",),
        created_at=NOON,
    )
    await quick.insert(made.id, made, (), asked())
    assert await quick.active(TENANT, [GROUP, "another"]) == [made]
    assert await slow.active(TENANT, [GROUP]) == []
    slow.forget(made)
    assert await slow.active(TENANT, [GROUP]) == [made]
    assert await slow.active("icb-other", [GROUP]) == []
