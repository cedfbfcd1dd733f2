"""An application that has nothing but the plumbing, and the routers a test gives it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, get_args

import httpx
import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from shared.policy import EVERYONE, Policy, Public, Table, may
from shared.settings import ServiceSettings
from shared.telemetry import Telemetry
from shared.testing import eventually
from shared.web import Acting, CauseOf, Scopes, add_routes, create_base_app
from shared.web.access import operations_of
from shared.web.wire import BoundedHttp

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
    rows: Table | None = None,
) -> FastAPI:
    """What ``rows`` does not name is for everyone where it asks who acts, and public elsewhere."""
    app = create_base_app(
        settings=settings,
        title="Garden",
        summary="Beds and what grows in them.",
        description="For tests.",
        policy=policy_for(routers, rows or {}),
        lifespan=_lifespan,
        telemetry=telemetry or Telemetry(settings),
        scopes=scopes,
    )
    for router in routers:
        add_routes(app, router)
    return app


def policy_for(routers: Iterable[APIRouter], rows: Table) -> Policy[Any]:
    usual: Table = {
        operation: [may(EVERYONE)] if _asks_who_acts(route) else Public("It is a test's.")
        for router in routers
        for route in router.routes
        for operation in operations_of(route).values()
    }
    return Policy({**usual, **rows})


def _asks_who_acts(route: BaseRoute) -> bool:
    known = {get_args(each)[1].dependency for each in (Acting, CauseOf)}
    return isinstance(route, APIRoute) and any(
        each.call in known for each in route.dependant.dependencies
    )


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


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[int]:
    """The port on which the application is served, in this process."""
    config = uvicorn.Config(app, port=0, log_config=None, http=BoundedHttp, server_header=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving
