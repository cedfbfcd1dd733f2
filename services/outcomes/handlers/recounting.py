"""A recount that operations order, done by whoever counts, and how it ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.outcomes.domain.reports import Ledger, RecountOrder
from services.outcomes.handlers.counting import Recounted, clear, recount
from services.outcomes.store import Stores
from shared.cause import Actor, Cause
from shared.errors import Contended, NotFound
from shared.ids import derived_id

_LEASE = timedelta(minutes=10)
"""How long one process may take; after that another begins anew, which changes nothing twice."""

_TRIES = 3


async def order_recount(stores: Stores, cause: Cause, *, repair: bool) -> RecountOrder:
    """Have the cells compared with the cases. While one is under way, it stays that one."""
    tenant = cause.actor.tenant
    await clear(stores, tenant, cause.at)
    order = RecountOrder(asked_at=cause.at, repair=repair)

    def ask(ledger: Ledger) -> tuple[Ledger, tuple[()]]:
        under_way = ledger.recount is not None and ledger.recount.done_at is None
        return (ledger if under_way else ledger.model_copy(update={"recount": order})), ()

    saved = await stores.ledgers.update(tenant, ask, cause)
    return saved.state.recount or order


async def last_recount(stores: Stores, tenant: str) -> RecountOrder:
    """The recount ordered last. Raises NotFound where none was."""
    try:
        found = (await stores.ledgers.get(tenant, tenant)).state.recount
    except NotFound:
        found = None
    if found is None:
        raise NotFound("No recount was ordered yet.")
    return found


async def recount_due(stores: Stores, now: datetime) -> None:
    """Carry out the recounts that are ordered. One that others disturb is tried again later."""
    for saved in await stores.ledgers.claim_due(now, _LEASE, 1):
        order, tenant = saved.state.recount, saved.state.tenant
        for _ in range(_TRIES):
            try:
                found = await recount(
                    stores, tenant, now, repair=order is not None and order.repair
                )
            except Contended:
                continue
            await _done(stores, saved.state, found, now)
            break


async def _done(stores: Stores, asked: Ledger, found: Recounted, now: datetime) -> None:
    tenant = asked.tenant

    def write(ledger: Ledger) -> tuple[Ledger, tuple[()]]:
        if ledger.recount is None or ledger.recount != asked.recount:
            return ledger, ()
        done = ledger.recount.model_copy(
            update={"done_at": now, "cells": found.cells, "differing": len(found.differing)}
        )
        return ledger.model_copy(update={"recount": done}), ()

    actor = Actor("outcomes", "service", "", tenant)
    cause = Cause(id=derived_id("recounted", tenant, now.isoformat()), actor=actor, at=now)
    await stores.ledgers.update(tenant, write, cause, remember=False)
