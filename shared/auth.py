"""Bearer tokens: JSON Web Tokens checked against the issuer's published keys (JWKS)."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import jwt
import structlog
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from shared.cause import Actor
from shared.errors import Unauthenticated, Unavailable
from shared.settings import ServiceSettings

ALGORITHMS = ("ES256", "RS256", "EdDSA")
"""Asymmetric only: a public key can then never be taken for a shared secret."""

_CLAIMS = ("exp", "iss", "aud", "sub", "role", "organisation", "tenant")
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_LEEWAY = 30.0
"""Seconds that the issuer's clock and ours may differ."""
_LONGEST_TOKEN = 8_192
_REMEMBERED = 10_000
_REMEMBERED_SECONDS = 300.0
_FRESH_SECONDS = 600.0
"""A withdrawn key stops counting after these two together, while the issuer answers."""
_TRUSTED_SECONDS = 86_400.0
"""How long known keys go on counting while the issuer cannot be reached."""
_REFETCH_SECONDS = 10.0
_RETRY_SECONDS = 1.0
"""The soonest next fetch after one that worked, and after one that failed."""
_FETCH_TIMEOUT = 5.0

log = structlog.get_logger("auth")


class _KeySet(TypedDict):
    keys: list[dict[str, Any]]


_KEY_SET = TypeAdapter(_KeySet)


class Authenticator:
    """Turns bearer tokens into Actors; keeps keys and lately seen tokens in memory."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._issuer = settings.issuer
        self._audience = settings.audience
        self._keys = _Keys(settings.jwks)
        self._seen: dict[bytes, tuple[Actor, float]] = {}

    async def authenticate(self, token: str) -> Actor:
        """Who the token speaks for.

        Raises Unauthenticated, saying what is wrong with it, or Unavailable when the
        issuer's keys cannot be had.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._seen.get(digest)
        if known is not None and time.time() < known[1]:
            return known[0]
        if len(token) > _LONGEST_TOKEN:
            raise _refused("is too long")
        claims = self._verified(token, await self._keys.find(_key_id(token)))
        actor = _actor(claims)
        self._remember(digest, actor, float(claims["exp"]))
        return actor

    def _verified(self, token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": list(_CLAIMS)},
            )
        except jwt.MissingRequiredClaimError as error:
            raise _refused(f"lacks the claim {error.claim!r}") from None
        except jwt.PyJWTError as error:
            raise _refused(_reason(error)) from None

    def _remember(self, digest: bytes, actor: Actor, expires: float) -> None:
        if len(self._seen) >= _REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        until = min(expires + _LEEWAY, time.time() + _REMEMBERED_SECONDS)
        self._seen[digest] = (actor, until)


class _Keys:
    """The issuer's public keys by ``kid``, from a URL or a file, fetched when needed."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._by_id: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._next_fetch = float("-inf")
        self._failed = False
        self._fetch: asyncio.Task[None] | None = None

    async def find(self, key_id: str) -> jwt.PyJWK:
        """The key of that id; fetches when it is unknown or the keys are getting old.

        Raises Unauthenticated if the issuer does not publish it, Unavailable if that
        cannot be told.
        """
        age = time.monotonic() - self._fetched_at
        if key_id not in self._by_id or age > _TRUSTED_SECONDS:
            await asyncio.shield(self._fetching())
            age = time.monotonic() - self._fetched_at
        elif age > _FRESH_SECONDS:
            self._fetching()
        key = self._by_id.get(key_id)
        if key is not None and age <= _TRUSTED_SECONDS:
            return key
        if self._failed:
            raise Unavailable("The token issuer's keys cannot be fetched; try again shortly.")
        raise _refused("is signed with a key that its issuer does not publish")

    def _fetching(self) -> asyncio.Task[None]:
        """The fetch under way, or else the last if it is recent, or else a new one.

        Made-up key ids must not become a flood of requests to the issuer.
        """
        if self._fetch is None or (self._fetch.done() and time.monotonic() >= self._next_fetch):
            self._fetch = asyncio.create_task(self._refresh())
        return self._fetch

    async def _refresh(self) -> None:
        try:
            keys = _signing_keys(await self._read())
        except (httpx.HTTPError, OSError, ValueError) as error:
            self._failed = True
            self._next_fetch = time.monotonic() + _RETRY_SECONDS
            log.warning("keys-not-fetched", reason=type(error).__name__)
        else:
            self._by_id, self._failed = keys, False
            self._fetched_at = time.monotonic()
            self._next_fetch = self._fetched_at + _REFETCH_SECONDS

    async def _read(self) -> bytes:
        if not self._source.startswith(("http://", "https://")):
            return await asyncio.to_thread(Path(self._source).read_bytes)
        async with httpx.AsyncClient(timeout=_FETCH_TIMEOUT) as client:
            answer = await client.get(self._source)
        return answer.raise_for_status().content


def _signing_keys(document: bytes) -> dict[str, jwt.PyJWK]:
    """The usable keys of a JWKS (RFC 7517); others in it are passed over."""
    keys = {}
    for entry in _KEY_SET.validate_json(document)["keys"]:
        if entry.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(entry)
        except jwt.PyJWTError:
            continue  # of a kind this library cannot read, so no token of ours is signed with it
        if key.key_id and key.algorithm_name in ALGORITHMS:
            keys[key.key_id] = key
    if not keys:
        raise ValueError("no key with a key id for " + ", ".join(ALGORITHMS))
    return keys


def _key_id(token: str) -> str:
    """The key the token says it is signed with; nothing in it is to be believed yet."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, RecursionError):
        raise _refused("is not a JSON Web Token") from None
    if header.get("alg") not in ALGORITHMS:
        raise _refused(f"must be signed with one of {', '.join(ALGORITHMS)}")
    if str(header.get("typ", "JWT")).lower() not in _TYPES:
        raise _refused("is not an access token (typ)")
    key_id = header.get("kid")
    if not key_id:
        raise _refused("does not say which key signed it (kid)")
    return str(key_id)


def _actor(claims: Mapping[str, Any]) -> Actor:
    parts = {
        field: claims[claim]
        for field, claim in (
            ("subject", "sub"),
            ("role", "role"),
            ("organisation", "organisation"),
            ("tenant", "tenant"),
        )
    }
    for claim, value in parts.items():
        if not isinstance(value, str) or not value:
            raise _refused(f"has no text in the claim {claim!r}")
    return Actor(**parts)


def _reason(error: jwt.PyJWTError) -> str:
    for kind, reason in (
        (jwt.ExpiredSignatureError, "has expired"),
        (jwt.ImmatureSignatureError, "is not valid yet (nbf or iat)"),
        (jwt.InvalidAudienceError, "is not meant for this service (aud)"),
        (jwt.InvalidIssuerError, "comes from another issuer (iss)"),
        (jwt.InvalidSignatureError, "has a signature that does not verify"),
        (jwt.InvalidAlgorithmError, "is signed with another algorithm than its key's"),
    ):
        if isinstance(error, kind):
            return reason
    return "has a part that cannot be read"


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated(f"The bearer token {why}.", {"error": "invalid_token"})
