"""MongoDB and Apache Kafka in containers, where a Docker engine answers.

The containers end with this process, however it ends: testcontainers' reaper sees to it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.errors import Unavailable
from shared.servers import apache
from shared.servers.errors import ServerError
from shared.servers.kafka import Kafka, kafka_answers
from shared.servers.maven import KAFKA_VERSION
from shared.servers.mongo import REPLICA_SET, Mongo, become_primary, connected
from shared.servers.ports import free_port
from shared.store import Database

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

MONGO_IMAGE = "mongo:8.0"
KAFKA_IMAGE = f"apache/kafka:{KAFKA_VERSION}"

_DATA = "/tmp/kraft-combined-logs"  # noqa: S108 - inside the container, as its image has it
_DEFAULT_HOST = "unix:///var/run/docker.sock"
_READY_SECONDS = 60.0
_POLL_SECONDS = 0.2


async def engine_answers() -> bool:
    """Whether testcontainers is installed and reaches a Docker engine."""
    return await asyncio.to_thread(_engine_answers)


def _engine_answers() -> bool:
    try:
        from docker.errors import DockerException
        from testcontainers.core.docker_client import DockerClient, get_docker_host
    except ImportError:
        return False
    host = urlsplit(get_docker_host() or _DEFAULT_HOST)
    if host.scheme == "unix" and not _takes_connections(host.path):
        return False
    try:
        with closing(DockerClient(timeout=5).client) as client:
            return bool(client.ping())
    except DockerException:
        return False


def _takes_connections(path: str) -> bool:
    # Asked before the Docker client, which leaves its socket open where nobody listens.
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(path)
        except OSError:
            return False
    return True


async def docker_mongo(containers: AsyncExitStack) -> Mongo:
    """Start a replica set of one member in a container that ends with ``containers``."""

    def make() -> DockerContainer:
        from testcontainers.core.container import DockerContainer

        options = f"--replSet {REPLICA_SET} --bind_ip_all --wiredTigerCacheSizeGB 0.25"
        return DockerContainer(MONGO_IMAGE).with_exposed_ports(27017).with_command(options)

    container = await _start(make, containers)
    # The member knows itself by its address inside the container, so clients connect
    # directly instead of asking it where the set's members are.
    address = f"{container.get_container_host_ip()}:{container.get_exposed_port(27017)}"
    uri = f"mongodb://{address}/?directConnection=true"
    async with connected(uri) as database:
        await _until(partial(_pings, database), "MongoDB")
        version = await become_primary(database, "127.0.0.1:27017")
    return Mongo(uri, f"MongoDB {version} (Docker, {MONGO_IMAGE})")


async def docker_kafka(containers: AsyncExitStack) -> Kafka:
    """Start one broker in a container that ends with ``containers``."""
    port = free_port()  # fixed beforehand, because the broker has to tell it to clients

    def make() -> DockerContainer:
        from testcontainers.core.container import DockerContainer

        container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
        advertised = f"{container.get_docker_client().host()}:{port}"
        settings = {
            **apache.configuration("0.0.0.0:9092", "localhost:9093", advertised, _DATA),
            "controller.quorum.voters": "1@localhost:9093",
        }
        for key, value in settings.items():
            container.with_env("KAFKA_" + key.replace(".", "_").upper(), value)
        return container

    container = await _start(make, containers)
    bootstrap = f"{container.get_container_host_ip()}:{port}"
    await _until(partial(kafka_answers, bootstrap), "Apache Kafka")
    return Kafka(bootstrap, True, f"Apache Kafka {KAFKA_VERSION} (Docker, {KAFKA_IMAGE})")


async def _start(
    make: Callable[[], DockerContainer], containers: AsyncExitStack
) -> DockerContainer:
    from docker.errors import DockerException
    from testcontainers.core.exceptions import ContainerConnectException, ContainerStartException

    try:
        container = await asyncio.to_thread(make)
        containers.push_async_callback(asyncio.to_thread, container.stop)
        return await asyncio.to_thread(container.start)
    except (
        DockerException,
        ContainerStartException,
        ContainerConnectException,
        OSError,
    ) as error:
        raise ServerError(f"Docker did not start the container: {error}") from error


async def _pings(database: Database) -> bool:
    try:
        await database.ping()
    except Unavailable:
        return False
    return True


async def _until(ready: Callable[[], Awaitable[bool]], server: str) -> None:
    try:
        async with asyncio.timeout(_READY_SECONDS):
            while True:
                if await ready():
                    return
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise ServerError(
            f"{server} in Docker was not ready within {_READY_SECONDS:.0f} seconds."
        ) from None
