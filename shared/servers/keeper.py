"""Servers for one test run, shared by all its worker processes.

The run's first process keeps them and tells each worker, which asks over a local
connection, where they are. So they start once, when a test first needs them (a run
without such tests waits for nothing); they belong to the one process that outlives all
workers; and no lock file can be left behind.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from dataclasses import asdict
from typing import Any

from shared.errors import LinkwayError
from shared.servers.errors import ServerError
from shared.servers.found import Finder
from shared.servers.kafka import Broker, Kafka
from shared.servers.maven import Say
from shared.servers.mongo import Mongo


class Keeper:
    """Keeps one Finder in a thread of its own, from ``start`` to ``stop``."""

    def __init__(self, *, broker: Broker | None, say: Say) -> None:
        self._broker = broker
        self._say = say
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="linkway-keeper", daemon=True)
        self.port = 0
        self.description = ""
        """What has been asked for so far, and what was found; empty before."""

    def start(self) -> None:
        """Begin to answer at ``port``; no server is started yet."""
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Stop what was started."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._keep())

    async def _keep(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        async with Finder(broker=self._broker, say=self._say) as finder:
            self._finder = finder
            async with await asyncio.start_server(self._answer, "127.0.0.1", 0) as listener:
                self.port = listener.sockets[0].getsockname()[1]
                self._started.set()
                await self._stopping.wait()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wanted = (await reader.readline()).decode().strip()
        try:
            found = await (self._finder.mongo() if wanted == "mongo" else self._finder.kafka())
            answer: dict[str, Any] = {"found": asdict(found)}
            self.description = self._finder.description
        except LinkwayError as error:
            answer = {"error": str(error)}
            self.description = f"{wanted} was not found"
        writer.write(json.dumps(answer).encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


def ask_mongo(port: int) -> Mongo:
    """The run's MongoDB, from the keeper at this port; ServerError where there is none."""
    return Mongo(**_ask(port, "mongo"))


def ask_kafka(port: int) -> Kafka:
    """The run's broker, from the keeper at this port; ServerError where there is none."""
    return Kafka(**_ask(port, "kafka"))


def _ask(port: int, wanted: str) -> dict[str, Any]:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"{wanted}\n".encode())
        answer = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
    if "error" in answer:
        raise ServerError(answer["error"])
    found: dict[str, Any] = answer["found"]
    return found
