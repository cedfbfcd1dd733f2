"""A master key in HashiCorp Vault or OpenBao, by the HTTP API of their transit engine.

The key is made there (``vault write -f transit/keys/linkway type=aes256-gcm96``) and turned
there (``vault write -f transit/keys/linkway/rotate``); it cannot be read. One request takes
a whole batch. Source of paths and shapes: the transit secrets engine's API documentation.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from shared.errors import Unavailable
from shared.vault.service import KeyRefused

_PASSING = frozenset({412, 429, 472, 473, 500, 502, 503, 504})
"""Statuses that say "not now": standby, sealed, throttled, or not yet in step (412)."""

_TIMEOUT = 5.0


class TransitMasterKeys:
    """One named key of a transit engine.

    ``token`` is asked for each request, as an agent may renew it in its file. ``transport`` is
    httpx's own where it is not given.
    """

    def __init__(
        self,
        url: str,
        key: str,
        token: Callable[[], str],
        *,
        mount: str = "transit",
        namespace: str | None = None,
    ) -> None:
        self._key = key
        self._token = token
        self._headers = {"X-Vault-Request": "true"}
        if namespace:
            self._headers["X-Vault-Namespace"] = namespace
        self._http = httpx.AsyncClient(
            base_url=f"{url.rstrip('/')}/v1/{mount}/", timeout=_TIMEOUT, trust_env=False
        )

    async def wrap(self, keys: Sequence[bytes]) -> Sequence[str]:
        """Encrypt each with the newest version of the key."""
        batch = [{"plaintext": b64encode(key).decode()} for key in keys]
        results = await self._batch("encrypt", batch)
        refused = next((each for each in results if not each.get("ciphertext")), None)
        if refused is not None:
            raise Unavailable("The key service did not wrap a data key.")
        return [str(each["ciphertext"]) for each in results]

    async def unwrap(self, wrapped: Sequence[str]) -> Sequence[bytes | KeyRefused]:
        """Decrypt each."""
        results = await self._batch("decrypt", [{"ciphertext": each} for each in wrapped])
        return [
            b64decode(each["plaintext"])
            if each.get("plaintext")
            else KeyRefused("The key service does not open a data key.")
            for each in results
        ]

    async def rewrap(self, wrapped: Sequence[str]) -> Sequence[str | KeyRefused]:
        """Encrypt each anew with the newest version, without seeing it."""
        results = await self._batch("rewrap", [{"ciphertext": each} for each in wrapped])
        return [
            str(each["ciphertext"])
            if each.get("ciphertext")
            else KeyRefused("The key service does not open a data key.")
            for each in results
        ]

    async def newest(self) -> str:
        """The newest version there is, such as ``vault:v3``."""
        answer = await self._ask("GET", f"keys/{self._key}")
        return f"vault:v{answer['data']['latest_version']}"

    def version_of(self, wrapped: str) -> str:
        """The version that the ciphertext names: ``vault:v3:…``."""
        return wrapped.rpartition(":")[0]

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def _batch(self, operation: str, batch: Sequence[Mapping[str, str]]) -> list[Any]:
        if not batch:
            return []
        answer = await self._ask("POST", f"{operation}/{self._key}", {"batch_input": list(batch)})
        results = answer["data"]["batch_results"]
        if len(results) != len(batch):
            raise Unavailable("The key service answered for another number of keys.")
        return list(results)

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        try:
            answer = await self._http.request(
                method, path, json=body, headers={**self._headers, "X-Vault-Token": self._token()}
            )
        except (httpx.TransportError, OSError) as error:
            raise Unavailable(
                "The key service did not answer.", {"cause": type(error).__name__}
            ) from None
        if answer.status_code in _PASSING:
            raise Unavailable("The key service is not ready.", {"status": answer.status_code})
        # A batch of which some cannot be opened is answered with 400 and each one's outcome.
        if answer.is_success or (
            answer.status_code == httpx.codes.BAD_REQUEST and "batch_results" in answer.text
        ):
            return answer.json()
        # Nothing a caller can mend: the token, its policy or the key's name is wrong.
        raise RuntimeError(f"The key service refused {path} with status {answer.status_code}.")
