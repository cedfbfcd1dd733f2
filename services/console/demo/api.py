"""The public APIs as a careful client uses them: keyed, repeated where they are away, bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from services.console.platform import Platform

T = TypeVar("T")

_AWAY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_PATIENCE = 60.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_PAGE = 200


class Who(NamedTuple):
    """Someone who acts: a role in an organisation."""

    role: str
    organisation: str


class Fault(BaseModel):
    """A field that was refused."""

    pointer: str = ""
    reason: str = ""


class Problem(BaseModel):
    """A problem document (RFC 9457), as far as it is used."""

    detail: str = ""
    errors: tuple[Fault, ...] = ()


class Unexpected(Exception):
    """A service did not answer as it should; says so in a sentence without anyone's details."""


class Api:
    """The four services' APIs. ``run`` makes the Idempotency-Keys of this run its own."""

    def __init__(self, platform: Platform, http: httpx.AsyncClient, run: str) -> None:
        self._platform = platform
        self._http = http
        self._run = run
        self._headers: dict[Who, Mapping[str, str]] = {}

    async def post(
        self,
        service: str,
        path: str,
        who: Who,
        body: object = None,
        *,
        key: str,
        expect: int = HTTPStatus.OK,
    ) -> Any:
        """Send a command under its key until it is answered, and give the answer's JSON.

        Raises Unexpected for any other status than the one expected.
        """
        answer = await self.try_post(service, path, who, body, key=key)
        return self._checked(answer, service, path, expect)

    async def try_post(
        self, service: str, path: str, who: Who, body: object = None, *, key: str
    ) -> httpx.Response:
        """Send a command under its key until it is answered, whatever the answer is."""
        headers = {"Idempotency-Key": f"{self._run}-{key}"}
        return await self._send("POST", service, path, who, json=body, headers=headers)

    async def put(self, service: str, path: str, who: Who, body: object) -> Any:
        """Put something in its place. Raises Unexpected unless it is taken."""
        answer = await self._send("PUT", service, path, who, json=body)
        return self._checked(answer, service, path, HTTPStatus.OK)

    async def get(self, service: str, path: str, who: Who, **params: Any) -> Any:
        """Read something. Raises Unexpected unless it is there."""
        answer = await self._send("GET", service, path, who, params=params)
        return self._checked(answer, service, path, HTTPStatus.OK)

    async def find(self, service: str, path: str, who: Who, **params: Any) -> Any:
        """Read something that may not be there yet: None where it is not."""
        answer = await self._send("GET", service, path, who, params=params)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        return self._checked(answer, service, path, HTTPStatus.OK)

    async def all(self, service: str, path: str, who: Who, **params: Any) -> list[Any]:
        """Every item of a list, page by page."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = await self.get(service, path, who, limit=_PAGE, **params, **more)
            items.extend(page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def _send(
        self, method: str, service: str, path: str, who: Who, **request: Any
    ) -> httpx.Response:
        """The answer, asked for again while the service is away."""
        if who not in self._headers:
            self._headers[who] = self._platform.headers(*who)
        headers = {**self._headers[who], **request.pop("headers", {})}
        url = self._platform.urls[service] + path

        async def ask() -> httpx.Response | None:
            try:
                answer = await self._http.request(method, url, headers=headers, **request)
            except httpx.TransportError:
                if service in self._platform.ended():
                    raise Unexpected(f"{service} has ended: its log says why") from None
                return None
            return None if answer.status_code in _AWAY else answer

        return await until(ask, f"the {service} service to answer")

    def _checked(self, answer: httpx.Response, service: str, path: str, expect: int) -> Any:
        if answer.status_code == expect:
            return answer.json()
        raise Unexpected(
            f"{service} answered {answer.status_code} instead of {expect} to "
            f"{answer.request.method} {_template(path)}: {said(answer)}"
        )


async def until(ask: Callable[[], Awaitable[T | None]], what: str, within: float = _PATIENCE) -> T:
    """Ask until there is an answer, more and more seldom. Raises Unexpected when time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    pause = _FIRST_PAUSE
    while True:
        answer = await ask()
        if answer is not None:
            return answer
        if loop.time() >= deadline:
            raise Unexpected(f"waited {within:.0f} seconds for {what}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def said(answer: httpx.Response) -> str:
    """The problem document in one sentence; services never repeat in it what was sent."""
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        return answer.reason_phrase
    fields = "; ".join(f"{fault.pointer} {fault.reason}" for fault in problem.errors)
    return f"{problem.detail} {fields}".strip()


def _template(path: str) -> str:
    """The path without the ids in it, so that the same fault reads the same each time."""
    return "/".join("…" if any(c.isdigit() for c in step) else step for step in path.split("/"))
