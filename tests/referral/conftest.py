"""The referral service as its users meet it: started, with real MongoDB and Kafka behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from services.referral import handlers
from services.referral.app import create_app
from services.referral.settings import Settings
from services.referral.store import Stores
from shared.cause import Actor, Cause
from shared.devissuer import DevIssuer
from shared.events import EventActor, ServicePublished, ServiceRole
from shared.ids import new_id
from shared.testing import eventually, free_port, serving

TENANT = "icb-a"


@dataclass(frozen=True)
class Referring:
    """The running service, and who may call it."""

    http: httpx.AsyncClient
    app: FastAPI
    issuer: DevIssuer
    settings: Settings
    team_service: str
    group_service: str

    @property
    def stores(self) -> Stores:
        stores: Stores = self.app.state.stores
        return stores

    def as_(self, role: str, organisation: str, tenant: str = TENANT) -> Mapping[str, str]:
        """Headers with a token for someone of this role and organisation."""
        token = self.issuer.issue(
            subject=f"{role}-of-{organisation}",
            role=role,
            organisation=organisation,
            tenant=tenant,
        )
        return {"Authorization": f"Bearer {token}"}

    @property
    def practice(self) -> Mapping[str, str]:
        return self.as_("referrer", "Y90001")

    @property
    def team(self) -> Mapping[str, str]:
        return self.as_("link_worker", "team-org")

    @property
    def group(self) -> Mapping[str, str]:
        return self.as_("provider", "group-org")

    async def refer(self, **changes: object) -> httpx.Response:
        """Post an intake, with some of it changed."""
        return await self.http.post(
            "/referrals", json=intake(self.team_service) | changes, headers=self.practice
        )


def intake(service_id: str) -> dict[str, Any]:
    return {
        "kind": "intake",
        "service_id": service_id,
        "person": {
            "given_names": "Sample",
            "family_name": "Testperson",
            "birth_date": "1957-03-14",
            "contact": {"telephone": "07700 900123", "postal_code": "ZZ1 2AB"},
        },
        "need_codes": ["loneliness"],
        "reason": "Would like company.",
        "consent": {"given": True, "method": "verbal"},
    }


@pytest.fixture
async def referring(
    service_env: Callable[[str], dict[str, str]],
    issuer: DevIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Referring]:
    """The service with Kafka away, as it may be: nothing that is asked over HTTP needs it."""
    away = {
        "LINKWAY_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "LINKWAY_GRACEFUL_SECONDS": "1",
    }
    async with running(service_env("referral") | away, issuer, monkeypatch) as started:
        yield started


@pytest.fixture
async def consuming(
    service_env: Callable[[str], dict[str, str]],
    issuer: DevIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Referring]:
    """The service once it has joined its group on a real broker."""
    async with running(service_env("referral"), issuer, monkeypatch) as started:

        async def ready() -> bool:
            return (await started.http.get("/ready")).status_code == httpx.codes.OK

        await eventually(ready, within=30)
        yield started


@asynccontextmanager
async def running(
    env: Mapping[str, str], issuer: DevIssuer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Referring]:
    """The service in this environment, knowing of a team and a group."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = Settings.model_validate({})
    app = create_app(settings)
    async with serving(app) as http:
        started = Referring(http, app, issuer, settings, new_id(), new_id())
        facts = (
            published(started.team_service, "team-org", "link_worker_team"),
            published(started.group_service, "group-org", "community"),
        )
        for fact in facts:
            await handlers.note_listing(started.stores, fact, directory_cause())
        yield started


def published(service_id: str, organisation: str, role: ServiceRole) -> ServicePublished:
    return ServicePublished(
        tenant=TENANT,
        seq=1,
        occurred_at=datetime.now(UTC),
        actor=EventActor(role="directory_curator", organisation="icb"),
        service_id=service_id,
        organisation_id=organisation,
        service_role=role,
    )


def directory_cause() -> Cause:
    return Cause(
        id=new_id(),
        actor=Actor("referral", "service", "icb", TENANT),
        at=datetime.now(UTC),
        repeatable=True,
    )


@pytest.fixture
async def listening(referring: Referring, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The running service on a port, as all four, with a token that may ask it."""
    port = free_port()
    config = uvicorn.Config(
        referring.app, host="127.0.0.1", port=port, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, within=30)
    url = f"http://127.0.0.1:{port}"
    for name in ("REFERRAL", "DIRECTORY", "OUTCOMES", "NOTIFICATIONS"):
        monkeypatch.setenv(f"LINKWAY_{name}_URL", url)
    token = referring.as_("tenant_admin", "icb")["Authorization"].removeprefix("Bearer ")
    monkeypatch.setenv("LINKWAY_TOKEN", token)
    yield url
    server.should_exit = True
    await task
