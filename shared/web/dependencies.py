"""What a route asks for besides its own parameters: who acts, the cause, the version known."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from shared.audit import acting
from shared.cause import Actor, Cause
from shared.errors import FieldError, Forbidden, Invalid
from shared.ids import derived_id, new_id
from shared.telemetry import current_request
from shared.web.gate import Gate

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_VERSION = re.compile(r'"([0-9]{1,9})"')


class _Bearer(SecurityBase):
    """A dependency on the bearer token, which FastAPI documents as the security scheme."""

    def __init__(self) -> None:
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "bearer"


class _Actor(_Bearer):
    async def __call__(self, request: Request) -> Actor:
        return await _actor(request)


class _Cause(_Bearer):
    """Finds the Actor itself: a dependency of its own would cost more than the token does."""

    async def __call__(self, request: Request) -> Cause:
        actor = await _actor(request)
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


_CAUSE = _Cause()

Acting = Annotated[Actor, Depends(_Actor())]
"""Who makes the request. Without a good token the route is not entered: 401."""

CauseOf = Annotated[Cause, Depends(_CAUSE)]
"""Why a record changes: this request, made by its Actor. ``Idempotency-Key`` makes it
repeatable: its id and the ids of what it creates are then the same each time.
"""

Present = Annotated[datetime, Depends(_present)]
"""The time as the service's own clock has it, for a route that only looks."""

IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version the sender read, by ``If-Match``; None for ``*`` or where it is not sent."""

HEADERS: dict[Callable[..., object], dict[str, object]] = {
    _CAUSE: {
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


class _InRole(_Bearer):
    def __init__(self, roles: Sequence[str]) -> None:
        super().__init__()
        self._roles = roles

    async def __call__(self, request: Request) -> Actor:
        actor = await _actor(request)
        if actor.role not in self._roles:
            raise Forbidden(
                f"This needs the role {' or '.join(self._roles)}.",
                {"allowed_roles": list(self._roles)},
            )
        return actor


def reads_token(call: Callable[..., object]) -> bool:
    """Whether this dependency refuses a request without a good token."""
    return isinstance(call, SecurityBase)


def lets_in(call: Callable[..., object]) -> bool:
    """Whether this dependency counts requests and heeds scopes."""
    return isinstance(call, _Bearer)


def require_role(*roles: str) -> Callable[[Request], Awaitable[Actor]]:
    """A dependency: the Actor, if it has one of these roles; raises Forbidden if not.

    ``actor: Annotated[Actor, Depends(require_role("team_lead"))]``
    """
    return _InRole(roles)


def etag(version: int) -> str:
    """A record's version as the ``ETag`` header has it."""
    return f'"{version}"'


async def _actor(request: Request) -> Actor:
    gate: Gate = request.app.state.gate
    actor = await gate.admit(request.scope)
    acting(actor)
    gate.check_scope(actor, f"{request.method} {request.scope['route'].path_format}")
    return actor


async def _digest(request: Request) -> str:
    """What tells this request from another under the same key: method, path and body."""
    digest = hashlib.sha256(f"{request.method} {request.scope['path']}\n".encode())
    digest.update(await request.body())
    return digest.hexdigest()


def _bad_header(name: str, reason: str) -> Invalid:
    error = FieldError(f"/headers/{name.lower()}", reason)
    return Invalid(f"{name} {reason}.", errors=(error,))
