"""Small servers beside the services, for the length of a block."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from shared.devissuer import DevIssuer
from shared.devtokens import token_app

_CLIENT = "notifications"


@asynccontextmanager
async def serving_on(config: uvicorn.Config, listening: socket.socket) -> AsyncIterator[None]:
    """Serve an application on a socket for the length of a block; Ctrl-C is left to the demo."""
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def token_endpoint(issuer: DevIssuer) -> AsyncIterator[Mapping[str, str]]:
    """The development issuer's token endpoint; gives the settings of a service that asks there."""
    secret = secrets.token_urlsafe(32)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            token_app(issuer, {_CLIENT: secret}),
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        async with serving_on(config, listening):
            yield {
                "LINKWAY_TOKEN_URL": f"http://127.0.0.1:{listening.getsockname()[1]}/token",
                "LINKWAY_CLIENT_ID": _CLIENT,
                "LINKWAY_CLIENT_SECRET": secret,
            }


class _Server(uvicorn.Server):
    """uvicorn, with Ctrl-C left to the demo."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
