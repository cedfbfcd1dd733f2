"""The operations API of a service: whose it is, and what it names."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from services.outcomes.app import create_app
from services.outcomes.settings import Settings
from shared.devissuer import DevIssuer
from shared.testing import free_port, serving
from tests.conftest import ServiceEnv


@pytest.fixture
async def outcomes(
    service_env: ServiceEnv, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """Outcomes on a real database, while Kafka is away."""
    away = {"LINKWAY_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}"}
    for name, value in (service_env("outcomes") | away).items():
        monkeypatch.setenv(name, value)
    async with serving(create_app(Settings.model_validate({}))) as client:
        yield client


def bearer(issuer: DevIssuer, role: str) -> dict[str, str]:
    token = issuer.issue(subject="u-1", role=role, organisation="icb", tenant="icb-demo")
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("role", ["link_worker", "service", "tenant_admin", "reporter"])
async def test_only_operations_may_look(
    outcomes: httpx.AsyncClient, issuer: DevIssuer, role: str
) -> None:
    assert (await outcomes.get("/ops/parts")).status_code == 401
    assert (await outcomes.get("/ops/parts", headers=bearer(issuer, role))).status_code == 403


async def test_the_parts_are_named_as_mongodb_and_kafka_know_them(
    outcomes: httpx.AsyncClient, issuer: DevIssuer, topic_prefix: str
) -> None:
    answer = await outcomes.get("/ops/parts", headers=bearer(issuer, "operations"))

    said = answer.json()
    assert answer.status_code == 200
    assert said["service"] == "outcomes"
    assert said["collections_with_outbox"] == ["erasures", "plans"]
    assert {"plans", "cases", "cells", "ledgers"} <= set(said["collections"])
    assert [group["group"] for group in said["groups"]] == [
        f"{topic_prefix}outcomes",
        f"{topic_prefix}outcomes-reports",
    ]
    listens = said["groups"][0]["topics"]
    assert list(listens) == [f"{topic_prefix}referral-events"]
    assert "referral-created" in listens[f"{topic_prefix}referral-events"]
