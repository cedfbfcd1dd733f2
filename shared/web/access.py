"""Where every service's policy is enforced: before each route, and nowhere else.

A route is served only if the policy has a row for it. The row decides whether the gate is passed
and which roles may go on; the Actor that comes out names the operation, by which handlers
and stores look up what it must be to a record. A role that may never do something is told so
(403) before any record is looked at, so that the answer says nothing of any record.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.audit import acting
from shared.cause import Actor
from shared.policy import Policy, Public, Row, Table
from shared.web.gate import Gate

_ACTOR = "linkway.actor"

PLUMBING: Table = {
    "GET /live": Public("It says that the process lives, and nothing else."),
    "GET /ready": Public("It says which of its servers the process reaches, and nothing else."),
    "GET /metrics": Public("Figures alone, none of a person; for the network inside."),
    "GET /asyncapi": Public("The published contract of the events."),
    "GET /openapi.json": Public("The published contract of the API."),
    "GET /docs": Public("The contract for people to read; in production only where set so."),
    "GET /docs/{part}": Public("What that page loads."),
}
"""What every service serves without a token."""


class _Guarded:
    """A route's application, entered only by those whom the row lets in."""

    def __init__(self, app: ASGIApp, rows: Mapping[str, Row]) -> None:
        self._app = app
        self._rows = rows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        row = self._rows[scope["method"]]
        if not row.is_public:
            gate: Gate = scope["app"].state.gate
            actor = await gate.admit(scope)
            acting(actor)
            gate.check_scope(actor, row.operation)
            row.check_role(actor.role)
            scope[_ACTOR] = replace(actor, operation=row.operation)
        await self._app(scope, receive, send)


def add_routes(app: FastAPI, router: APIRouter, rows: Table | None = None) -> None:
    """Serve ``router``'s routes from ``app`` itself, each guarded by its row of the policy.

    ``rows`` are those of a router that every service has, which brings its own. Raises
    LookupError naming a route that has no row. The routes come before those that OpenAPI
    leaves out. ``include_router`` would keep a tree of routers and match every request against
    it twice: 40 µs more on a router of sixteen routes. A router must state its own prefix, if
    any.
    """
    if rows:
        app.state.policy = app.state.policy.joined(rows)
    routes = app.router.routes
    hidden = (place for place, route in enumerate(routes) if not _in_schema(route))
    place = next(hidden, len(routes))
    routes[place:place] = [guarded(route, app.state.policy) for route in router.routes]


def guarded(route: BaseRoute, policy: Policy[Any]) -> BaseRoute:
    """A copy of the route behind its row: a router may serve several applications."""
    rows = rows_of(route, policy)
    guarded = copy.copy(route)
    assert isinstance(guarded, Route)  # noqa: S101 - rows_of found it to be one
    guarded.app = _Guarded(guarded.app, rows)
    return guarded


def rows_of(route: BaseRoute, policy: Policy[Any]) -> Mapping[str, Row]:
    """The route's rows by method. Raises LookupError where one is missing."""
    operations = operations_of(route)
    if not operations:
        raise LookupError(f"{route!r} is no operation: the policy cannot guard it.")
    missing = [name for name in operations.values() if name not in policy]
    if missing:
        raise LookupError(f"No row of the policy says who may ask for {' or '.join(missing)}.")
    return {method: policy[name] for method, name in operations.items()}


def operations_of(route: BaseRoute) -> Mapping[str, str]:
    """A route's operations by method, as the policy names them; HEAD is GET."""
    if not isinstance(route, Route):
        return {}
    return {
        method: f"{'GET' if method == 'HEAD' else method} {route.path_format}"
        for method in sorted(route.methods or ())
    }


def check_all_served(routes: Iterable[BaseRoute], policy: Policy[Any]) -> None:
    """Raise LookupError naming a row of the policy that no route answers to."""
    served = {name for route in routes for name in operations_of(route).values()}
    stale = sorted(row.operation for row in policy if row.operation not in served)
    if stale:
        raise LookupError(f"The policy has rows for what is not served: {', '.join(stale)}.")


def actor_of(connection: HTTPConnection) -> Actor:
    """Who was let in. Raises LookupError on a route that no row guards."""
    try:
        actor: Actor = connection.scope[_ACTOR]
    except KeyError:
        raise LookupError("Nobody was asked for a token here: the policy says public.") from None
    return actor


def _in_schema(route: BaseRoute) -> bool:
    return bool(getattr(route, "include_in_schema", False))
