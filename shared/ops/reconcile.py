"""``GET /ops/reconcile``: accepted = published = applied, as this service can tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from shared.errors import FieldError, Invalid, NotFound
from shared.ops.operations import Operations
from shared.ops.reconcile_models import Reconciliation
from shared.ops.reconciler import Reconciler, together
from shared.ops.reconciling import Reconciling
from shared.ops.routing import operations_router
from shared.web.deadline import allow_seconds

LONGEST = timedelta(days=7)
_UNDER_WAY = timedelta(seconds=10)
"""What is younger is on its way."""
MOST_SECONDS = 600.0
"""Half a million records are read and compared in some minutes, on a machine that is busy."""


def reconcile_router(operations: Operations, reconciler: Reconciler) -> APIRouter:
    """``GET /ops/reconcile`` and ``GET /ops/reconciled``."""
    router = operations_router()

    @router.get("/ops/reconcile")
    async def reconcile(
        since: Annotated[AwareDatetime | None, Query()] = None,
        until: Annotated[AwareDatetime | None, Query()] = None,
    ) -> Reconciliation:
        """Compare what was accepted, published and applied.

        Of all events made between two times, at most seven days apart; without them, in the last
        hour. Counted by type and hour, across tenants. What differs is named by event id. Each
        consumer group is compared with the topics it reads; where the service can look for what an
        event should have led to, it does. A busy week takes minutes to read: wait up to ten.
        """
        allow_seconds(MOST_SECONDS)
        end = until or datetime.now(UTC) - _UNDER_WAY
        begin = since or end - timedelta(hours=1)
        if not timedelta(0) < end - begin <= LONGEST:
            raise Invalid(
                "Ask for at most seven days, from an earlier time to a later one.",
                errors=(FieldError("/query/since", "must lie at most 7 days before until"),),
            )
        return await Reconciling(operations, begin, end).run()

    @router.get("/ops/reconciled")
    async def reconciled() -> Reconciliation:
        """Read what was compared so far, hour by hour.

        The service compares by itself every few minutes, and again what differed; this is what it
        found in the last two days, since it started. 404 before it has compared for the first time.
        """
        found = together(operations.settings.service, reconciler.found.values())
        if found is None:
            raise NotFound("Nothing was compared yet; ask /ops/reconcile to compare now.")
        return found

    return router
