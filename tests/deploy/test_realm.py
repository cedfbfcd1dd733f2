"""The realm that Keycloak reads: its roles, people and clients are those that Linkway knows."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest

from shared.identity.claims import ClaimsMap, Held, read_identity
from shared.policy import Role
from tests.deploy import realm
from tests.deploy.compose import ROOT, SERVICES, containers

ROLES = {
    "referrer",
    "link_worker",
    "team_lead",
    "provider",
    "safeguarding_lead",
    "directory_curator",
    "reporter",
    "tenant_admin",
    "operations",
    "service",
}
MAP = ClaimsMap.model_validate_json((ROOT / "deploy/identity/keycloak.json").read_text())
KEYCLOAK = containers()["keycloak"]
PUBLIC, PARTNER = "linkway-portal", "example-partner"
DEMO = {
    "demo-referrer": {"referrer@Y90001"},
    "demo-link-worker": {"link_worker@team-1"},
    "demo-team-lead": {"team_lead@team-1", "link_worker@team-1"},
    "demo-provider": {"provider@org-allotments"},
    "demo-safeguarding-lead": {"safeguarding_lead@team-1"},
    "demo-curator": {"directory_curator@org-council"},
    "demo-reporter": {"reporter@icb"},
    "demo-admin": {"tenant_admin@icb"},
    "demo-operations": {"operations@icb"},
}


def service_scopes() -> set[str]:
    """Every scope that opens an operation of some service."""
    tables = [import_module(f"services.{each}.domain.scopes").SCOPES for each in SERVICES]
    return {name for table in tables for name in table}


def test_the_realms_roles_are_linkways_and_the_mapping_takes_them_as_they_are() -> None:
    assert {role.value for role in Role} == ROLES
    assert {each["name"] for each in realm.realm()["roles"]["realm"]} == ROLES
    assert MAP.roles == {role: role for role in ROLES}


@pytest.mark.parametrize("name", DEMO)
def test_a_demo_persons_token_says_who_they_are(name: str) -> None:
    identity = read_identity(realm.access_token(PUBLIC, realm.people()[name]), MAP)
    assert {each.name for each in identity.held} == DEMO[name]
    assert {each.tenant for each in identity.held} == {"icb-demo"}
    assert (identity.subject, identity.client) == (f"id-of-{name}", PUBLIC)
    assert identity.scopes is None


def test_each_role_of_people_has_somebody_to_show_it_and_nobody_is_real() -> None:
    people = realm.people()
    assert set(people) == set(DEMO)
    assert {role for each in people.values() for role in each["realmRoles"]} == ROLES - {"service"}
    for name, each in people.items():
        assert each["email"] == f"{name}@example.org"
        assert each["firstName"] == "Demo"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_asks_with_a_token_of_one_tenant_in_the_role_of_a_service(service: str) -> None:
    account = realm.account_of(service)
    identity = read_identity(realm.access_token(service, account, "tenant:icb-demo"), MAP)
    assert list(identity.held) == [Held("service", service, "icb-demo")]
    assert (identity.client, identity.scopes) == (service, None)


def test_a_partner_is_held_to_the_scopes_it_asked_for() -> None:
    account = realm.account_of(PARTNER)
    bare = read_identity(realm.access_token(PARTNER, account), MAP)
    assert list(bare.held) == [Held("referrer", "Y90001", "icb-demo")]
    assert bare.scopes == frozenset({"tenant:icb-demo"})
    asked = read_identity(realm.access_token(PARTNER, account, "referrals:write"), MAP)
    assert asked.scopes == frozenset({"tenant:icb-demo", "referrals:write"})


def test_every_token_is_meant_for_linkway_and_nothing_else() -> None:
    assert realm.access_token(PUBLIC, realm.people()["demo-referrer"])["aud"] == "linkway"
    for client in (*SERVICES, PARTNER):
        assert realm.access_token(client, realm.account_of(client))["aud"] == "linkway"


def test_an_access_token_holds_no_name_and_no_address() -> None:
    for name, person in realm.people().items():
        text = json.dumps(realm.access_token(PUBLIC, person)).replace(f"id-of-{name}", "")
        assert not any(person[each] in text for each in ("email", "firstName", "lastName"))


def test_the_realm_knows_the_scopes_of_the_services_and_no_others() -> None:
    offered = {name for name in realm.scopes() if ":" in name and not name.startswith("tenant:")}
    assert offered == service_scopes()
    assert set(realm.clients()[PARTNER]["optionalClientScopes"]) <= offered


def test_clients_are_the_portal_the_services_and_a_partner() -> None:
    assert set(realm.clients()) == {PUBLIC, *SERVICES, PARTNER}
    assert MAP.own_clients == frozenset({PUBLIC, *SERVICES})


def test_the_portal_signs_people_in_by_code_with_pkce_and_knows_no_secret() -> None:
    portal = realm.clients()[PUBLIC]
    assert portal["publicClient"] is True
    assert portal["attributes"]["pkce.code.challenge.method"] == "S256"
    assert all(each.startswith("http://127.0.0.1:") for each in portal["redirectUris"])
    assert not any("*" in each for each in portal["redirectUris"])


@pytest.mark.parametrize("client", [*SERVICES, PARTNER])
def test_other_clients_speak_for_themselves_alone_by_a_secret(client: str) -> None:
    told = realm.clients()[client]
    assert (told["publicClient"], told["serviceAccountsEnabled"]) == (False, True)
    assert told["standardFlowEnabled"] is False


@pytest.mark.parametrize("client", [PUBLIC, *SERVICES, PARTNER])
def test_no_client_takes_passwords_or_tokens_in_addresses(client: str) -> None:
    told = realm.clients()[client]
    assert told["directAccessGrantsEnabled"] is False
    assert told["implicitFlowEnabled"] is False


def test_no_secret_stands_in_the_file_and_keycloak_gets_each_one() -> None:
    secrets = [each["secret"] for each in realm.realm()["clients"] if "secret" in each]
    secrets += [
        each["value"] for person in realm.people().values() for each in person["credentials"]
    ]
    assert all(each.startswith("${LINKWAY_") and each.endswith("}") for each in secrets)
    assert realm.variables() == {
        name for name in KEYCLOAK["environment"] if name.startswith("LINKWAY_")
    }


def test_a_secret_given_reaches_keycloak_and_the_client_that_uses_it() -> None:
    given = containers({"LINKWAY_NOTIFICATIONS_CLIENT_SECRET": "a-secret"})
    assert {name for name, each in given.items() if "a-secret" in str(each)} == {
        "keycloak",
        "notifications",
    }
    assert given["notifications"]["environment"]["LINKWAY_CLIENT_ID"] == "notifications"


def test_nobody_says_themselves_where_they_work() -> None:
    (provider,) = realm.realm()["components"]["org.keycloak.userprofile.UserProfileProvider"]
    profile: dict[str, Any] = json.loads(provider["config"]["kc.user.profile.config"][0])
    edits = {each["name"]: each["permissions"]["edit"] for each in profile["attributes"]}
    assert edits["organisation"] == edits["tenant"] == ["admin"]
    assert "unmanagedAttributePolicy" not in profile


def test_the_services_trust_the_realm_by_the_name_it_has_in_its_tokens() -> None:
    (trusted,) = json.loads((ROOT / "deploy/identity/issuers.json").read_text())
    assert (
        trusted["issuer"]
        == realm.ISSUER
        == KEYCLOAK["environment"]["KC_HOSTNAME"] + ("/realms/linkway")
    )
    assert trusted["jwks"].startswith("http://keycloak:8080/realms/linkway/")
    assert trusted["algorithms"] == [realm.realm()["defaultSignatureAlgorithm"]]
    assert (ROOT / "deploy/identity" / trusted["claims"]).exists()
    for service in SERVICES:
        own = containers()[service]
        assert own["environment"]["LINKWAY_ISSUERS"] == "/identity/issuers.json"
        assert "./deploy/identity:/identity:ro" in own["volumes"]


def test_keycloak_reads_the_realm_and_cannot_change_it() -> None:
    assert KEYCLOAK["volumes"] == [
        "./deploy/identity/realm.json:/opt/keycloak/data/import/realm.json:ro"
    ]
    assert "--import-realm" in KEYCLOAK["command"]
