"""Errors as problem documents (RFC 9457): the one place where a category becomes a status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from shared.errors import FieldError, Invalid, LinkwayError, TimedOut, TooLarge
from shared.telemetry import current_request

MEDIA_TYPE = "application/problem+json"
_HOME = "https://linkway.example"
INSTANCES = f"{_HOME}/requests/"
"""Before the id of the request, in the ``instance`` of each problem."""
_MOST_ERRORS = 100
_LONGEST_NAME = 64
"""Bounds on what a sender can make us send back."""

STATUS = {
    "unauthenticated": (401, "Authentication needed"),
    "forbidden": (403, "Not allowed"),
    "not-found": (404, "Not found"),
    "conflict": (409, "Conflicts with the present state"),
    "contended": (409, "Changed by others at the same moment"),
    "precondition-failed": (412, "Changed since it was read"),
    "too-large": (413, "Request too large"),
    "invalid": (422, "Invalid request"),
    "key-reused": (422, "Idempotency-Key already used for another request"),
    "too-many": (429, "Too many requests"),
    "unavailable": (503, "Temporarily unavailable"),
}
_RETRY_AFTER = {"contended": "1", "unavailable": "2"}
"""Seconds after which the same call may well work."""


class ProblemField(BaseModel):
    """One field that was wrong."""

    pointer: str
    """JSON pointer into the body, or `/query/…`, `/path/…`, `/headers/…`."""
    reason: str


class Problem(BaseModel):
    """A problem document; members beyond these are facts that help to act on it."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: list[ProblemField] | None = None


def problem(error: LinkwayError) -> Response:
    """The answer to an error raised on purpose."""
    known = next(
        kind.category
        for kind in type(error).__mro__
        if issubclass(kind, LinkwayError) and kind.category in STATUS
    )
    status, title = STATUS[known]
    headers = {"Retry-After": _RETRY_AFTER[known]} if known in _RETRY_AFTER else {}
    code = error.context.get("error")
    if status == HTTPStatus.UNAUTHORIZED or code == "insufficient_scope":
        headers["WWW-Authenticate"] = 'Bearer realm="linkway"' + (
            f', error="{code}"' if code else ""
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = str(error.context["retry_after"])
    return _response(
        status,
        error.category,
        title,
        error.detail,
        errors=error.errors if isinstance(error, Invalid) else (),
        facts=error.context,
        headers=headers,
    )


def internal_error() -> Response:
    """The answer when the fault is ours; says nothing of its nature."""
    return _response(
        500,
        "internal",
        "Internal error",
        "Something went wrong here, not in your request; it is logged under its request id.",
    )


def too_slow(seconds: float) -> Response:
    """The answer to a request whose body did not come in time."""
    return _response(
        HTTPStatus.REQUEST_TIMEOUT,
        "request-timeout",
        "Request came too slowly",
        f"The whole request must arrive within {seconds:g} seconds.",
        headers={"Connection": "close"},
    )


def bare_problem(status: int, detail: str) -> bytes:
    """The document alone, for what is refused before it is a request."""
    phrase = HTTPStatus(status).phrase
    return bytes(_response(status, phrase.lower().replace(" ", "-"), phrase, detail).body)


def timed_out(seconds: float) -> TimedOut:
    """The request took longer than ``seconds``."""
    return TimedOut(
        f"This took longer than {seconds:g} seconds and was given up. Whether it was done is "
        "not known: send the same request again, under the same Idempotency-Key."
    )


def too_large(most: int) -> TooLarge:
    """The body is larger than ``most`` bytes."""
    return TooLarge(f"The request body must not exceed {most} bytes.", {"max_bytes": most})


def invalid_body(error: ValidationError) -> Invalid:
    """What is wrong with a body: each field and the rule it breaks, never the value."""
    return _invalid(error.errors(include_url=False, include_input=False), "body")


def install(app: FastAPI) -> None:
    """Make every error of ``app`` a problem document."""
    app.add_exception_handler(LinkwayError, _on_linkway_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


async def _on_linkway_error(_request: Request, error: Exception) -> Response:
    return problem(cast("LinkwayError", error))


async def _on_validation_error(_request: Request, error: Exception) -> Response:
    found = cast("RequestValidationError", error).errors()
    return problem(_invalid([_without_body_prefix(each) for each in found], "request"))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own: no such address, no such method there, and the like."""
    raised = cast("HTTPException", error)
    status = HTTPStatus(raised.status_code)
    kind, title = next(
        ((kind, title) for kind, (code, title) in STATUS.items() if code == status),
        (status.phrase.lower().replace(" ", "-"), status.phrase),
    )
    detail = raised.detail
    if status == HTTPStatus.NOT_FOUND and detail == status.phrase:
        detail = "There is nothing at this address."
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = "This address does not take that method; see the Allow header."
        return _response(status, kind, title, detail, headers={"Allow": _allowed(request)})
    return _response(status, kind, title, detail, headers=raised.headers)


def _allowed(request: Request) -> str:
    """Every method the address takes; Starlette names those of its first route only."""
    methods: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods.update(getattr(route, "methods", None) or ())
    return ", ".join(sorted(methods))


def _response(
    status: int,
    kind: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    document: dict[str, Any] = {
        "type": f"{_HOME}/problems/{kind}",
        "title": title,
        "status": int(status),
        "detail": detail,
    }
    request = current_request()
    if request is not None and request.request_id:
        document["instance"] = INSTANCES + request.request_id
    if errors:
        document["errors"] = [
            {"pointer": each.pointer, "reason": each.reason} for each in errors[:_MOST_ERRORS]
        ]
    body = to_json({**(facts or {}), **document}, fallback=str)
    return Response(body, int(status), headers, MEDIA_TYPE)


def _invalid(found: Iterable[Mapping[str, Any]], what: str) -> Invalid:
    return Invalid(
        f"The {what} does not have the form asked for; errors names each place.",
        errors=[FieldError(_pointer(each["loc"]), _reason(each)) for each in found],
    )


def _pointer(place: Iterable[int | str]) -> str:
    """A JSON pointer (RFC 6901)."""
    names = (str(part)[:_LONGEST_NAME] for part in place)
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _reason(found: Mapping[str, Any]) -> str:
    """Pydantic's sentence, save where that would repeat what was sent."""
    if found["type"] == "union_tag_invalid":
        return f"{found['ctx']['discriminator']} should be one of {found['ctx']['expected_tags']}"
    if found["type"] == "uuid_parsing":
        return "Input should be a valid UUID"
    return str(found["msg"]).removeprefix("Value error, ")


def _without_body_prefix(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """FastAPI's finding, placed as ours are.

    Its places begin with where a value came from; of a body that is not JSON they end with
    the character at which it stops being so.
    """
    source, *place = found["loc"]
    if found["type"] == "json_invalid":
        why = f"Invalid JSON: {found['ctx']['error']} at character {place[0]}"
        return {"type": found["type"], "loc": (), "msg": why}
    if source == "body":
        return {**found, "loc": place}
    return {**found, "loc": ({"header": "headers"}.get(source, source), *place)}
