import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from shared import auth
from shared.auth import Authenticator
from shared.cause import Actor
from shared.devissuer import DevIssuer
from shared.errors import Unauthenticated, Unavailable
from shared.identity import jwks
from shared.settings import ServiceSettings

ISSUER = "https://issuer.example.org"
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
DAY = 86_400
ACTOR = Actor(subject="lw-7", role="link_worker", organisation="team-1", tenant="icb-demo")


def jwk(key: ec.EllipticCurvePrivateKey = KEY, kid: str = "k1", **more: str) -> dict[str, Any]:
    return {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, **more}


def claims(**changed: Any) -> dict[str, Any]:
    given = {
        "iss": ISSUER,
        "aud": "linkway",
        "sub": "lw-7",
        "role": "link_worker",
        "organisation": "team-1",
        "tenant": "icb-demo",
        "exp": int(time.time()) + DAY,
        **changed,
    }
    return {name: value for name, value in given.items() if value is not None}


def token(
    *,
    key: Any = KEY,
    algorithm: str = "ES256",
    headers: dict[str, Any] | None = None,
    **changed: Any,
) -> str:
    return jwt.encode(claims(**changed), key, algorithm, {"kid": "k1", **(headers or {})})


def b64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def raw(header: bytes, payload: bytes = b"{}", signature: bytes = b"") -> str:
    return f"{b64(header)}.{b64(payload)}.{b64(signature)}"


def authenticator(jwks: str | Path) -> Authenticator:
    return Authenticator(
        ServiceSettings(
            service="garden",
            mongo_uri="unused",
            kafka_bootstrap="unused",
            jwks=str(jwks),
            issuer=ISSUER,
        )
    )


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [jwk()]}))
    return file


def withdraw(keys_file: Path) -> None:
    """The issuer signs with another key from now on."""
    keys_file.write_text(json.dumps({"keys": [jwk(OTHER_KEY, "k2")]}))


class Issuer:
    """A key server over HTTP: ``keys`` is what it publishes, None while it is broken."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] | None = [jwk()]
        self.asked = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                self.send_response(200 if issuer.keys is not None else 500)
                self.end_headers()
                self.wfile.write(json.dumps({"keys": issuer.keys}).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"


@pytest.fixture
def key_server() -> Iterator[Issuer]:
    issuer = Issuer()
    thread = Thread(target=issuer.server.serve_forever, args=(0.01,))
    thread.start()
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()
    thread.join()


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stops the clocks that shared.auth sees; they go on by what this is called with."""
    began, started, later = time.time(), time.monotonic(), 0.0

    def seconds(more: float) -> None:
        nonlocal later
        later += more

    clock = SimpleNamespace(time=lambda: began + later, monotonic=lambda: started + later)
    monkeypatch.setattr(auth, "time", clock)
    monkeypatch.setattr(jwks, "time", clock)
    return seconds


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


async def test_keys_are_fetched_once_and_again_when_the_issuer_has_a_new_one(
    key_server: Issuer, pass_time: Callable[[float], None]
) -> None:
    tokens = authenticator(key_server.url)
    await tokens.authenticate(token())
    await tokens.authenticate(token(sub="lw-8"))
    assert key_server.asked == 1
    key_server.keys = [jwk(), jwk(OTHER_KEY, "k2")]
    pass_time(11)
    new = token(key=OTHER_KEY, headers={"kid": "k2"})
    assert await tokens.authenticate(new) == ACTOR
    assert key_server.asked == 2


@pytest.mark.usefixtures("pass_time")
async def test_made_up_key_ids_do_not_flood_the_issuer(key_server: Issuer) -> None:
    tokens = authenticator(key_server.url)
    await tokens.authenticate(token())
    for n in range(50):
        with pytest.raises(Unauthenticated):
            await tokens.authenticate(token(headers={"kid": f"made-up-{n}"}))
    assert key_server.asked == 1


async def test_without_the_issuers_keys_the_service_is_unavailable_until_they_come(
    key_server: Issuer, pass_time: Callable[[float], None]
) -> None:
    key_server.keys = None
    tokens = authenticator(key_server.url)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await tokens.authenticate(token())
    assert key_server.asked == 1
    key_server.keys = [jwk()]
    pass_time(1.1)
    assert await tokens.authenticate(token()) == ACTOR


async def test_known_keys_outlast_an_issuer_that_is_away_for_hours_but_not_for_days(
    key_server: Issuer, pass_time: Callable[[float], None]
) -> None:
    tokens = authenticator(key_server.url)
    await tokens.authenticate(token())
    key_server.keys = None
    pass_time(3 * 3600)
    assert await tokens.authenticate(token(exp=int(time.time()) + 5 * DAY)) == ACTOR
    pass_time(22 * 3600)
    with pytest.raises(Unavailable):
        await tokens.authenticate(token(exp=int(time.time()) + 5 * DAY))


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        '{"keys": 3}',
        '{"keys": []}',
        '{"keys": [{"kty": "oct", "k": "AAAA", "kid": "k1"}]}',
    ],
)
async def test_a_key_set_without_a_usable_key_makes_the_service_unavailable(
    tmp_path: Path, document: str
) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(document)
    with pytest.raises(Unavailable):
        await authenticator(file).authenticate(token())


async def test_a_missing_key_file_makes_the_service_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await authenticator(tmp_path / "nowhere.json").authenticate(token())


async def test_keys_of_other_kinds_and_uses_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    others = [{"kty": "unheard-of", "kid": "k0"}, jwk(OTHER_KEY, "k1", use="enc")]
    file.write_text(json.dumps({"keys": [*others, jwk(use="sig")]}))
    assert await authenticator(file).authenticate(token()) == ACTOR
