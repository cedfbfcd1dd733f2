"""The OpenAPI document: what FastAPI sees, and what shared.web's dependencies do besides."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

from fastapi import Body, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from shared.policy import Row
from shared.web.body import BodyReader
from shared.web.dependencies import HEADERS
from shared.web.problems import Problem
from shared.web.refusals import components, refusals

_TWIN = "/-/"
_BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def document(app: FastAPI) -> dict[str, Any]:
    """The contract of ``app``'s API.

    The first sentence of a route's docstring is its summary and the rest its description;
    the problems that it may answer with follow from what it asks for and says.

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
        _twin(_TWIN + str(place), reader.model)
        for place, reader in enumerate(map(_body_reader, routes))
        if reader is not None
    ]
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        tags=app.openapi_tags,
        routes=[*routes, *twins, _twin(_TWIN, Problem)],
    )
    found["components"]["responses"] = components()
    found["components"].setdefault("securitySchemes", {})["bearer"] = dict(_BEARER)
    paths: dict[str, Any] = found["paths"]
    del paths[_TWIN]
    for place, route in enumerate(routes):
        twin = paths.pop(_TWIN + str(place), None)
        for method in route.methods or ():
            operation = paths[route.path_format or ""][method.lower()]
            if twin is not None:
                operation["requestBody"] = body = twin["put"]["requestBody"]
                _show_examples(
                    body["content"]["application/json"],
                    found["components"]["schemas"],
                    _body_reader(route),
                )
            row = app.state.policy[f"{method} {route.path_format}"]
            _complete(operation, route, row, app.state.gate.opening(row.operation))
    for unused in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(unused, None)
    return found


def _complete(
    operation: dict[str, Any], route: RouteContext, row: Row, scopes: Sequence[str]
) -> None:
    """Put in what FastAPI does not see: words, headers, scopes, and the refusals that can come."""
    words = inspect.getdoc(route.endpoint) or ""
    _say(operation, words)
    asks = list(_calls(route.dependant))
    headers = [HEADERS[call] for call in asks if call in HEADERS]
    if headers:
        operation.setdefault("parameters", []).extend(headers)
    answers: dict[str, Any] = operation["responses"]
    answers.pop("422", None)
    if not row.is_public:
        # One of the scopes is enough; they are asked of partners' clients alone.
        operation["security"] = [{"bearer": [scope]} for scope in scopes] or [{"bearer": []}]
    answers |= refusals(
        operation,
        asks,
        row,
        checks_parameters=_checks_parameters(route.dependant),
        words=f"{words} {operation.get('description', '')}",
    )


def _show_examples(
    content: dict[str, Any], schemas: dict[str, Any], reader: BodyReader | None
) -> None:
    """Show the route's own example; or name the body's where it has several.

    Readers see only the first of a schema's.
    """
    if reader is not None and reader.example is not None:
        content["example"] = dict(reader.example)
        return
    examples = list(_examples(content["schema"], schemas))
    names = {name for name, _ in examples}
    if len(names) < len(examples) or "" in names:
        examples = [(f"example-{at}", each) for at, (_, each) in enumerate(examples, 1)]
    if len(examples) > 1:
        content["examples"] = {name: {"value": each} for name, each in examples}


def _examples(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Those of a schema and its alternatives, each under the word in its first required field."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    for each in schema.get("examples", ()):
        name, *_ = schema.get("required", [""])
        word = each.get(name) if isinstance(each, dict) else None
        yield word if isinstance(word, str) else "", each
    for each in schema.get("oneOf", ()):
        yield from _examples(each, schemas)


def _say(operation: dict[str, Any], words: str) -> None:
    """Summary and description; a description of the route's own stays beside the summary."""
    line, _, rest = words.partition("\n")
    if not line:
        return
    first, _, more = line.partition(". ")
    operation["summary"] = first.rstrip(".")
    if operation.get("description", "").strip() == words:
        operation["description"] = f"{more}\n{rest}".strip()
    if not operation.get("description"):
        operation.pop("description", None)


def _twin(path: str, model: Any) -> APIRoute:
    async def take(body: Any) -> None:
        """Never called."""

    take.__annotations__["body"] = Annotated[model, Body()]
    return APIRoute(path, take, methods=["PUT"])


def _body_reader(route: RouteContext) -> BodyReader | None:
    return next((call for call in _calls(route.dependant) if isinstance(call, BodyReader)), None)


def _checks_parameters(dependant: Dependant) -> bool:
    """Whether a parameter may be refused for its form; plain text of any kind cannot."""
    fields = (*dependant.path_params, *dependant.query_params)
    infos = (field.field_info for field in fields)
    return any(info.annotation is not str or info.metadata for info in infos) or any(
        map(_checks_parameters, dependant.dependencies)
    )


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
