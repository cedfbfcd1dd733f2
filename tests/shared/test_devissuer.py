from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from shared.devissuer import DevIssuer
from shared.errors import Forbidden


def issue(issuer: DevIssuer, lifetime: timedelta = timedelta(minutes=5)) -> str:
    return issuer.issue(
        subject="lw-1",
        role="link_worker",
        organisation="Y90001",
        tenant="icb-demo",
        lifetime=lifetime,
    )


def claims(token: str, jwks: dict[str, object]) -> dict[str, object]:
    key = jwt.PyJWKSet.from_dict(jwks).keys[0]
    decoded: dict[str, object] = jwt.decode(
        token,
        key,
        algorithms=["ES256"],
        audience="linkway",
        issuer="https://issuer.linkway.example/dev",
        options={"require": ["iss", "aud", "sub", "exp", "nbf", "iat", "jti"]},
    )
    return decoded


def test_a_token_names_the_actor_and_verifies_against_the_key_set() -> None:
    issuer = DevIssuer()
    token = issue(issuer)
    found = claims(token, issuer.jwks())
    assert found["sub"] == "lw-1"
    assert found["role"] == "link_worker"
    assert found["organisation"] == "Y90001"
    assert found["tenant"] == "icb-demo"
    assert int(str(found["exp"])) - int(str(found["iat"])) == 300


def test_a_tokens_header_tells_its_key_and_type() -> None:
    issuer = DevIssuer()
    header = jwt.get_unverified_header(issue(issuer))
    assert header == {"alg": "ES256", "kid": issuer.kid, "typ": "at+jwt"}
    assert issuer.jwks()["keys"][0]["kid"] == issuer.kid


def test_every_token_has_an_id_of_its_own() -> None:
    issuer = DevIssuer()
    first, second = (claims(issue(issuer), issuer.jwks())["jti"] for _ in range(2))
    assert first != second


def test_a_token_of_another_issuer_does_not_verify() -> None:
    with pytest.raises(jwt.InvalidSignatureError):
        claims(issue(DevIssuer()), DevIssuer().jwks())


def test_a_negative_lifetime_gives_an_expired_token() -> None:
    issuer = DevIssuer()
    with pytest.raises(jwt.ExpiredSignatureError):
        claims(issue(issuer, timedelta(seconds=-1)), issuer.jwks())


def test_the_key_set_holds_no_private_part(tmp_path: Path) -> None:
    written = json.loads(DevIssuer().write_jwks(tmp_path / "jwks.json").read_text())
    assert set(written["keys"][0]) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_a_kept_key_verifies_tokens_from_before_a_restart(tmp_path: Path) -> None:
    token = issue(DevIssuer(tmp_path))
    assert claims(token, DevIssuer(tmp_path).jwks())["sub"] == "lw-1"


def test_a_kept_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    DevIssuer(tmp_path)
    assert (tmp_path / "issuer.pem").stat().st_mode & 0o777 == 0o600


def test_it_refuses_to_exist_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKWAY_ENV", "production")
    with pytest.raises(Forbidden):
        DevIssuer()
