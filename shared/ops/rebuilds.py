"""Routes that rebuild state from Kafka: begin, watch, compare, swap or cancel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from shared import audit
from shared.ops.letter_models import Reason, Why
from shared.ops.operations import Operations
from shared.ops.routing import operations_router
from shared.rebuild import Compared, Phase, Rebuild, Rebuildable
from shared.repair.letter import PLATFORM
from shared.store import Saved
from shared.web import CauseOf, JsonBody, Listing, Paging

_SWAPPING = {"reason": "The comparison shows nothing but what the restore had lost."}
_CANCELLING = {"reason": "The live collections turned out to be right."}


class BeginRebuild(BaseModel):
    """Which projection to build anew, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    projection: str
    reason: Reason


class ProjectionView(BaseModel):
    """State that is made of events alone."""

    name: str
    summary: str
    collections: list[str]


class Projections(BaseModel):
    """What can be rebuilt from Kafka, and why the other collections cannot."""

    projections: list[ProjectionView]
    others: dict[str, str]


class RebuildView(BaseModel):
    """How far a rebuild is, and how what it built compares to what is live."""

    id: str
    projection: str
    phase: Phase
    by: str
    reason: str
    read: int
    total: int
    set_aside: Mapping[str, int]
    equal: bool | None
    compared: tuple[Compared, ...]
    started_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, saved: Saved[Rebuild]) -> Self:
        """The view of a rebuild."""
        state = saved.state
        names = set(cls.model_fields) - {"id", "equal", "compared"}
        return cls(
            id=saved.id,
            equal=all(each.equal for each in state.compared) if state.compared else None,
            compared=state.compared,
            **state.model_dump(include=names),
        )


def rebuilds_router(operations: Operations) -> APIRouter:
    """Everything under ``/ops/projections`` and ``/ops/rebuilds``."""
    router = operations_router()
    rebuilder = operations.rebuilder
    named: Any = JsonBody(BeginRebuild, example=_beginning(rebuilder.rebuildable))

    @router.get("/ops/projections")
    async def projections() -> Projections:
        """Name what can be rebuilt.

        Collections that hold nothing but what was made of events, and why the others cannot be
        built from Kafka.
        """
        rebuildable = rebuilder.rebuildable
        return Projections(
            projections=[
                ProjectionView(
                    name=each.name, summary=each.summary, collections=list(each.collections)
                )
                for each in rebuildable.projections
            ],
            others=dict(rebuildable.others),
        )

    @router.post("/ops/rebuilds", status_code=202)
    async def begin(cause: CauseOf, body: BeginRebuild = named) -> RebuildView:
        """Rebuild a projection.

        Reads its topics from the beginning into fresh collections beside the live ones, keeps them
        up to date, and compares the two. Nothing changes for anyone until it is swapped. 404 where
        there is no projection of that name.
        """
        rebuild_id = cause.make_id("rebuild")
        await audit.record("rebuild-begun", kind="rebuilds", record=rebuild_id, reason=body.reason)
        saved = await rebuilder.begin(rebuild_id, body.projection, cause.actor.subject, body.reason)
        return RebuildView.of(saved)

    @router.get("/ops/rebuilds/{rebuild_id}")
    async def show(rebuild_id: str) -> RebuildView:
        """Show how far a rebuild is.

        Records read of those there are, what could not be applied, and what differs: documents by
        id, and the paths at which they differ, never a value.
        """
        return RebuildView.of(await rebuilder.rebuilds.get(rebuild_id, PLATFORM))

    @router.post("/ops/rebuilds/{rebuild_id}/swap", status_code=202)
    async def swap(
        rebuild_id: str, body: Annotated[Why, JsonBody(Why, example=_SWAPPING)]
    ) -> RebuildView:
        """Put the rebuilt state in the place of the live one.

        Live traffic goes on. 409 while it is still being read, and once it was decided upon.
        """
        await audit.record(
            "rebuild-swapped", kind="rebuilds", record=rebuild_id, reason=body.reason
        )
        return RebuildView.of(await rebuilder.ask(rebuild_id, "swap"))

    @router.post("/ops/rebuilds/{rebuild_id}/cancel", status_code=202)
    async def cancel(
        rebuild_id: str, body: Annotated[Why, JsonBody(Why, example=_CANCELLING)]
    ) -> RebuildView:
        """Give a rebuild up.

        The fresh collections are deleted; the live ones were never touched.
        """
        await audit.record(
            "rebuild-cancelled", kind="rebuilds", record=rebuild_id, reason=body.reason
        )
        return RebuildView.of(await rebuilder.ask(rebuild_id, "cancel"))

    @router.get("/ops/rebuilds")
    async def list_rebuilds(page: Paging) -> Listing[RebuildView]:
        """List rebuilds.

        Newest first: of what, by whom, why, and what came of each.
        """
        found = await rebuilder.rebuilds.find(PLATFORM, limit=page.limit, cursor=page.cursor)
        return Listing(
            items=[RebuildView.of(saved) for saved in found.items], next_cursor=found.next_cursor
        )

    return router


def _beginning(rebuildable: Rebuildable) -> dict[str, str]:
    """The example of a body: it names what this service can rebuild, if it can rebuild anything."""
    name = next((each.name for each in rebuildable.projections), "reports")
    return {"projection": name, "reason": "It differs after a restore."}
