"""Tokens: which are taken, which are refused, and for how long one is remembered."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from shared import auth
from shared.auth import Authenticator
from shared.devissuer import DevIssuer
from shared.errors import Unauthenticated
from shared.settings import ServiceSettings
from tests.shared.tokens import (
    ACTOR,
    DAY,
    ISSUER,
    OTHER_KEY,
    authenticator,
    b64,
    claims,
    jwk,
    raw,
    token,
    withdraw,
)


async def test_a_good_token_gives_the_actor_it_names(keys_file: Path) -> None:
    assert await authenticator(keys_file).authenticate(token()) == ACTOR


async def test_the_development_issuers_tokens_have_the_shape_of_real_ones(
    issuer: DevIssuer, tmp_path: Path
) -> None:
    settings = ServiceSettings(
        service="garden",
        mongo_uri="unused",
        kafka_bootstrap="unused",
        jwks=str(issuer.write_jwks(tmp_path / "dev.json")),
        issuer=issuer.issuer,
    )
    issued = issuer.issue(
        subject="lw-7", role="link_worker", organisation="team-1", tenant="icb-demo"
    )
    assert await Authenticator(settings).authenticate(issued) == ACTOR


@pytest.mark.parametrize(
    ("algorithm", "key", "public"),
    [
        (
            "RS256",
            (made := rsa.generate_private_key(65537, 2048)),
            RSAAlgorithm.to_jwk(made.public_key(), as_dict=True),
        ),
        (
            "EdDSA",
            (ed := ed25519.Ed25519PrivateKey.generate()),
            OKPAlgorithm.to_jwk(ed.public_key(), as_dict=True),
        ),
    ],
    ids=["RS256", "EdDSA"],
)
async def test_issuers_may_sign_with_rsa_or_edwards_keys(
    tmp_path: Path, algorithm: str, key: Any, public: dict[str, Any]
) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [{**public, "kid": "k1"}]}))
    assert await authenticator(file).authenticate(token(key=key, algorithm=algorithm)) == ACTOR


def _public_key_as_secret() -> str:
    """The classic confusion: HS256 with the published key as the shared secret."""
    header, payload = b64(b'{"alg":"HS256","kid":"k1"}'), b64(json.dumps(claims()).encode())
    secret = json.dumps(jwk()).encode()
    signature = hmac.digest(secret, f"{header}.{payload}".encode(), hashlib.sha256)
    return f"{header}.{payload}.{b64(signature)}"


def _tampered() -> str:
    header, _, signature = token().split(".")
    payload = b64(json.dumps(claims(role="tenant_admin")).encode())
    return f"{header}.{payload}.{signature}"


BAD = {
    "unsigned": (
        raw(b'{"alg":"none","kid":"k1"}', json.dumps(claims()).encode()), "must be signed with"),
    "unsigned, oddly spelt": (
        raw(b'{"alg":"nOnE","kid":"k1"}', json.dumps(claims()).encode()), "must be signed with"),
    "public key as secret": (_public_key_as_secret(), "must be signed with"),
    "algorithm of another kind of key": (
        token(key=made, algorithm="RS256"), "another algorithm"),
    "other key, known key id": (token(key=OTHER_KEY), "signature"),
    "changed after signing": (_tampered(), "signature"),
    "signature cut off": (token().rpartition(".")[0] + ".", "signature"),
    "other audience": (token(aud="elsewhere"), "(aud)"),
    "other issuer": (token(iss="https://issuer.example.com"), "(iss)"),
    "expired": (token(exp=int(time.time()) - 31), "expired"),
    "not valid yet": (token(nbf=int(time.time()) + DAY), "not valid yet"),
    "expiry not a number": (token(exp="soon"), "cannot be read"),
    "no expiry": (token(exp=None), "'exp'"),
    "no issuer": (token(iss=None), "'iss'"),
    "no audience": (token(aud=None), "'aud'"),
    "no subject": (token(sub=None), "'sub'"),
    "no role": (token(role=None), "'role'"),
    "no organisation": (token(organisation=None), "'organisation'"),
    "no tenant": (token(tenant=None), "'tenant'"),
    "empty tenant": (token(tenant=""), "'tenant'"),
    "role not a text": (token(role=7), "'role'"),
    "several tenants": (token(tenant=["icb-demo", "icb-other"]), "more than one value"),
    "critical header not known": (
        token(headers={"crit": ["b64"], "b64": True}), "not a JSON Web Token"),
    "issued in the future": (token(iat=int(time.time()) + DAY), "not valid yet"),
    "payload not JSON": (raw(b'{"alg":"ES256","kid":"k1"}', b"{"), "cannot be read"),
    "key not published": (token(headers={"kid": "k9"}), "does not publish"),
    "no key id": (token(headers={"kid": ""}), "(kid)"),
    "another kind of token": (token(headers={"typ": "logout+jwt"}), "(typ)"),
    "not a token": ("open-sesame", "not a JSON Web Token"),
    "three dots": ("...", "not a JSON Web Token"),
    "header not JSON": (raw(b"{"), "not a JSON Web Token"),
    "header nested beyond reading": (raw(b"[" * 3000), "not a JSON Web Token"),
    "endless": ("zzzz." * 2000, "too long"),
}  # fmt: skip


@pytest.mark.parametrize(("bad", "why"), BAD.values(), ids=BAD.keys())
async def test_a_bad_token_is_refused_with_the_reason_but_never_repeated(
    keys_file: Path, bad: str, why: str
) -> None:
    with pytest.raises(Unauthenticated) as caught:
        await authenticator(keys_file).authenticate(bad)
    assert why in caught.value.detail
    assert caught.value.context == {"error": "invalid_token"}
    assert not any(part and part in str(caught.value) for part in bad.split("."))


async def test_clocks_may_differ_by_half_a_minute(keys_file: Path) -> None:
    tokens = authenticator(keys_file)
    assert await tokens.authenticate(token(exp=int(time.time()) - 25)) == ACTOR
    assert await tokens.authenticate(token(nbf=int(time.time()) + 25)) == ACTOR


async def test_a_token_seen_before_is_not_verified_again_until_it_expires(
    keys_file: Path, monkeypatch: pytest.MonkeyPatch, pass_time: Callable[[float], None]
) -> None:
    tokens, sent = authenticator(keys_file), token(exp=int(time.time()) + 60)
    assert await tokens.authenticate(sent) == ACTOR
    with monkeypatch.context() as patched:
        patched.setattr(jwt, "decode", None)
        assert await tokens.authenticate(sent) == ACTOR
        pass_time(60 + 31)
        with pytest.raises(TypeError):
            await tokens.authenticate(sent)


async def test_a_remembered_token_is_verified_again_after_five_minutes(
    keys_file: Path, pass_time: Callable[[float], None]
) -> None:
    tokens, sent = authenticator(keys_file), token()
    await tokens.authenticate(sent)
    withdraw(keys_file)
    pass_time(601)  # the key was withdrawn: known keys are looked at again after ten minutes
    await tokens.authenticate(sent)  # starts that look
    await tokens._trusted[ISSUER].keys.fetching()
    pass_time(301)
    with pytest.raises(Unauthenticated, match="does not publish"):
        await tokens.authenticate(sent)


async def test_remembered_tokens_are_bounded(
    keys_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "_REMEMBERED", 3)
    tokens = authenticator(keys_file)
    for n in range(10):
        await tokens.authenticate(token(sub=f"lw-{n}"))
    assert len(tokens._seen) == 3
