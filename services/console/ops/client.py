"""Asking the services' operations APIs: where they are, with which token, and what they said."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import typer

from services.console.addresses import ADDRESSES, SERVICES
from services.console.client_token import client_token
from services.console.issuer import TENANT

_FIRST_PORT = 8001
_SECONDS = 60.0
_CLIENT_ERROR = 400


class Refused(Exception):
    """A service did not do as it was asked; the sentence says which and why."""


@dataclass(frozen=True, slots=True)
class Target:
    """The services to ask, and the bearer token to ask with."""

    urls: Mapping[str, str]
    token: str


def find_target(
    *,
    folder: Path,
    urls: Mapping[str, str | None],
    token_file: Path | None,
    tenant: str,
    role: str = "operations",
) -> Target:
    """Where the services are and a token of the role *operations*, or of another ``role``.

    Addresses given come first, then what a running demo wrote into ``folder``, then the
    first four ports from 8001. The token is that of ``token_file``, of the environment
    (LINKWAY_TOKEN), of the issuer (LINKWAY_TOKEN_URL, for what runs by itself), or one signed
    with the demo's own key. Raises typer.BadParameter where there is no token to be had.
    """
    known = _written(folder / ADDRESSES)
    found = {
        service: (
            urls.get(service) or known.get(service) or f"http://127.0.0.1:{_FIRST_PORT + number}"
        ).rstrip("/")
        for number, service in enumerate(SERVICES)
    }
    if token_file is not None:
        return Target(found, token_file.read_text().strip())
    token = os.environ.get("LINKWAY_TOKEN") or client_token()
    return Target(found, token or _own_token(folder, tenant, role))


class Client:
    """Talks to the services of a target, in an ``async with`` block."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._stack = AsyncExitStack()
        self._http: httpx.AsyncClient

    async def __aenter__(self) -> Self:
        self._http = await self._stack.enter_async_context(
            httpx.AsyncClient(
                trust_env=False,
                headers={"Authorization": f"Bearer {self._target.token}"},
            )
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def services(self) -> list[str]:
        """The services there are to ask."""
        return list(self._target.urls)

    async def ask(
        self,
        service: str,
        path: str,
        *,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        seconds: float = _SECONDS,
    ) -> Any:
        """One service's answer. Raises Refused, with the service's own reason, where it gives none.

        ``params`` that are None are left out; ``seconds`` is how long to wait.
        """
        try:
            answer = await self._http.request(
                method,
                f"{self._target.urls[service]}{path}",
                params={name: each for name, each in (params or {}).items() if each is not None},
                json=body,
                timeout=seconds,
            )
        except httpx.HTTPError as error:
            raise Refused(
                f"{service} does not answer at {self._target.urls[service]} "
                f"({type(error).__name__})."
            ) from error
        if answer.status_code >= _CLIENT_ERROR:
            raise Refused(f"{service} answers {answer.status_code}: {_reason(answer)}")
        return answer.json() if answer.content else None

    async def ask_all(
        self, path: str, *, params: Mapping[str, Any] | None = None, seconds: float = _SECONDS
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """The answers of all services that gave one, and why each of the others did not."""

        async def one(service: str) -> Any:
            return await self.ask(service, path, params=params, seconds=seconds)

        said = await asyncio.gather(*map(one, self._target.urls), return_exceptions=True)
        answers: dict[str, Any] = {}
        silent: dict[str, str] = {}
        for service, each in zip(self._target.urls, said, strict=True):
            if isinstance(each, Refused):
                silent[service] = str(each)
            elif isinstance(each, BaseException):
                raise each
            else:
                answers[service] = each
        return answers, silent


def _written(file: Path) -> Mapping[str, str]:
    if not file.exists():
        return {}
    found: Mapping[str, str] = json.loads(file.read_text())
    return found


def _own_token(folder: Path, tenant: str, role: str) -> str:
    from shared.devissuer import KEY_FILE, DevIssuer
    from shared.errors import Forbidden

    if not (folder / KEY_FILE).exists():
        raise typer.BadParameter(
            f"there is no token: give --token-file, set LINKWAY_TOKEN, or start a demo ({folder} "
            "holds no key of one)"
        )
    try:
        return DevIssuer(folder).issue(
            subject=f"{role}-at-the-console",
            role=role,
            organisation=role,
            tenant=tenant or TENANT,
            lifetime=timedelta(hours=1),
        )
    except Forbidden as refused:
        raise typer.BadParameter(refused.detail) from refused


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "no reason given"
