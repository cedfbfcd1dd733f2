"""Routes that show repairs of many dead letters, under way and done."""

from __future__ import annotations

from fastapi import APIRouter

from shared.ops.letter_models import RunView
from shared.ops.operations import Operations
from shared.ops.routing import operations_router
from shared.repair.letter import PLATFORM
from shared.web import Listing, Paging


def repairs_router(operations: Operations) -> APIRouter:
    """Everything under ``/ops/repairs``."""
    router = operations_router()
    repair = operations.repair

    @router.get("/ops/repairs/{repair_id}")
    async def show_repair(repair_id: str) -> RunView:
        """Show how far a repair is.

        How many letters were mended, failed again or were passed over, and what was released.
        """
        return RunView.of(await repair.runs.get(repair_id, PLATFORM))

    @router.get("/ops/repairs")
    async def list_repairs(page: Paging) -> Listing[RunView]:
        """List repairs.

        Every replay and discard of dead letters, newest first: by whom, why, and what came of it.
        """
        found = await repair.runs.find(PLATFORM, limit=page.limit, cursor=page.cursor)
        return Listing(
            items=[RunView.of(saved) for saved in found.items], next_cursor=found.next_cursor
        )

    return router
