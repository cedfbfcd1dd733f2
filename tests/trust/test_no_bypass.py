"""Nobody gets past the token: no setting, no environment and no forgotten route lets them.

That the development issuer cannot even be made in production: tests/shared/test_devissuer.py.
What a benchmark measures without its gate is built in the benchmark (tests/bench/unguarded.py).
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from shared.policy import EVERYONE
from tests.deploy.compose import SERVICES

REQUIRED = {
    "LINKWAY_MONGO_URI": "mongodb://127.0.0.1:1/",
    "LINKWAY_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "LINKWAY_JWKS": "unused.json",
    "LINKWAY_ISSUER": "https://issuer.example.org",
    "LINKWAY_LOG_LEVEL": "ERROR",
}
IN_PRODUCTION = {
    "LINKWAY_ENV": "production",
    "LINKWAY_KAFKA_SECURITY_PROTOCOL": "SSL",
    "LINKWAY_MONGO_URI": "mongodb://127.0.0.1:1/?tls=true",
}
LAXEST = {
    "LINKWAY_ENV": "development",
    "LINKWAY_RATE_PARTNER": "off",
    "LINKWAY_RATE_PERSON": "off",
    "LINKWAY_RATE_TENANT": "off",
    "LINKWAY_RATE_REFUSED": "off",
    "LINKWAY_RATE_EXEMPT_ROLES": json.dumps(list(EVERYONE)),
}
PUBLIC = {
    "GET /asyncapi",
    "GET /docs",
    "GET /docs/{part}",
    "GET /live",
    "GET /metrics",
    "GET /openapi.json",
    "GET /ready",
}
OTHERWISE_PROTECTED = {
    "referral": {"GET /answers/{token}", "POST /answers/{token}"},
    "directory": {"GET /confirm/{token}", "POST /confirm/{token}"},
    "outcomes": set[str](),
    "notifications": {
        "GET /confirm-subscription/{token}",
        "POST /confirm-subscription/{token}",
        "POST /notify-callbacks",
    },
}
"""By a signed link, or by the token that was agreed with GOV.UK Notify."""


def created(service: str, env: dict[str, str], changed: pytest.MonkeyPatch) -> Any:
    for name, value in (REQUIRED | env).items():
        changed.setenv(name, value)
    return import_module(f"services.{service}.app").create_app()


def switches(service: str) -> dict[str, str]:
    """Every setting that is on or off, each the other way round than it is by default."""
    fields = import_module(f"services.{service}.settings").Settings.model_fields
    return {
        f"LINKWAY_{name.upper()}": str(not field.default).lower()
        for name, field in fields.items()
        if field.annotation is bool
    }


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("turned", [False, True])
async def test_no_switch_lets_anyone_in_without_a_token(
    service: str, *, turned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = switches(service)
    assert "LINKWAY_TEST_CLOCK" in own
    app = created(service, LAXEST | (own if turned else {}), monkeypatch)
    transport = httpx.ASGITransport(app=app)
    guarded = [row.operation for row in app.state.policy if not row.is_public]
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
        for operation in guarded:
            method, path = operation.split()
            answer = await http.request(method, path)
            assert answer.status_code == 401, operation
    open_ = {row.operation for row in app.state.policy if row.is_public}
    assert open_ - PUBLIC == OTHERWISE_PROTECTED[service]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("name", ["LINKWAY_JWKS", "LINKWAY_ISSUER", "LINKWAY_AUDIENCE"])
def test_no_service_starts_that_would_trust_nobody_in_particular(
    service: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match=name.removeprefix("LINKWAY_").lower()):
        created(service, {name: ""}, monkeypatch)


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_in_production_trusts_the_development_issuer_among_others(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = {"issuer": "https://issuer.linkway.example/dev", "jwks": "unused.json"}
    env = {
        **IN_PRODUCTION,
        "LINKWAY_ISSUERS": json.dumps([{**another, "subject_prefix": "dev-"}]),
    }
    with pytest.raises(ValidationError, match="development issuer must not be trusted"):
        created(service, env, monkeypatch)


@pytest.mark.parametrize("service", SERVICES)
def test_the_test_clock_is_refused_in_production(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = {**IN_PRODUCTION, "LINKWAY_TEST_CLOCK": "true"}
    with pytest.raises(ValidationError, match="test_clock"):
        created(service, env, monkeypatch)
