"""The realm file as Keycloak reads it, and the tokens its mappers make, without Keycloak.

``access_token`` follows Keycloak's rules for the kinds of mapper the realm uses, and fails on any
other; test_keycloak.py holds it against a real Keycloak where there is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tests.deploy.compose import ROOT

FILE = ROOT / "deploy/identity/realm.json"
ISSUER = "http://127.0.0.1:8080/realms/linkway"

Named = dict[str, Any]


@cache
def realm() -> Named:
    found: Named = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def variables() -> set[str]:
    """The environment variables that the file asks for."""
    return set(re.findall(r"\$\{(\w+)\}", FILE.read_text(encoding="utf-8")))


def clients() -> dict[str, Named]:
    return {each["clientId"]: each for each in realm()["clients"]}


def people() -> dict[str, Named]:
    """Users who are people, by name."""
    users = realm()["users"]
    return {each["username"]: each for each in users if "serviceAccountClientId" not in each}


def account_of(client_id: str) -> Named:
    """The user that a client's own tokens are of."""
    (found,) = [
        each for each in realm()["users"] if each.get("serviceAccountClientId") == client_id
    ]
    assert isinstance(found, dict)
    return found


def scopes() -> dict[str, Named]:
    return {each["name"]: each for each in realm()["clientScopes"]}


def access_token(client_id: str, user: Named, *asked: str) -> dict[str, Any]:
    """The claims of an access token that the client gets for the user with these scopes."""
    client = clients()[client_id]
    assert set(asked) <= set(client["optionalClientScopes"]), "Keycloak answers invalid_scope"
    granted = [scopes()[name] for name in (*client["defaultClientScopes"], *asked)]
    claims: dict[str, Any] = {"iss": ISSUER, "typ": "Bearer", "azp": client_id}
    for source in (*granted, client):
        for mapper in source.get("protocolMappers", ()):
            for place, value in _mapped(mapper, user):
                _put(claims, place, value)
    named = [each["name"] for each in granted if _in_scope_claim(each)]
    return {**claims, "scope": " ".join(named)}


def _in_scope_claim(scope: Mapping[str, Any]) -> bool:
    return bool(scope["attributes"]["include.in.token.scope"] == "true")


def _mapped(mapper: Mapping[str, Any], user: Named) -> Iterator[tuple[str, Any]]:
    config = mapper["config"]
    if config["access.token.claim"] != "true":
        return
    match mapper["protocolMapper"]:
        case "oidc-sub-mapper":
            yield "sub", f"id-of-{user['username']}"
        case "oidc-usermodel-realm-role-mapper":
            yield config["claim.name"], [*user["realmRoles"]]
        case "oidc-audience-mapper":
            yield "aud", config["included.custom.audience"]
        case "oidc-usermodel-attribute-mapper":
            for value in user.get("attributes", {}).get(config["user.attribute"], [])[:1]:
                yield config["claim.name"], value
        case "oidc-hardcoded-claim-mapper":
            yield config["claim.name"], config["claim.value"]
        case other:
            raise AssertionError(f"{other}: say here what claims it makes")


def _put(claims: dict[str, Any], place: str, value: Any) -> None:
    *above, last = place.split(".")
    for name in above:
        claims = claims.setdefault(name, {})
    claims[last] = value
