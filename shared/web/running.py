"""How a service is run: one process of uvicorn, the same in a container, a demo and a test."""

from __future__ import annotations

import uvicorn

from shared.web.wire import BoundedHttp

REQUEST_GRACE_SECONDS = 20
"""For requests in hand at a stop, before the application itself is told to end."""


def run_application(factory: str, *, host: str, port: int) -> None:
    """Serve what ``factory`` (``module:function``) makes until told to stop.

    uvicorn writes no line of its own for a request and does not say what it is: the
    middleware's line knows the route and holds nothing that was sent.
    """
    uvicorn.run(
        factory,
        factory=True,
        host=host,
        port=port,
        http=BoundedHttp,
        ws="none",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=REQUEST_GRACE_SECONDS,
    )
