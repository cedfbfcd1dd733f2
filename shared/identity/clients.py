"""Tokens of our own: client credentials (RFC 6749 §4.4), for services that ask each other."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote_plus

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from shared.errors import Unavailable

_MARGIN = 30.0
"""Seconds before its end at which a token is no longer used, or half its life if that is less."""


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str
    until: float


class ClientTokens:
    """One client's tokens, one for each tenant, kept until shortly before they expire.

    The tenant is asked for as the scope `tenant:<tenant>`: the development issuer knows any, at
    Keycloak each is a client scope that puts the claim in. However many ask at once, the issuer is
    asked once, and all hear of its failure.
    """

    def __init__(
        self, *, token_url: str, client_id: str, client_secret: SecretStr, timeout: timedelta
    ) -> None:
        self._url = token_url
        # RFC 6749 §2.3.1: id and secret are form-encoded before they are put together.
        self._client = (quote_plus(client_id), quote_plus(client_secret.get_secret_value()))
        self._timeout = timeout.total_seconds()
        self._tls = httpx.create_ssl_context()
        self._kept: dict[str, _Kept] = {}
        self._failed_at: dict[str, float] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def token(self, tenant: str) -> str:
        """A bearer token of the tenant. Raises Unavailable."""
        arrived = time.monotonic()
        if (token := self._good(tenant)) is not None:
            return token
        async with self._asking.setdefault(tenant, asyncio.Lock()):
            if (token := self._good(tenant)) is not None:
                return token
            if self._failed_at.get(tenant, 0.0) > arrived:
                raise Unavailable("The token issuer gave no token just now.")
            try:
                given = await self._ask(f"tenant:{tenant}")
            except Unavailable:
                self._failed_at[tenant] = time.monotonic()
                raise
            life = given.expires_in - min(_MARGIN, given.expires_in / 2)
            self._kept[tenant] = _Kept(given.access_token, time.monotonic() + life)
            return given.access_token

    def forget(self, tenant: str, token: str) -> None:
        """The token was refused: the next is a new one, unless there is one already."""
        kept = self._kept.get(tenant)
        if kept is not None and kept.token == token:
            del self._kept[tenant]

    def _good(self, tenant: str) -> str | None:
        kept = self._kept.get(tenant)
        return kept.token if kept is not None and time.monotonic() < kept.until else None

    async def _ask(self, scope: str) -> _Given:
        form = {"grant_type": "client_credentials", "scope": scope}
        try:
            # A client for each call leaves nothing open when its worker is cancelled.
            async with httpx.AsyncClient(
                verify=self._tls, trust_env=False, timeout=self._timeout
            ) as http:
                answer = await http.post(self._url, data=form, auth=self._client)
        except (httpx.HTTPError, OSError) as error:
            raise Unavailable("The token issuer cannot be reached.") from error
        if not answer.is_success:
            raise Unavailable("The token issuer gave no token.", {"status": answer.status_code})
        try:
            given = _Given.model_validate_json(answer.content)
        except ValidationError:
            # Its text would show the token.
            raise Unavailable("The token issuer answered in a way not agreed on.") from None
        if given.scope is not None and scope not in given.scope.split():
            raise Unavailable("The token issuer gave a token of another scope than was asked for.")
        return given


class _Given(BaseModel):
    """A token endpoint's answer (RFC 6749 §5.1); ``scope`` may be left out where it is as asked."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    access_token: str = Field(repr=False, min_length=1)
    token_type: str = Field(pattern="^[Bb]earer$")
    expires_in: float = Field(default=300, gt=0)
    scope: str | None = None
