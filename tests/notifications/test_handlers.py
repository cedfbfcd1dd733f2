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
    KEYRING,
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
from tests.notifications.working import confirm

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
    """An active one."""
    made = await ask(stores, *event_types, actor=actor, url=url, cause=cause)
    if made.repeated:
        return made
    return await confirm(stores, made, actor, at=NOON)


async def ask(
    stores: Stores,
    *event_types: str,
    actor: Actor = PROVIDER,
    url: str = HOOK,
    cause: Cause | None = None,
) -> Saved[Subscription]:
    wish = Wish("webhook", url, event_types or ("referral-created",))
    return await handlers.subscribe(stores, GUARD, KEYRING, wish, cause or asked(actor))


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
    cause = asked(key="k1")
    first = await subscribe(stores, cause=cause)
    again = await subscribe(stores, cause=cause)
    assert again.repeated
    assert again.id == first.id
    [secret, same] = [handlers.key_made_by(each.state, cause) for each in (first, again)]
    assert secret == same
    assert secret


async def test_a_secret_is_not_readable_in_the_database(stores: Stores) -> None:
    made = await subscribe(stores)
    secret = KEYRING.secret(made.state.keys[0])
    assert secret
    raw = str(await stores.subscriptions.collection.read([made.id]))
    assert secret.removeprefix("whsec_") not in raw


async def test_a_secret_changed_by_a_repeated_request_is_changed_once(stores: Stores) -> None:
    made = await subscribe(stores)
    cause = asked(key="rotate")
    for _ in range(2):
        changed = await handlers.rotate_secret(stores, KEYRING, made.id, cause)
        assert handlers.key_made_by(changed.state, cause) == changed.state.keys[0]
    assert len(changed.state.keys) == 2


async def test_a_repeated_request_is_answered_though_its_host_is_gone(stores: Stores) -> None:
    async def nothing(_host: str, _port: int) -> Sequence[str]:
        return []

    first = await subscribe(stores, cause=asked(key="k1"))
    wish = Wish("webhook", HOOK, ("referral-created",))
    lost = Guard(allow_loopback=False, resolve=nothing)
    again = await handlers.subscribe(stores, lost, KEYRING, wish, asked(key="k1"))
    assert again.id == first.id


async def test_an_unconfirmed_subscription_hears_nothing_and_takes_its_address(
    stores: Stores,
) -> None:
    await ask(stores)
    await handlers.tell(stores, created(), heard("event-1"))
    assert await statuses(stores) == []
    with pytest.raises(Conflict, match="another subscription at this address"):
        await ask(stores)


async def test_only_its_own_organisation_confirms_or_changes_a_subscription(
    stores: Stores,
) -> None:
    made = await ask(stores)
    assert made.state.challenge
    for stranger in (REFERRER, Actor("x", "provider", GROUP, "icb-other")):
        cause = asked(stranger)
        with pytest.raises(NotFound):
            await handlers.confirm(stores, made.id, made.state.challenge.code, cause)
        with pytest.raises(NotFound):
            await handlers.challenge_again(stores, made.id, cause)
        with pytest.raises(NotFound):
            await handlers.enable(stores, made.id, cause)
        with pytest.raises(NotFound):
            await handlers.rotate_secret(stores, KEYRING, made.id, cause)
        with pytest.raises(NotFound):
            await handlers.order_resend(stores, made.id, since=NOON, status="failed", cause=cause)


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
    with pytest.raises(Conflict, match="another subscription at this address"):
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
    with pytest.raises(Conflict, match="20 subscriptions"):
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
    its_own = asked(PROVIDER).actor
    assert (await handlers.subscription_of(stores, made.id, its_own)).state.status == "active"


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
        status="active",
        created_at=NOON,
    )
    await quick.insert(made.id, made, (), asked())
    assert await quick.active(TENANT, [GROUP, "another"]) == [made]
    assert await slow.active(TENANT, [GROUP]) == []
    slow.forget(made)
    assert await slow.active(TENANT, [GROUP]) == [made]
    assert await slow.active("icb-other", [GROUP]) == []
