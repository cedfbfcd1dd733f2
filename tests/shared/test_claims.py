"""Claims mappings: how they are given, and tenants that follow one another."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.auth import Authenticator
from shared.devissuer import DevIssuer
from shared.errors import Unauthenticated
from shared.identity.claims import ClaimsMap, Unreadable, read_identity
from shared.identity.issuers import Succession, succeeds
from shared.settings import DEVELOPMENT_ISSUER, ServiceSettings

FLAT = {"sub": "lw-7", "role": "link_worker", "organisation": "team-1", "tenant": "icb-demo"}
OTHER = {
    "issuer": "https://other.example.org",
    "jwks": "https://other.example.org/jwks.json",
    "subject_prefix": "other-",
}


def settings(**given: Any) -> ServiceSettings:
    return ServiceSettings(
        **{
            "service": "garden",
            "mongo_uri": "mongodb://unused/?tls=true",
            "kafka_bootstrap": "unused",
            "kafka_security_protocol": "SSL",
            "jwks": "https://issuer.example.org/jwks.json",
            "issuer": "https://issuer.example.org",
            **given,
        }
    )


def test_a_claim_may_have_dots_in_its_name() -> None:
    mapping = ClaimsMap.model_validate({"tenant": "https://example.org/claims.tenant"})
    claims = {**FLAT, "https://example.org/claims.tenant": "icb-other"}
    assert read_identity(claims, mapping).held[0].tenant == "icb-other"


def test_an_organisations_tenant_goes_before_the_claim() -> None:
    mapping = ClaimsMap(tenant_of={"team-1": "icb-before"})
    assert read_identity(FLAT, mapping).held[0].tenant == "icb-before"


def test_groups_become_organisations_by_a_table_and_others_do_not_count() -> None:
    mapping = ClaimsMap(organisation="groups", organisations={"g-1": "Y90001"})
    claims = {**FLAT, "groups": ["g-9", "g-1"]}
    assert read_identity(claims, mapping).held[0].organisation == "Y90001"
    with pytest.raises(Unreadable, match="nothing that is known here"):
        read_identity({**FLAT, "groups": ["g-9"]}, mapping)


def test_without_own_clients_a_token_is_held_to_the_scopes_it_states() -> None:
    assert read_identity(FLAT, ClaimsMap()).scopes is None
    stated = read_identity({**FLAT, "scope": "referrals:read a:b"}, ClaimsMap())
    assert stated.scopes == frozenset({"referrals:read", "a:b"})


def test_roles_without_end_are_refused() -> None:
    claims = {**FLAT, "role": [f"role-{n}" for n in range(500)]}
    with pytest.raises(Unreadable, match="more roles than can be"):
        read_identity(claims, ClaimsMap())


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ('{"subject": "sub", "rolls": {}}', "Extra inputs"),
        ("{", "is not JSON"),
        ("/nowhere/claims.json", "neither JSON nor a file"),
        ('{"client": null, "own_clients": ["portal"]}', "own_clients needs client"),
        ('{"tenant": null}', "either tenant or tenant_of"),
        ('{"standings": []}', "at least 1 item"),
    ],
)
def test_a_mapping_that_cannot_be_meant_stops_the_service(given: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        settings(claims=given)


def test_a_mapping_beside_a_list_of_issuers_is_named_from_there(tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text('{"subject": "oid"}')
    file = tmp_path / "issuers.json"
    file.write_text(json.dumps([{**OTHER, "claims": "map.json"}]))
    found = settings(issuers=str(file)).trusted_issuers
    assert [each.issuer for each in found] == [
        "https://issuer.example.org",
        "https://other.example.org",
    ]
    assert [each.claims.subject for each in found] == ["sub", "oid"]


def test_an_issuer_is_stated_once() -> None:
    with pytest.raises(ValidationError, match="stated once"):
        settings(issuers=[{**OTHER, "issuer": "https://issuer.example.org"}])


def test_two_issuers_people_cannot_be_taken_for_one_another() -> None:
    with pytest.raises(ValidationError, match="subject_prefix of its own"):
        settings(issuers=[{**OTHER, "subject_prefix": ""}])
    third = {**OTHER, "issuer": "https://third.example.org"}
    with pytest.raises(ValidationError, match="subject_prefix of its own"):
        settings(issuers=[OTHER, third])


@pytest.mark.parametrize(
    ("further", "why"),
    [
        ({**OTHER, "issuer": DEVELOPMENT_ISSUER}, "development issuer"),
        ({**OTHER, "jwks": "http://other.example.org/jwks.json"}, "over https"),
    ],
)
def test_production_trusts_no_further_issuer_that_it_would_not_trust_alone(
    further: dict[str, str], why: str
) -> None:
    assert len(settings(issuers=[further]).trusted_issuers) == 2
    with pytest.raises(ValidationError, match=why):
        settings(issuers=[further], env="production")


async def test_a_production_service_refuses_the_development_issuers_tokens(
    issuer: DevIssuer, tmp_path: Path
) -> None:
    """Even where somebody put its keys among those that are trusted."""
    keys = str(issuer.write_jwks(tmp_path / "jwks.json"))
    token = issuer.issue(
        subject="lw-7", role="link_worker", organisation="team-1", tenant="icb-demo"
    )
    trusting = settings(jwks=keys, issuer=DEVELOPMENT_ISSUER)
    assert (await Authenticator(trusting).authenticate(token)).subject == "lw-7"
    strict = Authenticator(settings(jwks=keys, env="production"))
    with pytest.raises(Unauthenticated, match="another issuer"):
        await strict.authenticate(token)


MERGED = {
    "icb-a": Succession(successor="icb-ab", since=date(2026, 4, 1)),
    "icb-b": Succession(successor="icb-ab", since=date(2026, 4, 1)),
    "icb-ab": Succession(successor="icb-abc", since=date(2027, 4, 1)),
}


@pytest.mark.parametrize(
    ("tenant", "before", "today", "holds"),
    [
        ("icb-ab", "icb-a", date(2026, 3, 31), False),
        ("icb-ab", "icb-a", date(2026, 4, 1), True),
        ("icb-ab", "icb-b", date(2026, 4, 1), True),
        ("icb-a", "icb-ab", date(2026, 4, 1), False),
        ("icb-a", "icb-b", date(2026, 4, 1), False),
        ("icb-abc", "icb-a", date(2027, 3, 31), False),
        ("icb-abc", "icb-a", date(2027, 4, 1), True),
        ("icb-z", "icb-a", date(2027, 4, 1), False),
    ],
)
def test_a_tenant_stands_in_anothers_place_from_its_day_on(
    tenant: str, before: str, today: date, *, holds: bool
) -> None:
    assert succeeds(tenant, before, MERGED, today) is holds


def test_successions_in_a_circle_come_to_an_end() -> None:
    circle = {
        "icb-a": Succession(successor="icb-b", since=date(2026, 4, 1)),
        "icb-b": Succession(successor="icb-a", since=date(2026, 4, 1)),
    }
    assert not succeeds("icb-c", "icb-a", circle, date(2027, 1, 1))


async def test_a_successors_staff_read_and_write_the_predecessors_records(
    issuer: DevIssuer, tmp_path: Path
) -> None:
    tokens = Authenticator(
        settings(
            jwks=str(issuer.write_jwks(tmp_path / "jwks.json")),
            issuer=issuer.issuer,
            tenant_successions='{"icb-a": {"successor": "icb-ab", "from": "2026-04-01"}}',
        )
    )

    def token(tenant: str) -> str:
        return issuer.issue(subject="lw-7", role="team_lead", organisation="team-1", tenant=tenant)

    new = await tokens.authenticate(token("icb-ab"))
    old = await tokens.authenticate(token("icb-ab"), tenant="icb-a")
    assert (new.tenant, old.tenant) == ("icb-ab", "icb-a")
    assert (await tokens.authenticate(token("icb-ab"), tenant="icb-ab")).tenant == "icb-ab"
    for held, asked in (("icb-a", "icb-ab"), ("icb-c", "icb-a"), ("icb-ab", "icb-z")):
        with pytest.raises(Unauthenticated, match="Linkway-Tenant"):
            await tokens.authenticate(token(held), tenant=asked)
