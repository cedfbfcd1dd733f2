"""Keys that sign webhooks: made here, kept encrypted, and shown to the subscriber once.

Standard Webhooks 1.0: ``v1`` is HMAC-SHA256 with a shared secret (``whsec_``), ``v1a`` is
Ed25519 with a key of our own (``whsk_``), whose public half (``whpk_``) checks it.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr
from standardwebhooks import Webhook

from services.notifications.domain import Signature, SigningKey

_KEY_BYTES = 32
"""Of an HMAC secret; Standard Webhooks: 24 to 64."""


class Keyring:
    """Makes, opens and uses signing keys.

    ``keys`` are Fernet keys (32 bytes in URL-safe base64): the first encrypts, all of them
    decrypt. To change them put the new one first; drop the old one when no secret made under
    it signs any more. Raises ValueError for a key of another form.
    """

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._box = MultiFernet([Fernet(key.get_secret_value()) for key in keys])

    def make(self, key_id: str, signature: Signature) -> SigningKey:
        """A new key, its secret half sealed."""
        if signature == "hmac":
            return SigningKey(
                id=key_id, signature=signature, sealed=self._seal(secrets.token_bytes(_KEY_BYTES))
            )
        own = Ed25519PrivateKey.generate()
        return SigningKey(
            id=key_id,
            signature=signature,
            sealed=self._seal(own.private_bytes_raw()),
            public=_text("whpk_", own.public_key().public_bytes_raw()),
        )

    def secret(self, key: SigningKey) -> str | None:
        """What the subscriber needs to keep: the shared secret; None where there is none."""
        return _text("whsec_", self._open(key)) if key.signature == "hmac" else None

    def sign(self, keys: Sequence[SigningKey], message_id: str, at: datetime, body: str) -> str:
        """The ``webhook-signature`` header: a signature by each key, with spaces between."""
        return " ".join(self._sign(key, message_id, at, body) for key in keys)

    def _sign(self, key: SigningKey, message_id: str, at: datetime, body: str) -> str:
        raw = self._open(key)
        if key.signature == "hmac":
            return Webhook(raw).sign(message_id, at, body)
        signed = Ed25519PrivateKey.from_private_bytes(raw).sign(
            f"{message_id}.{int(at.timestamp())}.{body}".encode()
        )
        return _text("v1a,", signed)

    def _seal(self, raw: bytes) -> str:
        return self._box.encrypt(raw).decode()

    def _open(self, key: SigningKey) -> bytes:
        return self._box.decrypt(key.sealed.encode())


def _text(prefix: str, raw: bytes) -> str:
    return prefix + b64encode(raw).decode()
