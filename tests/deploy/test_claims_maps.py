"""The ready-made claims mappings, on tokens of each issuer's shape signed with real keys."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from shared.auth import Authenticator
from shared.cause import Actor
from shared.errors import Unauthenticated
from shared.settings import ServiceSettings
from tests.deploy.compose import ROOT

MAPS = ROOT / "deploy/identity"
CIS2 = "https://am.nhsint.example/openam/oauth2/oidc"
KEYCLOAK = "https://sso.example.org/realms/linkway"
ENTRA = "https://login.microsoftonline.example/00000000-0000-4000-8000-000000000001/v2.0"
KEYS: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
    CIS2: rsa.generate_private_key(65537, 2048),
    KEYCLOAK: rsa.generate_private_key(65537, 2048),
    ENTRA: ec.generate_private_key(ec.SECP256R1()),
}
AUDIENCES = {CIS2: "linkway-at-cis2.example", KEYCLOAK: "linkway", ENTRA: "api://linkway"}
NAMES = {CIS2: "cis2", KEYCLOAK: "keycloak", ENTRA: "entra"}


def _jwks(folder: Path, issuer: str) -> str:
    key = KEYS[issuer]
    public = (
        RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        if isinstance(key, rsa.RSAPrivateKey)
        else ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    )
    file = folder / f"{NAMES[issuer]}-keys.json"
    file.write_text(json.dumps({"keys": [{**public, "kid": "k1", "use": "sig"}]}))
    return str(file)


@pytest.fixture
def tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authenticator:
    """A service that trusts all three at once: staff by CIS2, charities by the others."""
    further = [
        {
            "issuer": issuer,
            "jwks": _jwks(tmp_path, issuer),
            "audience": AUDIENCES[issuer],
            "subject_prefix": f"{NAMES[issuer]}-",
            "claims": str(MAPS / f"{NAMES[issuer]}.json"),
        }
        for issuer in (KEYCLOAK, ENTRA)
    ]
    file = tmp_path / "issuers.json"
    file.write_text(json.dumps(further))
    for name, value in {
        "SERVICE": "garden",
        "MONGO_URI": "unused",
        "KAFKA_BOOTSTRAP": "unused",
        "ISSUER": CIS2,
        "JWKS": _jwks(tmp_path, CIS2),
        "AUDIENCE": AUDIENCES[CIS2],
        "CLAIMS": str(MAPS / "cis2.json"),
        "ISSUERS": str(file),
    }.items():
        monkeypatch.setenv(f"LINKWAY_{name}", value)
    return Authenticator(ServiceSettings.model_validate({}))


def sign(issuer: str, claims: dict[str, Any], *, by: str | None = None) -> str:
    key = KEYS[by or issuer]
    now = int(time.time())
    told = {"iss": issuer, "aud": AUDIENCES[issuer], "iat": now, "exp": now + 300, **claims}
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    return jwt.encode(told, key, algorithm, {"kid": "k1"})


def keycloak(**changed: Any) -> dict[str, Any]:
    return {
        "sub": "5b1c1d52-0f0a-4d0e-9f8c-000000000001",
        "typ": "Bearer",
        "azp": "linkway-portal",
        "acr": "1",
        "aud": ["linkway", "account"],
        "realm_access": {
            "roles": ["default-roles-linkway", "offline_access", "uma_authorization", "link_worker"]
        },
        "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
        "scope": "openid profile email",
        "organisation": "team-1",
        "tenant": "icb-demo",
        **changed,
    }


def cis2(*roles: tuple[str, str, str], **changed: Any) -> dict[str, Any]:
    return {
        "sub": "910000000001",
        "nhsid_useruid": "910000000001",
        "authentication_assurance_level": "3",
        "id_assurance_level": "3",
        "nhsid_nrbac_roles": [
            {
                "person_orgid": "555254239107",
                "person_roleid": id_,
                "org_code": organisation,
                "role_name": '"Clinical":"Clinical Provision":"Example"',
                "role_code": code,
            }
            for id_, code, organisation in roles
        ],
        "nhsid_user_orgs": [{"org_name": "FERNLEY SURGERY", "org_code": "Y90001"}],
        **changed,
    }


GP = ("555254240100", "S8000:G8000:R8000", "Y90001")
WORKER = ("555254240101", "S8000:G8000:R8003", "team-1")


def entra(**changed: Any) -> dict[str, Any]:
    return {
        "sub": "pairwise-and-so-of-no-use",
        "oid": "00000000-0000-4000-8000-0000000000ff",
        "tid": "00000000-0000-4000-8000-000000000001",
        "ver": "2.0",
        "azp": "00000000-0000-4000-8000-0000000000a1",
        "azpacr": "0",
        "scp": "access_as_user",
        "roles": ["Linkway.Provider", "Other.Admin"],
        "organisation": "org-allotments",
        **changed,
    }


async def test_staff_of_a_keycloak_realm(tokens: Authenticator) -> None:
    assert await tokens.authenticate(sign(KEYCLOAK, keycloak())) == Actor(
        subject="keycloak-5b1c1d52-0f0a-4d0e-9f8c-000000000001",
        role="link_worker",
        organisation="team-1",
        tenant="icb-demo",
        client="linkway-portal",
    )


async def test_a_partners_client_of_a_keycloak_realm_is_held_to_its_scopes(
    tokens: Authenticator,
) -> None:
    claims = keycloak(
        azp="example-partner",
        realm_access={"roles": ["referrer"]},
        scope="referrals:write directory:read",
        organisation="Y90001",
    )
    actor = await tokens.authenticate(sign(KEYCLOAK, claims))
    assert (actor.role, actor.client) == ("referrer", "example-partner")
    assert actor.scopes == frozenset({"referrals:write", "directory:read"})
    bare = await tokens.authenticate(sign(KEYCLOAK, {**claims, "scope": ""}))
    assert bare.scopes == frozenset()


async def test_a_client_role_of_a_keycloak_realm_counts_as_a_realm_role_does(
    tokens: Authenticator,
) -> None:
    claims = keycloak(
        realm_access={"roles": ["offline_access"]},
        resource_access={"linkway": {"roles": ["team_lead"]}, "other": {"roles": ["operations"]}},
    )
    assert (await tokens.authenticate(sign(KEYCLOAK, claims))).role == "team_lead"


async def test_staff_with_one_national_role(tokens: Authenticator) -> None:
    assert await tokens.authenticate(sign(CIS2, cis2(GP))) == Actor(
        subject="910000000001", role="referrer", organisation="Y90001", tenant="icb-demo"
    )


async def test_the_national_role_chosen_at_the_sign_in_counts(tokens: Authenticator) -> None:
    token = sign(CIS2, cis2(GP, WORKER, selected_roleid="555254240101"))
    actor = await tokens.authenticate(token)
    assert (actor.role, actor.organisation) == ("link_worker", "team-1")


async def test_one_of_several_national_roles_is_chosen_with_the_request(
    tokens: Authenticator,
) -> None:
    token = sign(CIS2, cis2(GP, WORKER))
    with pytest.raises(Unauthenticated, match="Linkway-Role") as caught:
        await tokens.authenticate(token)
    assert caught.value.context == {"choices": ["referrer@Y90001", "link_worker@team-1"]}
    for wanted in ("link_worker", "link_worker@team-1", "555254240101"):
        assert (await tokens.authenticate(token, role=wanted)).organisation == "team-1"
    with pytest.raises(Unauthenticated, match="Linkway-Role"):
        await tokens.authenticate(token, role="tenant_admin")


async def test_a_role_chosen_at_the_sign_in_yields_to_one_chosen_with_the_request(
    tokens: Authenticator,
) -> None:
    token = sign(CIS2, cis2(GP, WORKER, selected_roleid="555254240101"))
    assert (await tokens.authenticate(token, role="referrer")).organisation == "Y90001"


async def test_people_of_an_entra_directory(tokens: Authenticator) -> None:
    assert await tokens.authenticate(sign(ENTRA, entra())) == Actor(
        subject="entra-00000000-0000-4000-8000-0000000000ff",
        role="provider",
        organisation="org-allotments",
        tenant="icb-demo",
        client="00000000-0000-4000-8000-0000000000a1",
    )


BAD = {
    "role not known": (KEYCLOAK, keycloak(realm_access={"roles": ["superuser"]}), "no role"),
    "no roles at all": (KEYCLOAK, keycloak(realm_access={}), "'realm_access.roles'"),
    "an ID token": (KEYCLOAK, keycloak(typ="ID"), "'typ'"),
    "no organisation": (KEYCLOAK, keycloak(organisation=None), "'organisation'"),
    "two organisations": (KEYCLOAK, keycloak(organisation=["a", "b"]), "more than one value"),
    "no tenant": (KEYCLOAK, keycloak(tenant=None), "'tenant'"),
    "other directory": (ENTRA, entra(tid="00000000-0000-4000-8000-000000000002"), "'tid'"),
    "old version": (ENTRA, entra(ver="1.0"), "'ver'"),
    "no assurance": (CIS2, cis2(GP, authentication_assurance_level="1"), "assurance"),
    "unknown practice": (CIS2, cis2(("1", "S8000:G8000:R8000", "Y99999")), "tenant is not known"),
    "other job role": (CIS2, cis2(("1", "S8000:G8000:R8015", "Y90001")), "no role"),
    "roles of another shape": (CIS2, cis2(nhsid_nrbac_roles="R8000"), "'nhsid_nrbac_roles'"),
}


@pytest.mark.parametrize(("issuer", "claims", "why"), BAD.values(), ids=BAD.keys())
async def test_claims_that_do_not_say_who_acts_are_refused_with_the_claims_name(
    tokens: Authenticator, issuer: str, claims: dict[str, Any], why: str
) -> None:
    with pytest.raises(Unauthenticated, match=why):
        await tokens.authenticate(sign(issuer, claims))


async def test_one_issuers_key_does_not_speak_for_another(tokens: Authenticator) -> None:
    with pytest.raises(Unauthenticated, match="signature"):
        await tokens.authenticate(sign(CIS2, cis2(GP), by=KEYCLOAK))


async def test_one_issuers_audience_is_not_anothers(tokens: Authenticator) -> None:
    with pytest.raises(Unauthenticated, match=r"\(aud\)"):
        await tokens.authenticate(sign(KEYCLOAK, keycloak(aud=AUDIENCES[CIS2])))
