"""The realm on a real Keycloak: its tokens count with a real service, and say what is simulated."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
import uvicorn

from services.console.serving import serving_on
from services.directory.app import create_app
from services.directory.settings import Settings
from services.notifications.owners import OwnerAway, Owners
from shared.testing import free_port
from tests.deploy import keycloak, realm
from tests.deploy.compose import ROOT
from tests.deploy.keycloak import Keycloak

pytestmark = [
    pytest.mark.skipif(keycloak.lacking() is not None, reason=keycloak.lacking() or ""),
    pytest.mark.timeout(900),
]

SERVICE = {
    "id": "svc-1",
    "name": "Growing Together",
    "organization": {"id": "org-allotments", "name": "Fernley Allotments"},
}


@pytest.fixture(scope="module")
def issuing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    with keycloak.running(tmp_path_factory.mktemp("keycloak")) as own:
        yield own


@pytest.fixture
async def directory(
    issuing: Keycloak,
    service_env: Callable[[str], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[str]:
    """The directory, which trusts that Keycloak and no other; Kafka is away."""
    own = {
        "LINKWAY_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "LINKWAY_ISSUER": issuing.url,
        "LINKWAY_JWKS": issuing.jwks,
        "LINKWAY_CLAIMS": str(ROOT / "deploy/identity/keycloak.json"),
    }
    for name, value in (service_env("directory") | own).items():
        monkeypatch.setenv(name, value)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            create_app(Settings.model_validate({})), log_config=None, access_log=False
        )
        async with serving_on(config, listening):
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def ask(
    url: str, token: str, method: str = "GET", path: str = "/needs", **more: Any
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
    async with httpx.AsyncClient(trust_env=False, base_url=url, timeout=90) as http:
        return await http.request(method, path, headers=headers, **more)


def said(token: str) -> dict[str, Any]:
    """The claims, without those that every token has its own of."""
    claims = jwt.decode(token, options={"verify_signature": False})
    own = {"exp", "iat", "jti", "iss", "sub", "sid", "auth_time", "acr", "allowed-origins"}
    return {name: value for name, value in claims.items() if name not in own}


def simulated(client: str, user: dict[str, Any], *scopes: str) -> dict[str, Any]:
    claims = realm.access_token(client, user, *scopes)
    return {name: value for name, value in claims.items() if name not in {"iss", "sub"}}


def same(token: str, expected: dict[str, Any]) -> bool:
    """Whether they say the same; order does not matter in scopes and roles."""
    found = said(token)
    for claims in (found, expected):
        claims["scope"] = sorted(set(claims["scope"].split()) - {"openid"})
        claims["realm_access"] = sorted(claims["realm_access"]["roles"])
    assert json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)
    return True


async def test_a_partner_does_what_the_scopes_it_asked_for_open(
    issuing: Keycloak, directory: str
) -> None:
    token = issuing.client_token("example-partner", "directory:read").json()["access_token"]
    account = realm.account_of("example-partner")
    assert same(token, simulated("example-partner", account, "directory:read"))
    assert (await ask(directory, token)).status_code == 200
    refused = await ask(directory, token, "PUT", "/services", json=[SERVICE])
    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
    bare = issuing.client_token("example-partner").json()["access_token"]
    assert (await ask(directory, bare)).status_code == 403


def test_a_client_gets_no_scope_that_is_not_its_own_and_nothing_by_a_wrong_secret(
    issuing: Keycloak,
) -> None:
    other = issuing.client_token("example-partner", "messages-back:read")
    assert (other.status_code, other.json()["error"]) == (400, "invalid_scope")
    wrong = issuing.client_token("example-partner", secret="another")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "unauthorized_client")


async def test_people_sign_in_by_code_and_act_in_their_role(
    issuing: Keycloak, directory: str
) -> None:
    curator = issuing.sign_in("demo-curator")
    assert same(curator, simulated("linkway-portal", realm.people()["demo-curator"]))
    loaded = await ask(directory, curator, "PUT", "/services", json=[SERVICE])
    assert loaded.json()["results"][0]["outcome"] == "created"
    worker = issuing.sign_in("demo-link-worker")
    assert (await ask(directory, worker)).status_code == 200
    assert (await ask(directory, worker, "PUT", "/services", json=[SERVICE])).status_code == 403


async def test_who_holds_two_roles_names_one(issuing: Keycloak, directory: str) -> None:
    lead = issuing.sign_in("demo-team-lead")
    torn = await ask(directory, lead)
    assert torn.status_code == 401
    assert set(torn.json()["choices"]) == {"team_lead@team-1", "link_worker@team-1"}
    chosen = await ask(directory, lead, headers={"Linkway-Role": "link_worker"})
    assert chosen.status_code == 200


async def test_a_service_asks_another_with_a_token_of_its_own_client(
    issuing: Keycloak, directory: str
) -> None:
    curator = issuing.sign_in("demo-curator")
    await ask(directory, curator, "PUT", "/services", json=[SERVICE])

    def owners(secret: str) -> Owners:
        return Owners(
            token_url=issuing.token_url,
            client_id="notifications",
            client_secret=secret,
            referral_url=directory,
            directory_url=directory,
            timeout=timedelta(seconds=90),
        )

    link = await owners(keycloak.SECRET).confirm_link("svc-1", "icb-demo")
    assert link.url.startswith("http://127.0.0.1")
    with pytest.raises(OwnerAway):
        await owners("another").confirm_link("svc-1", "icb-demo")
    with pytest.raises(OwnerAway):
        await owners(keycloak.SECRET).confirm_link("svc-1", "icb-of-no-scope")
