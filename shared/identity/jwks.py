"""An issuer's public keys (JWKS, RFC 7517), fetched when needed and kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import jwt
import structlog
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from shared.errors import Unauthenticated, Unavailable

FRESH_SECONDS = 600.0
"""After these, known keys are looked at again; a withdrawn key then stops counting."""
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


class Keys:
    """The issuer's public keys by ``kid``, from a URL or a file, fetched when needed."""

    def __init__(self, source: str, algorithms: Sequence[str]) -> None:
        self._source = source
        self._algorithms = algorithms
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
            await asyncio.shield(self.fetching())
            age = time.monotonic() - self._fetched_at
        elif age > FRESH_SECONDS:
            self.fetching()
        key = self._by_id.get(key_id)
        if key is not None and age <= _TRUSTED_SECONDS:
            return key
        if self._failed:
            raise Unavailable("The token issuer's keys cannot be fetched; try again shortly.")
        raise Unauthenticated(
            "The bearer token is signed with a key that its issuer does not publish.",
            {"error": "invalid_token"},
        )

    async def count(self) -> int:
        """How many usable keys the issuer publishes. Raises Unavailable where none can be had."""
        await asyncio.shield(self.fetching())
        if self._failed or not self._by_id:
            raise Unavailable("The token issuer's keys cannot be fetched; try again shortly.")
        return len(self._by_id)

    def fetching(self) -> asyncio.Task[None]:
        """The fetch under way, or else the last if it is recent, or else a new one.

        Made-up key ids must not become a flood of requests to the issuer.
        """
        if self._fetch is None or (self._fetch.done() and time.monotonic() >= self._next_fetch):
            self._fetch = asyncio.create_task(self._refresh())
        return self._fetch

    async def _refresh(self) -> None:
        try:
            keys = self._signing_keys(await self._read())
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

    def _signing_keys(self, document: bytes) -> dict[str, jwt.PyJWK]:
        """The usable keys of a JWKS; others in it are passed over."""
        keys = {}
        for entry in _KEY_SET.validate_json(document)["keys"]:
            if entry.get("use", "sig") != "sig":
                continue
            try:
                key = jwt.PyJWK(entry)
            except jwt.PyJWTError:
                continue  # of a kind this library cannot read: no token of ours is signed with it
            if key.key_id and key.algorithm_name in self._algorithms:
                keys[key.key_id] = key
        if not keys:
            raise ValueError("no key with a key id for " + ", ".join(self._algorithms))
        return keys
