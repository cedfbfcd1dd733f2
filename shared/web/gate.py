"""Who comes in: the bearer token, how often its bearer asks, and the scopes it is held to.

Everything here happens before a body is read. Limits are counted in each process: with three
replicas behind a load balancer a client may have three times as much.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv6Address

from starlette.types import Scope

from shared.auth import ROLE_HEADER, TENANT_HEADER, Authenticator
from shared.buckets import Buckets, Level
from shared.cause import Actor
from shared.errors import Forbidden, TooMany, Unauthenticated
from shared.settings import ServiceSettings

RATE = "linkway.rate"
"""In the request's scope: the Level that the answer's RateLimit headers tell."""

_AUTHORIZATION = b"authorization"
_ROLE = ROLE_HEADER.lower().encode()
_TENANT = TENANT_HEADER.lower().encode()
_WANTED = frozenset({_AUTHORIZATION, _ROLE, _TENANT})

Scopes = Mapping[str, Sequence[str]]
"""The operations (`POST /referrals`) that each scope opens to whoever is held to scopes."""


class Gate:
    """Lets requests in, or says why not."""

    def __init__(
        self, settings: ServiceSettings, scopes: Scopes, buckets: Buckets | None = None
    ) -> None:
        self._authenticator = Authenticator(settings)
        self._buckets = buckets or Buckets()
        self._partner = settings.rate_partner
        self._clients = settings.rate_clients
        self._person = settings.rate_person
        self._tenant = settings.rate_tenant
        self._refused = settings.rate_refused
        self._exempt = frozenset(settings.rate_exempt_roles)
        self._opened: dict[str, list[str]] = {}
        for name, operations in scopes.items():
            for operation in operations:
                self._opened.setdefault(operation, []).append(name)

    async def admit(self, scope: Scope) -> Actor:
        """Who asks. Raises Unauthenticated, TooMany, or Unavailable."""
        given = {name: value for name, value in scope["headers"] if name in _WANTED}
        token = _token(given.get(_AUTHORIZATION, b""))
        sender = ("refused", _address(scope))
        self._check_flood(sender, token)
        try:
            actor = await self._bearer(token, given)
        except Unauthenticated:
            if self._refused is not None:
                self._buckets.take(sender, self._refused)
            raise
        if actor.role not in self._exempt:
            self._count(actor, scope)
        return actor

    async def _bearer(self, token: str | None, given: Mapping[bytes, bytes]) -> Actor:
        if token is None:
            raise Unauthenticated("Send a bearer token in the Authorization header.")
        return await self._authenticator.authenticate(
            token, role=_text(given, _ROLE), tenant=_text(given, _TENANT)
        )

    def _check_flood(self, sender: tuple[str, str], token: str | None) -> None:
        """Refuse what floods unread; a token that was good a moment ago goes on being so."""
        if self._refused is None:
            return
        level = self._buckets.look(sender, self._refused)
        if level.wait and not (token and self._authenticator.remembers(token)):
            raise _too_many("Too many requests without a good token came from you", level)

    def check_scope(self, actor: Actor, operation: str) -> None:
        """Raise Forbidden where the token is held to scopes and none of them opens this."""
        if actor.scopes is None:
            return
        opening = self._opened.get(operation, ())
        if actor.scopes.isdisjoint(opening):
            if opening:
                raise Forbidden(
                    f"This needs the scope {' or '.join(opening)}.",
                    {"error": "insufficient_scope", "allowed_scopes": list(opening)},
                )
            raise Forbidden(
                "No scope opens this to a partner's client.", {"error": "insufficient_scope"}
            )

    def opening(self, operation: str) -> Sequence[str]:
        """The scopes that open an operation to whoever is held to scopes."""
        return tuple(self._opened.get(operation, ()))

    def check_served(self, operations: Iterable[str]) -> None:
        """Raise LookupError naming what a scope opens and no route answers to."""
        stale = sorted(self._opened.keys() - set(operations))
        if stale:
            raise LookupError(f"Scopes open what is not served: {', '.join(stale)}.")

    def _count(self, actor: Actor, scope: Scope) -> None:
        if actor.scopes is None:
            client, rate = ("person", actor.tenant, actor.subject), self._person
        else:
            name = actor.client or actor.subject
            client = ("client", actor.tenant, name)
            rate = self._clients.get(name, self._partner)
        if rate is not None:
            level = self._buckets.take(client, rate)
            if actor.scopes is not None:
                scope[RATE] = level
            if level.wait:
                raise _too_many("Too many requests came from this client", level)
        if self._tenant is not None:
            level = self._buckets.take(("tenant", actor.tenant), self._tenant)
            if level.wait:
                raise _too_many("Too many requests came from your tenant", level)


def rate_headers(level: Level) -> list[tuple[bytes, bytes]]:
    """What is left, as the IETF's RateLimit header fields have it (draft, 10th version)."""
    rate = level.rate
    full_in = math.ceil((rate.burst - level.left) / rate.per_second)
    window = math.ceil(rate.burst / rate.per_second)
    return [
        (b"ratelimit-policy", f'"client";q={rate.burst};w={window}'.encode()),
        (b"ratelimit", f'"client";r={level.left};t={full_in}'.encode()),
    ]


def _too_many(who: str, level: Level) -> TooMany:
    rate = level.rate
    seconds = max(1, math.ceil(level.wait))
    return TooMany(
        f"{who}: {rate.burst} at once and {rate.per_second:g} a second are allowed.",
        {"retry_after": seconds, "at_once": rate.burst, "per_second": rate.per_second},
    )


def _token(authorization: bytes) -> str | None:
    scheme, _, token = authorization.decode("latin-1").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _text(given: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = given.get(name)
    return None if value is None else value.decode("latin-1").strip()


def _address(scope: Scope) -> str:
    """Where it came from; of IPv6 the network that one subscriber has (RFC 6177), a /64."""
    client = scope.get("client")
    address = client[0] if client else ""
    if ":" not in address:
        return address
    try:
        return IPv6Address(address).packed[:8].hex()
    except ValueError:
        return address
