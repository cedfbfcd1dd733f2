"""Recounting what reports hold, for operations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.outcomes.api.answers import Kept
from services.outcomes.domain.reports import RecountOrder
from services.outcomes.handlers.recounting import last_recount, order_recount
from shared.web import Acting, CauseOf, JsonBody

router = APIRouter(tags=["reports"])


class RecountAsked(BaseModel):
    """Whether what differs is put right too."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"repair": False}]}
    )

    repair: bool = False


class RecountView(BaseModel):
    """A recount: ``cells`` there should be, and how many were ``differing``, once it is done."""

    asked_at: AwareDatetime
    repair: bool
    done_at: AwareDatetime | None
    cells: int | None
    differing: int | None

    @classmethod
    def of(cls, order: RecountOrder) -> RecountView:
        """All of it."""
        return cls(**order.model_dump())


@router.post("/reports/recount", status_code=202, response_model=RecountView)
async def ask_recount(
    body: Annotated[RecountAsked, JsonBody(RecountAsked)], cause: CauseOf, stores: Kept
) -> RecountView:
    """Have the reports recounted.

    What the reports hold is built anew from the cases and compared; with `repair` what differs is
    put right. It is done in the background, while nothing else is counted: read it again to see
    how it ended. While one is under way, another is not begun.
    """
    return RecountView.of(await order_recount(stores, cause, repair=body.repair))


@router.get("/reports/recount", response_model=RecountView)
async def read_recount(actor: Acting, stores: Kept) -> RecountView:
    """Read how the last recount ended.

    404 where none was ordered.
    """
    return RecountView.of(await last_recount(stores, actor.tenant))
