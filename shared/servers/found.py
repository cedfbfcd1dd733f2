"""One MongoDB and one Kafka: the given ones, else in Docker, else on this machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.servers import docker, maven
from shared.servers.apache import local_apache
from shared.servers.errors import ServerError
from shared.servers.folders import run_folder
from shared.servers.kafka import KAFKA_VARIABLE, Broker, Kafka, given_kafka
from shared.servers.mongo import MONGO_CACHE_GB, MONGO_VARIABLE, Mongo, given_mongo, local_mongo
from shared.servers.processes import Supervisor
from shared.servers.tansu import local_tansu


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs: addresses, and for a person which servers and versions."""

    mongo_uri: str
    kafka_bootstrap: str
    kafka_idempotent: bool
    description: str


class Finder:
    """Finds each server when first asked for it, and stops at the end what it started.

    ``broker`` insists on one broker (Tansu runs on this machine only); without it,
    ``local`` is the one to start where none is given and no Docker engine answers: by
    default Apache Kafka where it can run, else Tansu. ``folder`` keeps data and logs;
    without it they are removed at the end. ``say`` hears what takes long.

    Every method raises ServerError, saying what to install or which address to give.
    """

    processes: Supervisor
    """What runs on this machine, as ``mongod`` and ``kafka`` or ``tansu``: to be killed
    and restarted by those who test what happens then."""

    def __init__(
        self,
        *,
        broker: Broker | None = None,
        local: Broker | None = None,
        folder: Path | None = None,
        say: maven.Say = maven.to_stderr,
        mongo_cache_gb: float = MONGO_CACHE_GB,
    ) -> None:
        self._broker = broker
        self._local = local
        self._kept = folder
        self._say = say
        self._mongo_cache_gb = mongo_cache_gb
        self._mongo_uri = os.environ.get(MONGO_VARIABLE)
        self._bootstrap = os.environ.get(KAFKA_VARIABLE)
        self._stack = AsyncExitStack()
        self._docker: asyncio.Task[bool] | None = None
        self._mongo: asyncio.Task[Mongo] | None = None
        self._kafka: asyncio.Task[Kafka] | None = None

    async def __aenter__(self) -> Self:
        self._folder = self._stack.enter_context(run_folder(self._kept))
        self.processes = await self._stack.enter_async_context(Supervisor(self._folder / "logs"))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        started = [task for task in (self._docker, self._mongo, self._kafka) if task]
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)
        await self._stack.aclose()

    async def mongo(self) -> Mongo:
        """A MongoDB replica set; the same answer each time."""
        self._mongo = self._mongo or asyncio.create_task(self._find_mongo())
        return await asyncio.shield(self._mongo)

    async def kafka(self) -> Kafka:
        """A broker; the same answer each time."""
        self._kafka = self._kafka or asyncio.create_task(self._find_kafka())
        return await asyncio.shield(self._kafka)

    async def servers(self) -> Servers:
        """Both, started side by side."""
        mongo, kafka = await asyncio.gather(self.mongo(), self.kafka())
        return Servers(mongo.uri, kafka.bootstrap, kafka.idempotent, self.description)

    @property
    def description(self) -> str:
        """Which servers run, for a person; empty before any was asked for."""
        return ", ".join(
            task.result().description
            for task in (self._mongo, self._kafka)
            if task and task.done() and not task.cancelled() and not task.exception()
        )

    async def _find_mongo(self) -> Mongo:
        if self._mongo_uri:
            return await given_mongo(self._mongo_uri)
        if await self._has_docker():
            self._say(f"Starting {docker.MONGO_IMAGE} in Docker …")
            try:
                return await docker.docker_mongo(self._stack)
            except ServerError as error:
                self._say(f"{error} Trying without Docker.")
        return await local_mongo(
            self.processes,
            self._folder,
            kept=self._kept is not None,
            cache_gb=self._mongo_cache_gb,
        )

    async def _find_kafka(self) -> Kafka:
        if self._bootstrap:
            return await given_kafka(self._bootstrap)
        if self._broker != "tansu" and await self._has_docker():
            self._say(f"Starting {docker.KAFKA_IMAGE} in Docker …")
            try:
                return await docker.docker_kafka(self._stack)
            except ServerError as error:
                self._say(f"{error} Trying without Docker.")
        flavour = self._broker or self._local
        if flavour is None:
            flavour = "apache" if await maven.can_run_kafka() else "tansu"
        if flavour == "tansu":
            return await local_tansu(self.processes)
        return await local_apache(
            self.processes, self._folder, kept=self._kept is not None, say=self._say
        )

    async def _has_docker(self) -> bool:
        self._docker = self._docker or asyncio.create_task(docker.engine_answers())
        return await asyncio.shield(self._docker)


@asynccontextmanager
async def running_servers(
    *,
    broker: Broker | None = None,
    local: Broker | None = None,
    folder: Path | None = None,
    say: maven.Say = maven.to_stderr,
) -> AsyncIterator[Servers]:
    """Both servers for the length of a block; the arguments are Finder's."""
    async with Finder(broker=broker, local=local, folder=folder, say=say) as finder:
        yield await finder.servers()
