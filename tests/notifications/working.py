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
from services.notifications.worker import DeliveryWorker
from shared.cause import Actor
from shared.ids import new_id
from shared.testing import eventually
from tests.notifications.examples import GROUP, TENANT, asked, created, heard

GUARD = Guard(allow_loopback=True)


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
