"""The application every service starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI

from shared.audit.journal import Journal
from shared.clock import Clock
from shared.policy import Policy
from shared.settings import ServiceSettings
from shared.telemetry import Telemetry, configure_logging
from shared.web import openapi, problems
from shared.web.access import PLUMBING, add_routes, guarded
from shared.web.documentation import documentation
from shared.web.gate import Gate, Scopes
from shared.web.health import metrics_router
from shared.web.middleware import Requests

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class _Service(FastAPI):
    def openapi(self) -> dict[str, object]:
        """The contract, with bodies, headers and problems that FastAPI does not see itself."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi.document(self)
        return self.openapi_schema


def create_base_app(
    *,
    settings: ServiceSettings,
    title: str,
    summary: str,
    description: str,
    policy: Policy[Any],
    tags: Mapping[str, str] | None = None,
    lifespan: Lifespan,
    telemetry: Telemetry,
    clock: Clock | None = None,
    scopes: Scopes | None = None,
    journal: Journal | None = None,
) -> FastAPI:
    """An application with problem documents, request ids, limits, metrics and tokens.

    Puts ``settings``, ``telemetry``, ``clock``, ``gate`` and ``policy`` at ``app.state``. The
    service adds its routers with ``add_routes``, each route guarded by its row of the policy.
    ``tags`` says in a line what each group of routes is for, in the order in which the
    documentation shows them. ``journal`` is told who reads what about persons. Configures the
    process's logging.
    """
    configure_logging(settings)
    app = _Service(
        title=title,
        summary=summary,
        description=description,
        openapi_tags=[{"name": name, "description": line} for name, line in (tags or {}).items()],
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would be built from the Host that was sent
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.settings = settings
    app.state.telemetry = telemetry
    app.state.clock = clock or Clock()
    app.state.gate = Gate(settings, scopes or {})
    problems.install(app)
    app.add_middleware(
        Requests,
        telemetry=telemetry,
        max_body_bytes=settings.max_body_bytes,
        max_seconds=settings.request_seconds,
        production=settings.is_production,
        journal=journal,
    )
    app.state.policy = policy.joined(PLUMBING)
    app.router.routes[:] = [guarded(route, app.state.policy) for route in app.router.routes]
    add_routes(app, metrics_router(telemetry.registry))
    if settings.shows_docs:
        add_routes(app, documentation(title))
    return app
