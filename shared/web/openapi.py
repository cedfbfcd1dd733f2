"""The OpenAPI document: what FastAPI sees, and what shared.web's dependencies do besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import Body, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from shared.web.body import BodyReader
from shared.web.dependencies import HEADERS
from shared.web.problems import MEDIA_TYPE, STATUS, Problem

_TWIN = "/-/"
_TITLES = dict(reversed(STATUS.values()))
_PROBLEMS = {
    str(status): {
        "description": _TITLES[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in sorted(_TITLES)
}


def document(app: FastAPI) -> dict[str, Any]:
    """The contract of ``app``'s API.

    FastAPI knows nothing of bodies taken by JsonBody. Each gets a twin: a route that is
    served nowhere and only takes such a body in FastAPI's own way, so that its schema is
    named and referred to like any other. The twin's body is then moved to the real route.
    """
    routes = [
        route
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute) and route.include_in_schema
    ]
    twins = [
        _twin(_TWIN + str(place), model)
        for place, model in enumerate(map(_body_model, routes))
        if model is not None
    ]
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=[*routes, *twins, _twin(_TWIN, Problem)],
    )
    paths: dict[str, Any] = found["paths"]
    del paths[_TWIN]
    for place, route in enumerate(routes):
        twin = paths.pop(_TWIN + str(place), None)
        for method in route.methods or ():
            operation = paths[route.path_format or ""][method.lower()]
            if twin is not None:
                operation["requestBody"] = twin["put"]["requestBody"]
            headers = [HEADERS[call] for call in _calls(route.dependant) if call in HEADERS]
            if headers:
                operation.setdefault("parameters", []).extend(headers)
            operation["responses"].update(_PROBLEMS)
    for unused in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(unused, None)
    return found


def _twin(path: str, model: Any) -> APIRoute:
    async def take(body: Any) -> None:
        """Never called."""

    take.__annotations__["body"] = Annotated[model, Body()]
    return APIRoute(path, take, methods=["PUT"])


def _body_model(route: RouteContext) -> Any:
    readers = (call for call in _calls(route.dependant) if isinstance(call, BodyReader))
    return next((reader.model for reader in readers), None)


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    """Every dependency of a route, each once, in the order they are first met."""
    seen: dict[Callable[..., Any], None] = {}
    waiting = list(dependant.dependencies)
    while waiting:
        each = waiting.pop(0)
        if each.call is not None:
            seen.setdefault(each.call)
        waiting.extend(each.dependencies)
    yield from seen
