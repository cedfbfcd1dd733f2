"""The problems an operation may answer with: which of them, and what each looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from shared.errors import (
    Conflict,
    Contended,
    FieldError,
    Forbidden,
    Invalid,
    KeyReused,
    LinkwayError,
    NotFound,
    PreconditionFailed,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from shared.policy import Row
from shared.web.dependencies import HEADERS
from shared.web.problems import INSTANCES, MEDIA_TYPE, problem, too_large

_SAYS_STATUS = re.compile(r"\b4[0-9][0-9]\b")
_REQUEST_ID = "0190c0de-0000-7000-8000-000000000001"

_EXAMPLES: Mapping[int, tuple[LinkwayError, ...]] = {
    401: (Unauthenticated("Send a bearer token in the Authorization header."),),
    403: (
        Forbidden(
            "This needs the role link_worker or team_lead.",
            {"allowed_roles": ["link_worker", "team_lead"]},
        ),
    ),
    404: (NotFound("There is no such record."),),
    409: (
        Conflict(
            "A record that is on hold does not allow complete.",
            {"current_status": "on_hold", "allowed": ["resume"]},
        ),
        Contended("Others kept changing this record at the same time; try again."),
    ),
    412: (
        PreconditionFailed(
            "The record has changed since you read it; read it again and decide anew.",
            {"current_version": 4},
        ),
    ),
    413: (too_large(65_536),),
    422: (
        Invalid(
            "The body does not have the form asked for; errors names each place.",
            errors=[FieldError("/name", "Field required")],
        ),
        KeyReused(
            "This Idempotency-Key was used before for a different request.",
            errors=[
                FieldError(
                    "/headers/Idempotency-Key",
                    "use a new key for each new request, the same key only to repeat one",
                )
            ],
        ),
    ),
    429: (
        TooMany(
            "Too many requests came from this client: 100 at once and 20 a second are allowed.",
            {"retry_after": 1, "at_once": 100, "per_second": 20},
        ),
    ),
    503: (Unavailable("The database did not answer."),),
}
_WORDS = {
    401: "There is no bearer token, or it is not good, or no longer.",
    403: "Your role, your organisation's part in this, or your scopes do not allow it.",
    404: "There is no such record for you: another's looks the same as none.",
    409: "The record's present state does not allow it; where `Retry-After` is sent, try again.",
    412: "The record is not as you read it any more: `If-Match` names an older version.",
    413: "The body is larger than this service takes.",
    422: "Something in the request is not as asked for; `errors` names each place.",
    429: "You ask more often than you may: `Retry-After` says when to go on.",
    503: "The service cannot answer just now: send the same request again, under the same key.",
}
_HEADERS = {
    401: ("WWW-Authenticate", "string", "What is wrong with the token (RFC 6750)."),
    409: ("Retry-After", "integer", "Seconds, where trying again may well work."),
    429: ("Retry-After", "integer", "Seconds after which one more request is let in."),
    503: ("Retry-After", "integer", "Seconds after which to try again."),
}
_NAMES = {
    401: "Unauthenticated",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    412: "PreconditionFailed",
    413: "TooLarge",
    422: "Invalid",
    429: "TooMany",
    503: "Unavailable",
}


def components() -> dict[str, Any]:
    """Each refusal as a response for ``components/responses``, with example documents."""
    return {name: _response(status) for status, name in _NAMES.items()}


def refusals(
    operation: Mapping[str, Any],
    asks: Sequence[Callable[..., Any]],
    row: Row,
    *,
    checks_parameters: bool,
    words: str,
) -> dict[str, Any]:
    """The refusals of an operation by status, each a reference into ``components/responses``.

    They follow from what it asks for (``asks``, its dependencies), what it takes, whom its row
    of the policy lets in, and the statuses that ``words``, what is said of it, names.
    """
    told = {int(status) for status in _SAYS_STATUS.findall(words)}
    if checks_parameters:
        told.add(422)
    found = {*_statuses(operation, asks, row), *(told & _NAMES.keys())}
    return {
        str(status): {"$ref": f"#/components/responses/{_NAMES[status]}"}
        for status in sorted(found)
    }


def _statuses(
    operation: Mapping[str, Any], asks: Sequence[Callable[..., Any]], row: Row
) -> Iterator[int]:
    headers = {str(HEADERS[call]["name"]) for call in asks if call in HEADERS}
    has_body = "requestBody" in operation
    yield 503
    if not row.is_public or "security" in operation:
        yield 401
    if not row.is_public:
        yield 403
        yield 429
    if any(each["in"] == "path" for each in operation.get("parameters", ())):
        yield 404
    if "Idempotency-Key" in headers:
        yield 409
    if "If-Match" in headers:
        yield 412
    if has_body:
        yield 413
    if has_body or headers:
        yield 422


def _response(status: int) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": _WORDS[status],
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {each.category: _shown(each) for each in _EXAMPLES[status]},
            }
        },
    }
    if status in _HEADERS:
        name, kind, words = _HEADERS[status]
        response["headers"] = {name: {"description": words, "schema": {"type": kind}}}
    return response


def _shown(error: LinkwayError) -> dict[str, Any]:
    """The problem document just as it is sent."""
    document = json.loads(bytes(problem(error).body))
    return {
        "summary": document["title"],
        "value": {**document, "instance": INSTANCES + _REQUEST_ID},
    }
