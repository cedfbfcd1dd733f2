"""Moving a service's time forward, for demonstrations and tests only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from shared.clock import Clock
from shared.policy import Role, Table, may
from shared.web.body import JsonBody

TEST_CLOCK: Table = {"POST /test-clock": [may((Role.OPERATIONS, Role.SERVICE))]}
"""Who moves it."""


class Advance(BaseModel):
    """How far to move the time forward."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"hours": 48}]}
    )

    hours: Annotated[float, Field(gt=0, le=24 * 400)]


class Now(BaseModel):
    """The service's time, and how many hours it is ahead of the real one."""

    now: datetime
    hours_ahead: float


def test_clock_router(clock: Clock) -> APIRouter:
    """The route that moves ``clock``; for operations, and only where a setting asks for it."""
    router = APIRouter(tags=["test clock"])

    @router.post("/test-clock", response_model=Now)
    async def advance(body: Annotated[Advance, JsonBody(Advance)]) -> Now:
        """Move this service's time forward.

        Reminders and expiries fall due as if it had passed.
        """
        clock.advance(timedelta(hours=body.hours))
        return Now(now=clock.now(), hours_ahead=clock.ahead / timedelta(hours=1))

    return router
