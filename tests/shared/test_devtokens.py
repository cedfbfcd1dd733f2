from __future__ import annotations

import httpx
import jwt
import pytest

from shared.devissuer import DevIssuer
from shared.devtokens import token_app

FORM = {"grant_type": "client_credentials", "scope": "tenant:icb-a"}


async def ask(form: dict[str, str], secret: str = "right") -> httpx.Response:  # noqa: S107 - a test's
    issuer = DevIssuer()
    transport = httpx.ASGITransport(app=token_app(issuer, {"notifications": "right"}))
    async with httpx.AsyncClient(transport=transport, base_url="http://issuer") as http:
        return await http.post("/token", data=form, auth=("notifications", secret))


async def test_a_client_gets_a_token_of_a_service_in_the_tenant_it_names() -> None:
    answer = await ask(FORM)

    assert answer.status_code == 200
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert (claims["role"], claims["tenant"], claims["sub"]) == (
        "service",
        "icb-a",
        "notifications",
    )
    assert answer.json()["expires_in"] == claims["exp"] - claims["iat"] == 600


async def test_a_wrong_secret_gets_none() -> None:
    answer = await ask(FORM, "wrong")

    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({**FORM, "grant_type": "password"}, "unsupported_grant_type"),
        ({**FORM, "scope": "icb-a"}, "invalid_scope"),
        ({**FORM, "scope": "tenant:"}, "invalid_scope"),
    ],
)
async def test_what_is_asked_for_wrongly_is_named(form: dict[str, str], error: str) -> None:
    answer = await ask(form)

    assert (answer.status_code, answer.json()) == (400, {"error": error})
