"""A worker at work, and what tests of it do around it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from services.notifications import handlers
from services.notifications.domain import Delivery, Subscription
from services.notifications.guard import Guard
from services.notifications.handlers import Wish
from services.notifications.store import Stores
from services.notifications.subscription_worker import SubscriptionWorker
from services.notifications.worker import DeliveryWorker
from shared.cause import Actor
from shared.events import Channel
from shared.ids import new_id
from shared.store import Saved
from shared.testing import eventually
from tests.notifications.examples import GROUP, KEYRING, TENANT, asked, created, heard

GUARD = Guard(allow_loopback=True)


@asynccontextmanager
async def working(worker: DeliveryWorker | SubscriptionWorker) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def subscribe(
    stores: Stores,
    address: str,
    organisation: str = GROUP,
    *,
    channel: Channel = "webhook",
    contact: str | None = None,
) -> Subscription:
    """An active subscription; its address confirmed itself without being asked."""
    actor = Actor("provider-1", "provider", organisation, TENANT)
    wish = Wish(channel, address, ["referral-created"], contact=contact)
    cause = asked(actor, at=datetime.now(UTC))
    made = await handlers.subscribe(stores, GUARD, KEYRING, wish, cause)
    return (await confirm(stores, made, actor)).state


async def confirm(
    stores: Stores, made: Saved[Subscription], actor: Actor, *, at: datetime | None = None
) -> Saved[Subscription]:
    assert made.state.challenge
    cause = asked(actor, at=at or datetime.now(UTC))
    return await handlers.confirm(stores, made.id, made.state.challenge.code, cause)


async def tell(
    stores: Stores, *, provider: str = GROUP, times: int = 1, case: str = ""
) -> list[str]:
    """So many referrals to the provider, each of a case of its own unless one is named."""
    ids = []
    for _ in range(times):
        now = datetime.now(UTC)
        event = created(provider=provider, occurred_at=now, case_id=case or new_id())
        ids.append(new_id())
        await handlers.tell(stores, event, heard(ids[-1], at=now))
    return ids


async def the_delivery(stores: Stores) -> Delivery:
    [saved] = (await stores.deliveries.find(TENANT, {})).items
    return saved.state


async def ended(stores: Stores, status: str, number: int = 1) -> None:
    async def enough() -> bool:
        return await stores.deliveries.count(TENANT, {"state.status": status}) == number

    await eventually(enough)
