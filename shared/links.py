"""Signed links: whoever holds one may do one thing, for a while, without an account.

A token says what it is for, about which record, and until when; it is signed, not
encrypted, so its subject must be an opaque id. It proves nothing about who uses it: what it
allows must be worth no more than the message it was sent in. Mail scanners open links, so
reading a page must change nothing; only its form acts (``shared.web.pages``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from itsdangerous import BadData, URLSafeSerializer
from pydantic import AwareDatetime, SecretStr, TypeAdapter, ValidationError

from shared.errors import NotFound
from shared.ids import new_id

_LONGEST_TOKEN = 2_048
_CLAIMS = TypeAdapter(tuple[str, str, str, AwareDatetime])


@dataclass(frozen=True, slots=True)
class Read:
    """What a token says; ``token_id`` is its own, to make its use count once."""

    subject: str
    tenant: str
    token_id: str
    expires_at: datetime


class Links:
    """Issues and reads tokens. The first of ``keys`` signs and all of them are believed.

    To change keys put the new one first, and drop the old one when its last link has
    expired. ``base`` is the address people reach the service at, such as
    ``https://directory.example.org``.
    """

    def __init__(self, keys: Sequence[SecretStr], base: str) -> None:
        if not keys:
            raise ValueError("links need at least one key")
        # itsdangerous signs with the last key of its list
        self._keys = [key.get_secret_value() for key in reversed(keys)]
        self._base = base.rstrip("/")

    def issue(self, purpose: str, subject: str, expires_at: datetime, tenant: str) -> str:
        """A token for one ``purpose``, safe in an address; another one each time.

        It holds until ``expires_at``, to the second.
        """
        expires = expires_at.astimezone(UTC).isoformat(timespec="seconds")
        token = self._serializer(purpose).dumps([subject, tenant, new_id(), expires])
        return token.decode() if isinstance(token, bytes) else token

    def read(self, token: str, purpose: str, now: datetime) -> Read:
        """What a token says.

        Raises NotFound, always in the same words, where it was not signed here, was
        changed, has expired or is for another purpose.
        """
        try:
            if len(token) > _LONGEST_TOKEN:
                raise _no_such_link()
            claims = self._serializer(purpose).loads(token)
            subject, tenant, token_id, expires_at = _CLAIMS.validate_python(claims)
        except (BadData, ValidationError):
            raise _no_such_link() from None
        if now >= expires_at:
            raise _no_such_link()
        return Read(subject, tenant, token_id, expires_at)

    def url(self, path: str, token: str) -> str:
        """The whole address of a link: ``url("confirm", token)``."""
        return f"{self._base}/{path.strip('/')}/{token}"

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        """One that signs for this purpose alone: the purpose is part of the key."""
        return URLSafeSerializer(
            self._keys,
            salt=f"linkway.link.{purpose}",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )


def _no_such_link() -> NotFound:
    return NotFound("This link does not work, or does not work any more.")
