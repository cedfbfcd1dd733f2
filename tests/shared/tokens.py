"""An issuer's keys and tokens, right and wrong."""

from __future__ import annotations

import base64
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from shared.auth import Authenticator
from shared.cause import Actor
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
