"""The development issuer's token endpoint: client credentials, as a real issuer has it.

Services that ask each other's APIs get their tokens here in a demonstration or a test.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import unquote_plus

from fastapi import Depends, FastAPI, Form
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from shared.devissuer import DevIssuer

_LIFETIME = timedelta(minutes=10)
_SCOPE = "tenant:"
_BASIC = HTTPBasic()


def token_app(issuer: DevIssuer, clients: Mapping[str, str]) -> FastAPI:
    """``POST /token`` (RFC 6749 §4.4) for ``clients``, secrets by client id.

    The scope names the tenant, ``tenant:icb-demo``; the token has the role ``service``.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/token")
    async def give(
        client: Annotated[HTTPBasicCredentials, Depends(_BASIC)],
        grant_type: Annotated[str, Form()],
        scope: Annotated[str, Form()] = "",
    ) -> Response:
        name, secret = unquote_plus(client.username), unquote_plus(client.password)
        known = clients.get(name)
        if known is None or not secrets.compare_digest(known.encode(), secret.encode()):
            return _refused(401, "invalid_client")
        if grant_type != "client_credentials":
            return _refused(400, "unsupported_grant_type")
        if not scope.startswith(_SCOPE) or scope == _SCOPE:
            return _refused(400, "invalid_scope")
        token = issuer.issue(
            subject=name,
            role="service",
            organisation=name,
            tenant=scope.removeprefix(_SCOPE),
            lifetime=_LIFETIME,
        )
        seconds = int(_LIFETIME.total_seconds())
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": seconds,
                "scope": scope,
            },
            headers={"Cache-Control": "no-store"},
        )

    return app


def _refused(status: int, error: str) -> Response:
    return JSONResponse({"error": error}, status)
