"""What a route asks for besides its own parameters: who acts, the cause, the version known."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from shared.cause import Actor, Cause
from shared.errors import FieldError, Invalid
from shared.ids import derived_id, new_id
from shared.telemetry import current_request
from shared.web.access import actor_of

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_VERSION = re.compile(r'"([0-9]{1,9})"')


async def _acting(request: Request) -> Actor:
    return actor_of(request)


async def _cause(request: Request) -> Cause:
    actor = actor_of(request)
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise _bad_header("Idempotency-Key", "must be 1 to 200 visible ASCII characters")
    work = current_request()
    return Cause(
        id=new_id() if key is None else derived_id(actor.tenant, actor.subject, key),
        actor=actor,
        at=request.app.state.clock.now(),
        traceparent=work.traceparent if work else None,
        digest=None if key is None else await _digest(request),
        repeatable=key is not None,
        request_id=work.request_id if work else None,
    )


async def _if_match(request: Request) -> int | None:
    given = request.headers.get("if-match")
    if given is None or given == "*":
        return None
    found = _VERSION.fullmatch(given)
    if found is None:
        raise _bad_header("If-Match", 'must be one ETag as this service gives it, such as "3"')
    return int(found[1])


async def _present(request: Request) -> datetime:
    now: datetime = request.app.state.clock.now()
    return now


Acting = Annotated[Actor, Depends(_acting)]
"""Who makes the request, in a role that the policy lets in."""

CauseOf = Annotated[Cause, Depends(_cause)]
"""Why a record changes: this request, made by its Actor. ``Idempotency-Key`` makes it
repeatable: its id and the ids of what it creates are then the same each time.
"""

Present = Annotated[datetime, Depends(_present)]
"""The time as the service's own clock has it, for a route that only looks."""

IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version the sender read, by ``If-Match``; None for ``*`` or where it is not sent."""

HEADERS: dict[Callable[..., object], dict[str, object]] = {
    _cause: {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "A key of your own: the same request sent again under it changes "
        "nothing and gets the first answer.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    },
    _if_match: {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "The ETag you read: the change is made only if it is still current.",
        "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,9}")$'},
    },
}
"""How the headers that these dependencies read appear in OpenAPI."""


def etag(version: int) -> str:
    """A record's version as the ``ETag`` header has it."""
    return f'"{version}"'


async def _digest(request: Request) -> str:
    """What tells this request from another under the same key: method, path and body."""
    digest = hashlib.sha256(f"{request.method} {request.scope['path']}\n".encode())
    digest.update(await request.body())
    return digest.hexdigest()


def _bad_header(name: str, reason: str) -> Invalid:
    error = FieldError(f"/headers/{name.lower()}", reason)
    return Invalid(f"{name} {reason}.", errors=(error,))
