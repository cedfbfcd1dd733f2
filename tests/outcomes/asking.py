"""Asking the running service over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from services.outcomes.store import Stores
from shared.cause import Actor
from shared.clock import Clock
from shared.devissuer import DevIssuer


@dataclass(frozen=True)
class Service:
    """The running service, asked as whoever is named."""

    client: httpx.AsyncClient
    issuer: DevIssuer
    stores: Stores
    clock: Clock

    async def get(self, path: str, actor: Actor) -> httpx.Response:
        return await self._ask("GET", path, actor)

    async def post(
        self, path: str, actor: Actor, body: Any, *, key: str = "", if_match: str = ""
    ) -> httpx.Response:
        return await self._send("POST", path, actor, body, key=key, if_match=if_match)

    async def put(
        self, path: str, actor: Actor, body: Any, *, key: str = "", if_match: str = ""
    ) -> httpx.Response:
        return await self._send("PUT", path, actor, body, key=key, if_match=if_match)

    async def _send(
        self, method: str, path: str, actor: Actor, body: Any, *, key: str, if_match: str
    ) -> httpx.Response:
        given = {"idempotency-key": key, "if-match": if_match}
        headers = {name: value for name, value in given.items() if value}
        return await self._ask(method, path, actor, json=body, headers=headers)

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


def faults(answer: httpx.Response) -> dict[str, str]:
    """What a 422 finds wrong, by field."""
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    return {fault["pointer"]: fault["reason"] for fault in answer.json()["errors"]}
