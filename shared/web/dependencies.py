"""What a route asks for besides its own parameters: who acts, the cause, the version known."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from shared.auth import Authenticator
from shared.cause import Actor, Cause
from shared.errors import FieldError, Forbidden, Invalid, Unauthenticated
from shared.ids import derived_id, new_id
from shared.telemetry import current_request

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_VERSION = re.compile(r'"(\d{1,9})"')


class _Bearer(SecurityBase):
    """The bearer token's Actor; FastAPI documents it as the routes' security scheme."""

    def __init__(self) -> None:
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "bearer"

    async def __call__(self, request: Request) -> Actor:
        return await self.actor(request)

    @staticmethod
    async def actor(request: Request) -> Actor:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Send a bearer token in the Authorization header.")
        authenticator: Authenticator = request.app.state.authenticator
        return await authenticator.authenticate(token.strip())


Acting = Annotated[Actor, Depends(_Bearer())]
"""Who makes the request. Without a good token the route is not entered: 401."""


def require_role(*roles: str) -> Callable[[Actor], Awaitable[Actor]]:
    """A dependency: the Actor, if it has one of these roles; raises Forbidden if not.

    ``actor: Annotated[Actor, Depends(require_role("team_lead"))]``
    """

    async def actor_in_role(actor: Acting) -> Actor:
        if actor.role not in roles:
            raise Forbidden(
                f"This needs the role {' or '.join(roles)}.", {"allowed_roles": list(roles)}
            )
        return actor

    return actor_in_role


async def _cause(request: Request, actor: Acting) -> Cause:
    key = request.headers.get("idempotency-key")
    work = current_request()
    return Cause(
        id=new_id() if key is None else derived_id(actor.tenant, actor.subject, _checked(key)),
        actor=actor,
        at=datetime.now(UTC),
        traceparent=work.traceparent if work else None,
        digest=None if key is None else await _digest(request),
        repeatable=key is not None,
    )


CauseOf = Annotated[Cause, Depends(_cause)]
"""Why a record changes: this request. ``Idempotency-Key`` makes it repeatable."""


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise _bad_header("Idempotency-Key", "must be 1 to 200 visible ASCII characters")
    return key


async def _digest(request: Request) -> str:
    """What tells this request from another under the same key."""
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    digest.update(await request.body())
    return digest.hexdigest()


async def _if_match(request: Request) -> int | None:
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = _VERSION.fullmatch(given.strip())
    if found is None:
        raise _bad_header("If-Match", 'must be one ETag as this service gives it, such as "3"')
    return int(found[1])


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version the sender read, by ``If-Match``; None for ``*`` or where it is not sent."""


def etag(version: int) -> str:
    """A record's version as the ``ETag`` header has it."""
    return f'"{version}"'


def _bad_header(name: str, reason: str) -> Invalid:
    error = FieldError(f"/headers/{name.lower()}", reason)
    return Invalid(f"{name} {reason}.", errors=(error,))


HEADERS = {
    _cause: {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "A key of your own, up to 200 characters: the same request sent again "
        "under it changes nothing and gets the first answer.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    _if_match: {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "The ETag you read: the change is made only if it is still current.",
        "schema": {"type": "string", "pattern": r'^(\*|"\d{1,9}")$'},
    },
}
"""How the headers that dependencies read appear in OpenAPI."""
