"""The route that has a service examine what it depends on."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from shared.doctor import Finding, Level
from shared.ops.operations import Operations
from shared.ops.routing import operations_router

_ORDER: tuple[Level, ...] = ("ok", "warn", "fail")


class Examination(BaseModel):
    """All findings, the worst level among them, and what time it is for the service."""

    status: Level
    now: datetime
    findings: list[Finding]


def doctor_router(operations: Operations) -> APIRouter:
    """``GET /ops/doctor``."""
    router = operations_router()

    @router.get("/ops/doctor")
    async def examine() -> Examination:
        """Examine what the service depends on.

        From where it runs and with its own credentials: addresses, versions, replica set, indexes,
        topics and their settings, consumer groups, clock, disk, rights, keys, settings. Each
        finding says what to do.
        """
        findings = await operations.doctor.examine()
        worst = max((_ORDER.index(each.level) for each in findings), default=0)
        return Examination(status=_ORDER[worst], now=datetime.now(UTC), findings=findings)

    return router
