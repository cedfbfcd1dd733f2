"""Errors as problem documents (RFC 9457): the one place where a category becomes a status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.errors import FieldError, Invalid, LinkwayError, TooLarge
from shared.telemetry import current_request

MEDIA_TYPE = "application/problem+json"
_TYPES = "https://linkway.example/problems/"

_STATUS = {
    "unauthenticated": (401, "Who are you?"),
    "forbidden": (403, "Not for you"),
    "not-found": (404, "No such thing"),
    "conflict": (409, "Not in this state"),
    "contended": (409, "Changed by others meanwhile"),
    "precondition-failed": (412, "Changed since you read it"),
    "too-large": (413, "Too large"),
    "invalid": (422, "Invalid input"),
    "key-reused": (422, "Idempotency-Key used before for another request"),
    "unavailable": (503, "Unavailable for the moment"),
}
_OF_STATUS = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    409: "conflict",
    412: "precondition-failed",
    413: "too-large",
    422: "invalid",
    503: "unavailable",
}
_RETRY_AFTER = {"contended": "1", "unavailable": "2"}
"""Seconds after which the same call may well work."""


class ProblemField(BaseModel):
    """One field that was wrong. ``pointer`` is a JSON pointer into what was sent."""

    pointer: str
    reason: str


class Problem(BaseModel):
    """A problem document; members beyond these help to act on it."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    errors: list[ProblemField] | None = None


_DOCUMENT = TypeAdapter(dict[str, Any])


def problem_response(
    status: int,
    kind: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    more: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document; ``instance`` is the request's id, which the log line names too."""
    request = current_request()
    document: dict[str, Any] = {
        **(more or {}),
        "type": _TYPES + kind,
        "title": title,
        "status": status,
        "detail": detail,
    }
    if request is not None and request.request_id:
        document["instance"] = f"urn:linkway:request:{request.request_id}"
    if errors:
        document["errors"] = [{"pointer": e.pointer, "reason": e.reason} for e in errors]
    return Response(_DOCUMENT.dump_json(document), status, dict(headers or {}), MEDIA_TYPE)


def of_error(error: LinkwayError) -> Response:
    """The answer to an error raised on purpose."""
    status, title = _STATUS[error.category]
    headers = {}
    if error.category in _RETRY_AFTER:
        headers["Retry-After"] = _RETRY_AFTER[error.category]
    if status == HTTPStatus.UNAUTHORIZED:
        code = error.context.get("error")
        headers["WWW-Authenticate"] = 'Bearer realm="linkway"' + (
            f', error="{code}"' if code else ""
        )
    errors = error.errors if isinstance(error, Invalid) else ()
    return problem_response(
        status,
        error.category,
        title,
        error.detail,
        errors=errors,
        more=error.context,
        headers=headers,
    )


def internal_error() -> Response:
    """The answer when the fault is ours; says nothing of its nature."""
    return problem_response(
        500,
        "internal",
        "Our fault",
        "Something went wrong here, not with your request. It is logged under the instance named.",
    )


def too_large(most: int) -> TooLarge:
    """The body is larger than ``most`` bytes."""
    return TooLarge(f"The request body must not exceed {most} bytes.", {"max_bytes": most})


def invalid(error: ValidationError | RequestValidationError, what: str) -> Invalid:
    """Pydantic's findings on what somebody sent, without the values."""
    found = error.errors() if isinstance(error, RequestValidationError) else _bare(error)
    return Invalid(
        f"The {what} is not as it should be; see errors.",
        errors=tuple(FieldError(_pointer(each["loc"]), _why(each)) for each in found),
    )


async def on_linkway_error(_request: Request, error: Exception) -> Response:
    """Exception handler for every LinkwayError."""
    assert isinstance(error, LinkwayError)  # noqa: S101  # Starlette types handlers by Exception
    return of_error(error)
