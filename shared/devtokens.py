"""The development issuer's token endpoint: client credentials, for services that call services.

OAuth 2.0 (RFC 6749, section 4.4). A real issuer has its own; this one is for demonstrations
and tests, and refuses to exist where ``LINKWAY_ENV`` says production, as its issuer does.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import unquote_plus

from fastapi import FastAPI, Form, Header
from fastapi.responses import JSONResponse

from shared.devissuer import DevIssuer

SERVICE_ROLE = "service"
SERVICE_ORGANISATION = "linkway"
LIFETIME = timedelta(minutes=10)

_TENANT = re.compile(r"tenant:([A-Za-z0-9._-]{1,64})")


def create_token_endpoint(issuer: DevIssuer, clients: Mapping[str, str]) -> FastAPI:
    """An application with ``POST /token``; ``clients`` are secrets by client id.

    ``scope=tenant:<id>`` names the one tenant the token is for. Its role is ``service``,
    its subject the client's id.
    """
    app = FastAPI(title="Development token endpoint", openapi_url=None)

    @app.post("/token")
    async def token(
        grant_type: Annotated[str, Form()] = "",
        scope: Annotated[str, Form()] = "",
        client_id: Annotated[str, Form()] = "",
        client_secret: Annotated[str, Form()] = "",
        authorization: Annotated[str, Header()] = "",
    ) -> JSONResponse:
        """A token for one tenant."""
        client, secret = _basic(authorization) or (client_id, client_secret)
        if not hmac.compare_digest(clients.get(client, "").encode(), secret.encode()) or not secret:
            return _refused(401, "invalid_client")
        if grant_type != "client_credentials":
            return _refused(400, "unsupported_grant_type")
        tenant = _TENANT.fullmatch(scope)
        if tenant is None:
            return _refused(400, "invalid_scope")
        access_token = issuer.issue(
            subject=client,
            role=SERVICE_ROLE,
            organisation=SERVICE_ORGANISATION,
            tenant=tenant[1],
            lifetime=LIFETIME,
        )
        return _answer(
            200,
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": int(LIFETIME.total_seconds()),
                "scope": scope,
            },
        )

    return app


def _basic(authorization: str) -> tuple[str, str] | None:
    """The client's id and secret from HTTP Basic (RFC 6749, section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client), unquote_plus(secret)


def _refused(status: int, error: str) -> JSONResponse:
    return _answer(status, {"error": error})


def _answer(status: int, body: Mapping[str, Any]) -> JSONResponse:
    return JSONResponse(dict(body), status, headers={"Cache-Control": "no-store"})
