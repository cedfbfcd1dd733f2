"""The referral service as its users meet it: started, with real MongoDB and Kafka behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.referral import handlers
from services.referral.app import create_app
from services.referral.settings import Settings
from services.referral.store import Stores
from shared.cause import Actor, Cause
from shared.devissuer import DevIssuer
from shared.events import EventActor, ServicePublished, ServiceRole
from shared.ids import new_id
from shared.testing import serving

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
    for name, value in service_env("referral").items():
        monkeypatch.setenv(name, value)
    settings = Settings.model_validate({})
    app = create_app(settings)
    async with serving(app) as http:
        running = Referring(http, app, issuer, settings, new_id(), new_id())
        facts = (
            published(running.team_service, "team-org", "link_worker_team"),
            published(running.group_service, "group-org", "community"),
        )
        for fact in facts:
            await handlers.note_listing(running.stores, fact, directory_cause())
        yield running


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
