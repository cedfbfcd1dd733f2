"""The owners' APIs on this machine: a real HTTP server that answers for made-up persons."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any

import jwt
import uvicorn
from fastapi import FastAPI, Header, Query
from fastapi.responses import JSONResponse, Response

from services.console.serving import serving_on
from services.notifications.owners import Owners
from shared.devissuer import DevIssuer
from shared.devtokens import token_app

SECRET = "made-up"


def reachable(*channels: dict[str, Any], **said: Any) -> dict[str, Any]:
    """What the referral API says of someone who may be reached these ways."""
    return {
        "asked_id": "person-1",
        "person_id": "person-1",
        "suppressed": None,
        "channels": list(channels),
        "neutral_sender": False,
        "language": None,
        "safe_hours": [],
        "given_names": "Sam",
        **said,
    }


def by(channel: str, address: str, **safe: str) -> dict[str, Any]:
    return {"channel": channel, "address": address, "safe_from": None, "safe_to": None, **safe}


SMS = by("sms", "07700900123")
EMAIL = by("email", "sam@example.org")
LETTER = by("letter", "Sam Example\n1 Test Street\nZZ1 1ZZ")


@dataclass
class OwnersApi:
    """What it answers, and who asked. ``away`` makes every answer a 503."""

    url: str
    issuer: DevIssuer
    person: dict[str, Any] | None = field(default_factory=lambda: reachable(SMS))
    link_status: int = 201
    away: bool = False
    asked: list[str] = field(default_factory=list)
    tenants: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    tokens_refused: int = 0

    def owners(self, **own: Any) -> Owners:
        settings: dict[str, Any] = {
            "token_url": f"{self.url}/issuer/token",
            "client_id": "notifications",
            "client_secret": SECRET,
            "referral_url": self.url,
            "directory_url": self.url,
            "timeout": timedelta(seconds=2),
        }
        return Owners(**{**settings, **own})

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.mount("/issuer", token_app(self.issuer, {"notifications": SECRET}))

        @app.get("/reachability")
        async def reachability(
            person_id: Annotated[list[str], Query()], authorization: Annotated[str, Header()] = ""
        ) -> Response:
            self.asked.append(f"person {' '.join(person_id)}")
            if (refusal := self._refusal(authorization)) is not None:
                return refusal
            said = self.person
            items = [{**said, "asked_id": id_} for id_ in person_id] if said else []
            return JSONResponse({"items": items})

        @app.post("/referrals/{record_id}/answer-links")
        @app.post("/services/{record_id}/confirm-links")
        async def link(record_id: str, authorization: Annotated[str, Header()] = "") -> Response:
            self.asked.append(f"link {record_id}")
            if (refusal := self._refusal(authorization)) is not None:
                return refusal
            number = sum(each.startswith("link") for each in self.asked)
            answer = {
                "url": f"https://linkway.example.org/l/{number}",
                "expires_at": "2026-03-16T12:00:00+00:00",
            }
            return JSONResponse(answer, self.link_status)

        return app

    def _refusal(self, authorization: str) -> Response | None:
        if self.away:
            return JSONResponse({}, 503)
        if self.tokens_refused:
            self.tokens_refused -= 1
            return JSONResponse({}, 401)
        claims = jwt.decode(
            authorization.removeprefix("Bearer "), options={"verify_signature": False}
        )
        self.tenants.append(claims["tenant"])
        self.roles.append(claims["role"])
        return None


@asynccontextmanager
async def owners_api(issuer: DevIssuer) -> AsyncIterator[OwnersApi]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        api = OwnersApi(f"http://127.0.0.1:{listening.getsockname()[1]}", issuer)
        config = uvicorn.Config(
            api.app(),
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        async with serving_on(config, listening):
            yield api
