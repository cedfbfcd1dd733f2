"""An application that has nothing but the plumbing, and the routers a test gives it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI

from shared.settings import ServiceSettings
from shared.telemetry import Telemetry
from shared.web import Scopes, add_routes, create_base_app

PROBLEM = "application/problem+json"

Bearer = Callable[..., dict[str, str]]


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


def garden(
    settings: ServiceSettings,
    *routers: APIRouter,
    telemetry: Telemetry | None = None,
    scopes: Scopes | None = None,
) -> FastAPI:
    app = create_base_app(
        settings=settings,
        title="Garden",
        summary="Beds and what grows in them.",
        description="For tests.",
        lifespan=_lifespan,
        telemetry=telemetry or Telemetry(settings),
        scopes=scopes,
    )
    for router in routers:
        add_routes(app, router)
    return app


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    """The answer's problem document, checked for what every one must have."""
    assert answer.headers["content-type"] == PROBLEM
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    assert document["type"].startswith("https://linkway.example/problems/")
    assert document["title"]
    assert document["detail"]
    assert document["instance"].endswith(answer.headers["x-request-id"])
    return document
