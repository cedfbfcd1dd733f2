"""Bearer tokens: JSON Web Tokens checked against their issuer's published keys (JWKS)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import jwt

from shared.cause import Actor
from shared.errors import Unauthenticated
from shared.identity.claims import Held, Identity, Unreadable, read_identity
from shared.identity.issuers import ALGORITHMS, TrustedIssuer, succeeds
from shared.identity.jwks import Keys
from shared.settings import ServiceSettings

ROLE_HEADER = "Linkway-Role"
TENANT_HEADER = "Linkway-Tenant"

_CLAIMS = ("exp", "iss", "aud", "sub")
"""Required of every token; ``nbf`` and ``iat`` are checked where they are."""
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_LEEWAY = 30.0
"""Seconds that the issuer's clock and ours may differ."""
_LONGEST_TOKEN = 8_192
_REMEMBERED = 10_000
_REMEMBERED_SECONDS = 300.0
_HERE = ZoneInfo("Europe/London")
"""Integrated care boards merge at midnight in England."""


class _Known(NamedTuple):
    identity: Identity
    actor: Actor | None
    """Who acts where the request chooses nothing; None where it must."""
    until: float


class _Trusted(NamedTuple):
    config: TrustedIssuer
    keys: Keys


class Authenticator:
    """Turns bearer tokens into Actors; keeps keys and lately seen tokens in memory."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._trusted = {
            each.issuer: _Trusted(each, Keys(each.jwks, each.algorithms))
            for each in settings.trusted_issuers
        }
        self._successions = settings.tenant_successions
        self._seen: dict[bytes, _Known] = {}

    async def authenticate(
        self, token: str, *, role: str | None = None, tenant: str | None = None
    ) -> Actor:
        """Who the token speaks for.

        ``role`` chooses among several (a role, `role@organisation` or the issuer's id of it),
        ``tenant`` a tenant in whose place theirs now stands. Raises Unauthenticated, saying
        what is wrong, or Unavailable when the issuer's keys cannot be had.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._seen.get(digest)
        if known is None or time.time() >= known.until:
            known = await self._read(token)
            self._remember(digest, known)
        if known.actor is not None and not role and not tenant:
            return known.actor
        return self._chosen(known.identity, role, tenant)

    async def reachable_keys(self) -> int:
        """How many keys its issuers publish. Raises Unavailable where an issuer's cannot be had."""
        return sum([await each.keys.count() for each in self._trusted.values()])

    def remembers(self, token: str) -> bool:
        """Whether the token was verified lately: then authenticating it costs nothing."""
        known = self._seen.get(hashlib.sha256(token.encode()).digest())
        return known is not None and time.time() < known.until

    async def _read(self, token: str) -> _Known:
        if len(token) > _LONGEST_TOKEN:
            raise _refused("is too long")
        key_id = _key_id(token)
        trusted = self._issuer_of(token)
        claims = _verified(token, await trusted.keys.find(key_id), trusted.config)
        try:
            identity = read_identity(claims, trusted.config.claims)
        except Unreadable as error:
            raise _refused(str(error)) from None
        if trusted.config.subject_prefix:
            subject = trusted.config.subject_prefix + identity.subject
            identity = replace(identity, subject=subject)
        chosen = identity.choose(None)
        actor = _actor(identity, chosen[0]) if len(chosen) == 1 else None
        until = min(float(claims["exp"]) + _LEEWAY, time.time() + _REMEMBERED_SECONDS)
        return _Known(identity, actor, until)

    def _issuer_of(self, token: str) -> _Trusted:
        """The issuer the token names, if it is trusted; whether it says true is not known yet."""
        try:
            named = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except (jwt.PyJWTError, RecursionError):
            raise _refused("has a part that cannot be read") from None
        if not named:
            raise _refused("lacks the claim 'iss'")
        trusted = self._trusted.get(named) if isinstance(named, str) else None
        if trusted is None:
            raise _refused("comes from another issuer (iss)")
        return trusted

    def _chosen(self, identity: Identity, role: str | None, tenant: str | None) -> Actor:
        found = identity.choose(role)
        if len(found) != 1:
            choices = [each.name for each in identity.held]
            raise Unauthenticated(
                f"The bearer token speaks for several roles or not for this one; name one of "
                f"choices in the header {ROLE_HEADER}.",
                {"choices": choices},
            )
        held = found[0]
        if tenant and tenant != held.tenant:
            today = datetime.fromtimestamp(time.time(), _HERE).date()
            if not succeeds(held.tenant, tenant, self._successions, today):
                raise Unauthenticated(
                    f"{TENANT_HEADER} names neither your tenant nor one that yours succeeds."
                )
            return _actor(identity, held, tenant)
        return _actor(identity, held)

    def _remember(self, digest: bytes, known: _Known) -> None:
        if len(self._seen) >= _REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        self._seen[digest] = known


def _actor(identity: Identity, held: Held, tenant: str | None = None) -> Actor:
    return Actor(
        subject=identity.subject,
        role=held.role,
        organisation=held.organisation,
        tenant=tenant or held.tenant,
        client=identity.client,
        scopes=identity.scopes,
    )


def _verified(token: str, key: jwt.PyJWK, issuer: TrustedIssuer) -> Mapping[str, Any]:
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=issuer.audiences,
            issuer=issuer.issuer,
            leeway=_LEEWAY,
            options={"require": list(_CLAIMS)},
        )
    except jwt.MissingRequiredClaimError as error:
        raise _refused(f"lacks the claim {error.claim!r}") from None
    except jwt.PyJWTError as error:
        raise _refused(_reason(error)) from None


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


_REASONS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "has expired"),
    (jwt.ImmatureSignatureError, "is not valid yet (nbf or iat)"),
    (jwt.InvalidAudienceError, "is not meant for this service (aud)"),
    (jwt.InvalidIssuerError, "comes from another issuer (iss)"),
    (jwt.InvalidSignatureError, "has a signature that does not verify"),
    (jwt.InvalidAlgorithmError, "is signed with another algorithm than its key's"),
)


def _reason(error: jwt.PyJWTError) -> str:
    return next(
        (reason for kind, reason in _REASONS if isinstance(error, kind)),
        "has a part that cannot be read",
    )


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated(f"The bearer token {why}.", {"error": "invalid_token"})
