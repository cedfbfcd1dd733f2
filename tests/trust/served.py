"""A service that listens on a port of this machine, with real records in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from shared.devissuer import DevIssuer
from shared.policy import EVERYONE
from shared.testing import eventually, free_port
from tests.access import records
from tests.trust.probing import SEED, Found, Prober

SERVICES = ("referral", "directory", "outcomes", "notifications")
_MAKERS = {
    "referral": records.of_referral,
    "directory": records.of_directory,
    "outcomes": records.of_outcomes,
    "notifications": records.of_notifications,
}
ENVIRONMENT = {
    "LINKWAY_GRACEFUL_SECONDS": "1",
    "LINKWAY_LOG_LEVEL": "ERROR",
    "LINKWAY_RATE_EXEMPT_ROLES": json.dumps(list(EVERYONE)),
    "LINKWAY_RATE_REFUSED": "off",
}
"""Without limits on how often one may ask: how they work is shown elsewhere."""


@dataclass(frozen=True)
class Served:
    """The service, where it listens, who may ask it, and ids of what is in it."""

    app: FastAPI
    base_url: str
    bearers: Mapping[str, list[str]]
    made: Mapping[str, str]

    @property
    def allowed(self) -> Mapping[str, tuple[str, ...]]:
        """The roles that may ask for each operation; none where it asks for no token."""
        return {row.operation: () if row.is_public else row.roles for row in self.app.state.policy}


@asynccontextmanager
async def served(service: str, issuer: DevIssuer) -> AsyncIterator[Served]:
    """``service`` in the environment there is, on a real database, while Kafka is away."""
    own = {**ENVIRONMENT, "LINKWAY_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}"}
    with pytest.MonkeyPatch.context() as changed:
        for name, value in own.items():
            changed.setenv(name, value)
        app = import_module(f"services.{service}.app").create_app()
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False)
    )
    task = asyncio.create_task(server.serve())
    bearers = {
        str(role): [_token(issuer, role, organisation) for organisation in _ORGANISATIONS]
        for role in EVERYONE
    }
    try:
        await eventually(lambda: server.started or task.done(), within=60)
        base_url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=base_url) as http:

            async def send(
                method: str, path: str, role: str, letter: str, body: Any
            ) -> httpx.Response:
                token = _token(issuer, role, records.SENDERS[letter])
                headers = {"Authorization": f"Bearer {token}"}
                content = None if body is None else json.dumps(body)
                answer = await http.request(method, path, content=content, headers=headers)
                assert answer.is_success, (method, path, answer.text)
                return answer

            made = await _MAKERS[service](app, send)
        yield Served(app, base_url, bearers, {k: v for k, v in made.items() if v})
    finally:
        server.should_exit = True
        await task


async def probe(service: str, issuer: DevIssuer, cases: int, seed: int = SEED) -> Found:
    """Start ``service`` and ask each of its operations so many times."""
    async with served(service, issuer) as running:
        prober = Prober(
            running.app.openapi(),
            running.base_url,
            bearers=running.bearers,
            allowed=running.allowed,
            made=running.made,
        )
        return await asyncio.to_thread(prober.run, cases, seed)


_ORGANISATIONS = ("team-org", "group-org", "Y90001")


def _token(issuer: DevIssuer, role: str, organisation: str) -> str:
    return issuer.issue(
        subject=f"{role}-of-{organisation}",
        role=role,
        organisation=organisation,
        tenant=records.TENANT,
    )
