"""Sealing one value under a data key: AES-256-GCM (NIST SP 800-38D), bound to its place.

The associated data names the place; a sealed value put anywhere else does not open. Nonces
are 96 random bits: under one person's key a few thousand values are sealed in a lifetime,
far below the 2^32 that SP 800-38D §8.3 allows.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORM = "sealed:1:"
_NONCE_BYTES = 12
_KEY_BITS = 256


class Unreadable(RuntimeError):
    """A sealed value that was changed, or lies where it does not belong."""


def new_data_key() -> bytes:
    """A fresh key of 32 random bytes."""
    return AESGCM.generate_key(_KEY_BITS)


def is_sealed(value: object) -> bool:
    """Whether this is a value as ``Opener.seal`` leaves it."""
    return isinstance(value, str) and value.startswith(_FORM)


class Opener:
    """Seals and opens values under one data key."""

    def __init__(self, key: bytes) -> None:
        self._box = AESGCM(key)

    def seal(self, value: Any, place: str) -> str:
        """A JSON value as text that only this key opens, and only as of this place."""
        nonce = os.urandom(_NONCE_BYTES)
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return _FORM + b64encode(nonce + self._box.encrypt(nonce, plain, place.encode())).decode()

    def open(self, sealed: str, place: str) -> Any:
        """The value. Raises Unreadable."""
        try:
            raw = b64decode(sealed.removeprefix(_FORM), validate=True)
            plain = self._box.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):
            raise Unreadable("A sealed field does not open under its key.") from None
        return json.loads(plain)
