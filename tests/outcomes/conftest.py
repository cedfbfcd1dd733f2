from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.outcomes.app import create_app
from services.outcomes.store import Plans, Stores
from shared.cause import Actor
from shared.devissuer import DevIssuer
from shared.store import Database
from shared.testing import eventually, serving


@pytest.fixture
async def stores(database: Database) -> Stores:
    own = Stores(plans=Plans(database.collection("plans")))
    await own.plans.ensure_indexes()
    return own


@pytest.fixture
def app(
    service_env: Callable[[str], Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> FastAPI:
    for name, value in service_env("outcomes").items():
        monkeypatch.setenv(name, value)
    return create_app()


@dataclass(frozen=True)
class Service:
    """The running service, asked as whoever is named."""

    client: httpx.AsyncClient
    issuer: DevIssuer
    stores: Stores

    async def get(self, path: str, actor: Actor) -> httpx.Response:
        return await self._ask("GET", path, actor)

    async def post(
        self, path: str, actor: Actor, body: Any, *, key: str = "", if_match: str = ""
    ) -> httpx.Response:
        given = {"idempotency-key": key, "if-match": if_match}
        headers = {name: value for name, value in given.items() if value}
        return await self._ask("POST", path, actor, json=body, headers=headers)

    async def _ask(
        self,
        method: str,
        path: str,
        actor: Actor,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        token = self.issuer.issue(
            subject=actor.subject,
            role=actor.role,
            organisation=actor.organisation,
            tenant=actor.tenant,
        )
        headers = {"authorization": f"Bearer {token}", **(headers or {})}
        return await self.client.request(method, path, json=json, headers=headers)


@pytest.fixture
async def service(app: FastAPI, issuer: DevIssuer) -> AsyncIterator[Service]:
    async with serving(app) as client:

        async def ready() -> bool:
            return (await client.get("/ready")).status_code == 200

        # await eventually(ready, within=30)
        yield Service(client, issuer, app.state.stores)
