"""What tests of every part need."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.servers import free_port

__all__ = ["eventually", "free_port"]

T = TypeVar("T")

_EVERY_SECONDS = 0.02


async def eventually(check: Callable[[], T | Awaitable[T]], within: float = 10.0) -> T:
    """Ask ``check`` until it gives something true, and give that back.

    An AssertionError it raises counts as not yet. After ``within`` seconds the last
    AssertionError is raised, or one showing the last value.

        await eventually(lambda: receiver.requests)
    """
    deadline = asyncio.get_running_loop().time() + within
    while True:
        failed: AssertionError | None = None
        value: T | None = None
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
