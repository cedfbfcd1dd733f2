"""Master keys in a file, for development and for small installations without a key service.

The file is JSON: ``{"newest": "2026-11", "keys": {"2026-11": "<32 bytes in base64>"}}``. Old
keys stay in it until every data key was wrapped anew.
"""

from __future__ import annotations

import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.vault.service import KeyRefused

DEVELOPMENT = "development"
"""The name of the key everyone knows: never for real people's data."""

_KNOWN_TO_EVERYONE = b"linkway development master key 1"
_FORM = "local"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class LocalMasterKeys:
    """Master keys held in memory; the newest wraps, all unwrap."""

    def __init__(self, keys: Mapping[str, bytes], newest: str) -> None:
        if newest not in keys:
            raise ValueError("the newest master key is not among the keys")
        if any(len(key) != _KEY_BYTES for key in keys.values()):
            raise ValueError(f"a master key has {_KEY_BYTES} bytes")
        if any(not name or ":" in name for name in keys):
            raise ValueError("a master key's name holds no colon and is not empty")
        self._boxes = {name: AESGCM(key) for name, key in keys.items()}
        self._newest = newest

    @classmethod
    def development(cls) -> LocalMasterKeys:
        """The key everyone knows."""
        return cls({DEVELOPMENT: _KNOWN_TO_EVERYONE}, DEVELOPMENT)

    @classmethod
    def read(cls, file: Path) -> LocalMasterKeys:
        """The keys of a file. Raises ValueError saying what is wrong with it, never a key."""
        held = _held(file)
        return cls({name: _key(text) for name, text in held["keys"].items()}, held["newest"])

    async def wrap(self, keys: Sequence[bytes]) -> Sequence[str]:
        """Each key under the newest master key."""
        return [self._wrap(key) for key in keys]

    async def unwrap(self, wrapped: Sequence[str]) -> Sequence[bytes | KeyRefused]:
        """Each key, by the master key that its wrapping names."""
        return [self._unwrap(each) for each in wrapped]

    async def rewrap(self, wrapped: Sequence[str]) -> Sequence[str | KeyRefused]:
        """Each key under the newest master key instead."""
        keys = [self._unwrap(each) for each in wrapped]
        return [key if isinstance(key, KeyRefused) else self._wrap(key) for key in keys]

    async def newest(self) -> str:
        """The newest key's name."""
        return f"{_FORM}:{self._newest}"

    def version_of(self, wrapped: str) -> str:
        """The name of the key that wrapped this."""
        return wrapped.rpartition(":")[0]

    async def close(self) -> None:
        """Nothing is held open."""

    def _wrap(self, key: bytes) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._boxes[self._newest].encrypt(nonce, key, self._newest.encode())
        return f"{_FORM}:{self._newest}:{b64encode(nonce + sealed).decode()}"

    def _unwrap(self, wrapped: str) -> bytes | KeyRefused:
        form, _, rest = wrapped.partition(":")
        name, _, text = rest.partition(":")
        box = self._boxes.get(name)
        if form != _FORM or box is None:
            return KeyRefused("A data key is wrapped by a master key that is not in the file.")
        try:
            raw = b64decode(text, validate=True)
            return box.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError):
            return KeyRefused("A wrapped data key was changed.")


def add_master_key(file: Path, name: str) -> None:
    """Make a new master key, the newest of the file, which is made where there is none.

    The file is readable by its owner alone, and is never half written. Raises ValueError
    where the name is taken or the file is not one of master keys.
    """
    held: dict[str, Any] = _held(file) if file.exists() else {"keys": {}}
    if name in held["keys"]:
        raise ValueError(f"the file has a master key named {name} already")
    keys = {**held["keys"], name: b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}
    LocalMasterKeys({each: _key(text) for each, text in keys.items()}, name)
    with NamedTemporaryFile("w", dir=file.parent, delete=False) as written:
        # NamedTemporaryFile makes it with mode 0600.
        json.dump({"newest": name, "keys": keys}, written, indent=2)
        written.flush()
        os.fsync(written.fileno())
    Path(written.name).replace(file)


def _held(file: Path) -> dict[str, Any]:
    try:
        held = json.loads(file.read_text())
    except OSError as error:
        raise ValueError(f"the file of master keys cannot be read: {error.strerror}") from None
    except json.JSONDecodeError:
        raise ValueError("the file of master keys is not JSON") from None
    fits = (
        isinstance(held, dict)
        and isinstance(held.get("newest"), str)
        and isinstance(held.get("keys"), dict)
        and all(isinstance(text, str) for text in held["keys"].values())
    )
    if not fits:
        raise ValueError('the file of master keys must hold "newest" and "keys"')
    return dict(held)


def _key(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ValueError("a master key is not base64") from None
