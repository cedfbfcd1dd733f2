"""An erased person's messages go, once those under way have told their receivers.

Whoever served the person still hears that it is over; that message waits in its line like
any other. So what has ended goes at once, the rest as it ends. It is done after a second look that
finds nothing, and a day later one more finds what came late.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.notifications.domain import person_messages as rules
from services.notifications.domain.person_messages import PersonMessage
from services.notifications.store import Stores
from shared.cause import Actor, Cause
from shared.errors import Erased, Unavailable
from shared.events import PersonErased
from shared.ids import derived_id, new_id
from shared.store import Saved, Store
from shared.store.erasures import Applied

log = structlog.get_logger("erasures")

_PAGE = 200
_LEASE = timedelta(seconds=60)
_SOON = timedelta(seconds=10)
"""Until the next look: the last facts of the cases come on other partitions, a moment later."""

_LAST_LOOK = timedelta(days=1)


async def erase(stores: Stores, event: PersonErased, cause: Cause) -> None:
    """Remove what is kept of the person's cases, and go on until nothing is left."""
    erasure = await stores.erasures.begin(event, cause)
    await settle(stores, erasure, replace(cause, id=derived_id(cause.id, "settle")))


async def settle(stores: Stores, erasure: Applied, cause: Cause) -> None:
    """Remove what has ended; state that it is done once nothing waits to be sent."""
    tenant, at = erasure.tenant, cause.at
    cases = {"$in": list(erasure.case_ids)}
    async for message in _all(stores.person_messages, tenant, {"state.about_key": cases}):
        await _take_back(stores, message.state, cause)
        await stores.person_messages.bury([message.id], tenant, at)
    waiting = 0
    async for delivery in _all(stores.deliveries, tenant, {"state.about.key": cases}):
        if delivery.state.status == "queued":
            waiting += 1
        else:
            await stores.deliveries.bury([delivery.id], tenant, at)
    if waiting or not erasure.looks:
        await stores.erasures.postpone(erasure, cause, at + _SOON)
        return
    async for back in _all(stores.messages_back, tenant, {"state.case_id": cases}):
        await stores.messages_back.bury([back.id], tenant, at)
    await stores.person_marks.bury(erasure.person_ids, tenant, at)
    looked_once = erasure.applied_at is not None and erasure.look_again_at is not None
    await stores.erasures.finish(erasure, cause, again=None if looked_once else at + _LAST_LOOK)


async def settle_due(stores: Stores, now: datetime) -> int:
    """Look at erasures that are due; how many there were."""
    claimed = await stores.erasures.claim_due(now, _LEASE, _PAGE)
    for saved in claimed:
        await settle(stores, saved.state, _cause(saved.state, now))
    return len(claimed)


async def keep_settling(stores: Stores, now: Callable[[], datetime], poll: timedelta) -> None:
    """Look again and again, until cancelled."""
    while True:
        try:
            await settle_due(stores, now())
        except Unavailable:
            log.warning("erasures-put-off", reason="database")
        await asyncio.sleep(poll.total_seconds())


async def _take_back(stores: Stores, message: PersonMessage, cause: Cause) -> None:
    """One that waits is never sent."""
    if message.status != "queued":
        return
    own = replace(cause, id=derived_id(cause.id, message.id))
    try:
        await stores.person_messages.update(
            message.id,
            lambda state: rules.cancel(state, "superseded", own),
            own,
            remember=False,
        )
    except Erased:
        return


async def _all(
    store: Store[Any], tenant: str, where: Mapping[str, Any]
) -> AsyncIterator[Saved[Any]]:
    cursor = None
    while True:
        page = await store.find(tenant, where, limit=_PAGE, cursor=cursor)
        for saved in page.items:
            yield saved
        cursor = page.next_cursor
        if cursor is None:
            return


def _cause(erasure: Applied, now: datetime) -> Cause:
    return Cause(id=new_id(), actor=Actor("notifications", "service", "", erasure.tenant), at=now)
