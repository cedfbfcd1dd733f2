"""A stand-in for GOV.UK Notify on this machine: it takes text messages and letters, and sends none.

It speaks the part of Notify's REST API that Linkway uses, checks the token that the client
signs, and can be told to fail. For demonstrations and tests.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import uuid4

import jwt
import uvicorn
from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse, Response

from services.console.serving import serving_on

_TOKEN_SECONDS = 30
"""For how long a token of the client is good, as Notify has it."""

Kind = Literal["sms", "letter"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was taken; ``fields`` are what the template was filled with."""

    id: str
    kind: Kind
    to: str | None
    template_id: str
    reference: str
    sender_id: str | None
    fields: Mapping[str, str]


@dataclass
class NotifyStandIn:
    """What was taken, and how the next requests are answered.

    ``failures`` are statuses for the next so many messages, used up in order; ``status`` is
    what is said of each message when asked how it went.
    """

    service_id: str = field(default_factory=lambda: str(uuid4()))
    secret: str = field(default_factory=lambda: str(uuid4()))
    taken: list[Taken] = field(default_factory=list)
    failures: deque[int] = field(default_factory=deque)
    refused: int = 0
    status: str = "delivered"
    port: int = 0

    @property
    def api_key(self) -> str:
        """The key that the client is to be given: a name, the service and its secret."""
        return f"standin-{self.service_id}-{self.secret}"

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self) -> Mapping[str, str]:
        """What the notifications service needs to know to use it."""
        return {
            "LINKWAY_NOTIFY_API_KEY": self.api_key,
            "LINKWAY_NOTIFY_BASE_URL": self.url,
            "LINKWAY_NOTIFY_SMS_TEMPLATE_ID": "text-message",
            "LINKWAY_NOTIFY_LETTER_TEMPLATE_ID": "letter",
        }

    def app(self) -> FastAPI:
        """Its HTTP API."""
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

        @app.post("/v2/notifications/{kind}", status_code=201)
        async def take(
            kind: Kind, request: Request, authorization: Annotated[str, Header()] = ""
        ) -> Response:
            if not self._is_ours(authorization):
                return self._refuse(HTTPStatus.FORBIDDEN, "AuthError", "Invalid token")
            if self.failures:
                return self._refuse(self.failures.popleft(), "Exception", "Told to fail")
            body: dict[str, Any] = await request.json()
            message = Taken(
                id=str(uuid4()),
                kind=kind,
                to=body.get("phone_number"),
                template_id=body["template_id"],
                reference=body.get("reference") or "",
                sender_id=body.get("sms_sender_id"),
                fields=body.get("personalisation") or {},
            )
            self.taken.append(message)
            return JSONResponse({"id": message.id, "reference": message.reference}, 201)

        @app.get("/v2/notifications")
        async def find(
            reference: str = "", authorization: Annotated[str, Header()] = ""
        ) -> Response:
            if not self._is_ours(authorization):
                return self._refuse(HTTPStatus.FORBIDDEN, "AuthError", "Invalid token")
            found = [each for each in self.taken if each.reference == reference]
            return JSONResponse({"notifications": [self._shown(each) for each in found]})

        @app.get("/v2/notifications/{message_id}")
        async def read(message_id: str, authorization: Annotated[str, Header()] = "") -> Response:
            if not self._is_ours(authorization):
                return self._refuse(HTTPStatus.FORBIDDEN, "AuthError", "Invalid token")
            for each in self.taken:
                if each.id == message_id:
                    return JSONResponse(self._shown(each))
            return self._refuse(HTTPStatus.NOT_FOUND, "NoResultFound", "No result found")

        return app

    def _shown(self, message: Taken) -> Mapping[str, Any]:
        return {
            "id": message.id,
            "reference": message.reference,
            "type": message.kind,
            "status": self.status,
        }

    def _is_ours(self, authorization: str) -> bool:
        """Whether the client signed with our secret, a moment ago."""
        try:
            claims = jwt.decode(
                authorization.removeprefix("Bearer "),
                self.secret,
                algorithms=["HS256"],
                options={"require": ["iss", "iat"], "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return False
        fresh = abs(time.time() - float(claims["iat"])) <= _TOKEN_SECONDS
        return fresh and claims["iss"] == self.service_id

    def _refuse(self, status: int, error: str, message: str) -> Response:
        self.refused += 1
        fault = {"error": error, "message": message}
        return JSONResponse({"status_code": int(status), "errors": [fault]}, int(status))


@asynccontextmanager
async def notify_standin() -> AsyncIterator[NotifyStandIn]:
    """The stand-in on a free port of 127.0.0.1, for the length of a block."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        standin = NotifyStandIn(port=listening.getsockname()[1])
        config = uvicorn.Config(
            standin.app(),
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        async with serving_on(config, listening):
            yield standin
