"""Ports of this machine: free ones, and ones that answer."""

from __future__ import annotations

import asyncio
import random
import socket
from pathlib import Path

from shared.servers.errors import ServerError

# Below every system's range of ports for outgoing connections (Linux takes 32768 and up,
# IANA names 49152 and up), so that no connection takes the port before its server does.
_FIRST, _LAST = 15_000, 32_000

_random = random.SystemRandom()
_given: set[int] = set()


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of 127.0.0.1 that nothing uses and this process has not been given before."""
    while True:
        port = _random.randrange(_FIRST, _LAST)
        if port not in _given and is_free(port):
            _given.add(port)
            return port


def kept_port(file: Path) -> int:
    """The port noted in ``file``, or a new one, noted there.

    Servers write their own address into their data. ServerError where it is taken.
    """
    if not file.exists():
        file.write_text(str(free_port()))
    port = int(file.read_text())
    if not is_free(port):
        raise ServerError(f"The data in {file.parent} belongs to port {port}, which is taken.")
    return port


async def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something on this host takes connections at this port."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
