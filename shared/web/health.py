"""Whether the process lives, whether it can work, and its figures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.responses import JSONResponse, Response

from shared.errors import LinkwayError


@dataclass(frozen=True, slots=True)
class Check:
    """Something the service depends on; ``probe`` raises when it is not well.

    Without a ``vital`` one the service cannot answer. Without another it still can once
    it has worked with it, because what is meant for it is kept: a referral accepted while
    Kafka is away waits in the outbox. ``timeout`` is in seconds.
    """

    name: str
    probe: Callable[[], Awaitable[object]]
    vital: bool
    timeout: float = 2.0

    async def run(self) -> str:
        """``ok``, or what is wrong in words that are safe to show to anyone."""
        try:
            async with asyncio.timeout(self.timeout):
                await self.probe()
        except TimeoutError:
            return f"no answer within {self.timeout:g} s"
        except LinkwayError as error:
            return error.detail
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the check's answer
            return type(error).__name__
        return "ok"


def health_router(checks: Sequence[Check]) -> APIRouter:
    """``/live``: the event loop turns. ``/ready``: every check, and what they add up to.

    ``/ready`` is 200 while ``ready`` or ``degraded`` and 503 while ``not ready``.
    """
    router = APIRouter(include_in_schema=False)
    once_ok: set[str] = set()

    @router.get("/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/ready")
    async def ready() -> JSONResponse:
        answers = await asyncio.gather(*(check.run() for check in checks))
        once_ok.update(c.name for c, said in zip(checks, answers, strict=True) if said == "ok")
        failing = [c for c, said in zip(checks, answers, strict=True) if said != "ok"]
        status = "ready" if not failing else "degraded"
        if any(check.vital or check.name not in once_ok for check in failing):
            status = "not ready"
        said = {check.name: answer for check, answer in zip(checks, answers, strict=True)}
        return JSONResponse(
            {"status": status, "checks": said}, 503 if status == "not ready" else 200
        )

    return router


def metrics_router(registry: CollectorRegistry) -> APIRouter:
    """``/metrics`` in Prometheus's text format, of this application alone."""
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
