"""What outcomes can build anew from Kafka, and what it cannot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from services.outcomes.consumers import reports_consumer
from services.outcomes.handlers.counting import count_due, hold
from services.outcomes.store import (
    Aliases,
    Cases,
    Cells,
    Erasures,
    Instruments,
    Ledgers,
    Plans,
    Stores,
    Trees,
)
from shared.cause import Actor, Cause
from shared.ids import new_id
from shared.rebuild import Projection, Rebuildable
from shared.store import Collection, DataKeys, Duplicate

_HELD = timedelta(seconds=60)
"""Longer than a swap takes; if it dies half way, counting goes on after that."""

_NUMBERS_APART = 1_000_000
"""A rebuilt ledger's batches are numbered so far above the live one's that none is taken for
another."""


def make_stores(collection: Callable[[str], Collection], keys: DataKeys) -> Stores:
    """Everything outcomes keeps, on collections by name."""
    return Stores(
        plans=Plans(collection("plans"), keys),
        aliases=Aliases(collection("aliases")),
        instruments=Instruments(collection("instruments")),
        cases=Cases(collection("cases")),
        trees=Trees(collection("trees")),
        cells=Cells(collection("cells")),
        ledgers=Ledgers(collection("ledgers")),
        erasures=Erasures(collection("erasures")),
        person_keys=keys,
    )


async def _count_all(fresh: Stores) -> None:
    while await count_due(fresh, datetime.now(UTC)):
        pass


@asynccontextmanager
async def _pause_counting(live: Stores, fresh: Stores) -> AsyncIterator[None]:
    """No batch is under way while cells, ledgers and cases are replaced.

    The noise of published numbers must stay what it was, so each ledger keeps its secret.
    """
    now = datetime.now(UTC)
    for tenant in await live.ledgers.tenants():
        held = (await hold(live, tenant, now, now + _HELD)).state
        change = {
            "secret": held.secret,
            "number": held.number + _NUMBERS_APART,
            "counted_at": held.counted_at,
            "recount": held.recount,
        }
        first = held.model_copy(update={**change, "batch": None, "held_until": None})
        cause = Cause(id=new_id(), actor=Actor("outcomes", "service", "", tenant), at=now)
        try:
            await fresh.ledgers.insert(tenant, first, (), cause)
        except Duplicate:
            await fresh.ledgers.update(
                tenant,
                lambda ledger, change=change: (ledger.model_copy(update=change), ()),  # type: ignore[misc]
                cause,
                remember=False,
            )
    yield


def _comparable(collection: str, state: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if collection == "ledgers":
        return None
    own = dict(state)
    if collection == "cases":
        # When it was heard of, and how far it is counted: the cells are compared themselves.
        for name in ("changed_at", "counted", "counted_in"):
            own.pop(name, None)
        if own.get("wellbeing"):
            # As of which version of the plan it was read: the rebuild reads the latest.
            own["wellbeing"] = {**own["wellbeing"], "plan_version": 0}
    if collection == "cells":
        own.pop("batch", None)
        own["rows"] = {row: count for row, count in state["rows"].items() if count}
        if not own["rows"]:
            return None
    return own


def rebuildable(keys: DataKeys) -> Rebuildable:
    """What can be built anew; plans are read with their keys."""
    return Rebuildable(
        projections=(
            Projection(
                name="reports",
                summary="What reports count: cases as reports see them, networks, cells.",
                collections=("cells", "ledgers", "cases", "trees"),
                consumer=reports_consumer.renamed("outcomes-reports-rebuild"),
                build=partial(make_stores, keys=keys),
                settle=_count_all,
                pause=_pause_counting,
                comparable=_comparable,
            ),
        ),
        others={
            "plans": "Holds what people entered: assessments, goals, measures. Facts of referrals "
            "in it are put right by replaying them.",
            "erasures": "Which erasures were applied; replaying their facts applies them again.",
            "person_keys": "Keys: what one sealed is lost with it, and that is erasure.",
            "aliases": "Each is put right by replaying the facts of its two records; plans follow "
            "from all of them at once.",
            "instruments": "Entered by organisations.",
        },
    )
