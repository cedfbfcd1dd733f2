"""A token issuer for demonstrations and tests, with the token shape of a real one.

It signs for whoever asks, so it refuses to exist where ``LINKWAY_ENV`` says production.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

from shared.errors import Forbidden
from shared.ids import new_id
from shared.settings import DEVELOPMENT_ISSUER

AUDIENCE = "linkway"
KEY_FILE = "issuer.pem"


class DevIssuer:
    """Signs access tokens with an ES256 key of its own.

    ``folder`` keeps the key, so that tokens outlive a restart. Raises Forbidden where
    ``LINKWAY_ENV`` is ``production``.
    """

    issuer = DEVELOPMENT_ISSUER
    audience = AUDIENCE

    def __init__(self, folder: Path | None = None) -> None:
        if os.environ.get("LINKWAY_ENV") == "production":
            raise Forbidden("The development token issuer must not run in production.")
        self._key = generate_private_key(SECP256R1()) if folder is None else _kept_key(folder)
        public = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self.kid = _thumbprint(public)
        self._jwk = {**public, "kid": self.kid, "use": "sig", "alg": "ES256"}

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set (RFC 7517)."""
        return {"keys": [dict(self._jwk)]}

    def write_jwks(self, path: Path) -> Path:
        """Write the key set to a file and give its path back."""
        path.write_text(json.dumps(self.jwks()))
        return path

    def issue(
        self,
        *,
        subject: str,
        role: str,
        organisation: str,
        tenant: str,
        lifetime: timedelta = timedelta(hours=1),
        client: str | None = None,
        scope: str | None = None,
    ) -> str:
        """An access token (RFC 9068) for one actor; a negative lifetime gives an expired one.

        With ``scope`` it is a partner's ``client``'s, held to these scopes (spaces between).
        """
        now = datetime.now(UTC)
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "iat": now,
            "nbf": min(now, now + lifetime),
            "exp": now + lifetime,
            "jti": new_id(),
            "role": role,
            "organisation": organisation,
            "tenant": tenant,
        }
        claims |= {} if client is None else {"azp": client}
        claims |= {} if scope is None else {"scope": scope}
        headers = {"kid": self.kid, "typ": "at+jwt"}
        return jwt.encode(claims, self._key, algorithm="ES256", headers=headers)


def _kept_key(folder: Path) -> EllipticCurvePrivateKey:
    file = folder / KEY_FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pem = generate_private_key(SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        file.touch(mode=0o600)
        file.write_bytes(pem)
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise Forbidden(f"{file} does not hold an elliptic-curve key.")
    return key


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638: the same name for the same key, whoever computes it."""
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    canonical = json.dumps(required, separators=(",", ":"), sort_keys=True).encode()
    return base64url_encode(sha256(canonical).digest()).decode()
