"""What tests of every part need."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, overload

import httpx
from fastapi import FastAPI

from shared.servers import free_port

__all__ = ["eventually", "free_port", "serving"]

T = TypeVar("T")

_EVERY_SECONDS = 0.02


@overload
async def eventually(check: Callable[[], Awaitable[T]], within: float = 10.0) -> T: ...
@overload
async def eventually(check: Callable[[], T], within: float = 10.0) -> T: ...
async def eventually(check: Callable[[], Any], within: float = 10.0) -> Any:
    """Ask ``check`` until it gives something true, and give that back.

    An AssertionError it raises counts as not yet. After ``within`` seconds the last
    AssertionError is raised, or one showing the last value.

        await eventually(lambda: receiver.requests)
    """
    deadline = asyncio.get_running_loop().time() + within
    while True:
        failed: AssertionError | None = None
        value: Any = None
        try:
            answer = check()
            value = await answer if inspect.isawaitable(answer) else answer
            if value:
                return value
        except AssertionError as error:
            failed = error
        if asyncio.get_running_loop().time() >= deadline:
            raise failed or AssertionError(f"not within {within} seconds; last: {value!r}")
        await asyncio.sleep(_EVERY_SECONDS)


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The application started, with all its workers, and a client that talks to it in-process.

    An error the application does not answer itself reaches the client as the 500 it is.
    """
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield client
