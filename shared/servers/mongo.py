"""MongoDB: a replica set of one member, started here or checked where it was given."""

from __future__ import annotations

import asyncio
import os
import shutil
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shared.errors import Unavailable
from shared.servers.errors import ServerError
from shared.servers.ports import kept_port, listens
from shared.servers.processes import Supervisor
from shared.store import Database

MONGO_VARIABLE = "LINKWAY_USE_MONGO"
"""The environment variable that gives the URI of a MongoDB to use."""

NAME = "mongod"
REPLICA_SET = "linkway"

MONGO_CACHE_GB = 0.25
"""Enough for tests and the demo; MongoDB alone would take half of the machine's memory."""

_POLL_SECONDS = 0.03
_LOADING_SECONDS = 3.0
_PRIMARY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Mongo:
    """A MongoDB that answers; ``description`` gives its version and where it came from."""

    uri: str
    description: str


async def given_mongo(uri: str) -> Mongo:
    """The one at ``uri``; ServerError where it does not answer."""
    async with connected(uri) as database:
        try:
            version = (await database.command({"buildInfo": 1}))["version"]
        except Unavailable:
            raise ServerError(f"No MongoDB answers at the address in {MONGO_VARIABLE}.") from None
    return Mongo(uri, f"MongoDB {version} (given by {MONGO_VARIABLE})")


async def local_mongo(
    processes: Supervisor, folder: Path, *, kept: bool, cache_gb: float = MONGO_CACHE_GB
) -> Mongo:
    """Start a ``mongod`` of this machine on 127.0.0.1, its data in ``folder``/mongo.

    ``kept`` data is closed properly at the end; data about to be removed need not be.
    ``cache_gb`` is how much of it stays in memory uncompressed.
    """
    program, origin = find_program()
    data = folder / "mongo"
    data.mkdir(parents=True, exist_ok=True)
    used_before = (data / "WiredTiger").exists()
    port = kept_port(folder / "mongo.port")
    command = [
        program,
        f"--dbpath={data}",
        f"--port={port}",
        "--bind_ip=127.0.0.1",
        "--nounixsocket",
        f"--replSet={REPLICA_SET}",
        f"--wiredTigerCacheSizeGB={cache_gb}",
        "--oplogSize=256",
        "--setParameter=diagnosticDataCollectionEnabled=false",
        # What is dropped is deleted at the next checkpoint (a minute) instead of five minutes
        # later: tests drop thousands of collections, and mongod holds each waiting file open.
        "--setParameter=minSnapshotHistoryWindowInSeconds=0",
    ]
    await processes.start(NAME, command, grace=20.0 if kept else 0.0)
    await processes.wait_until(NAME, partial(listens, port))
    async with connected(f"mongodb://127.0.0.1:{port}/?directConnection=true") as database:
        version = await become_primary(database, f"127.0.0.1:{port}", used_before=used_before)
    uri = f"mongodb://127.0.0.1:{port}/?replicaSet={REPLICA_SET}"
    return Mongo(uri, f"MongoDB {version} (local, {origin})")


async def become_primary(database: Database, host: str, *, used_before: bool = False) -> str:
    """Initiate the set with ``host`` as its one member, wait until it takes writes.

    A member ``used_before`` needs a moment to load its configuration, and is initiated
    only where none turned up. ``database`` must be connected directly. Gives the version.
    """
    loop = asyncio.get_running_loop()
    initiate_at: float | None = loop.time() + (_LOADING_SECONDS if used_before else 0.0)
    try:
        async with asyncio.timeout(_PRIMARY_SECONDS):
            while True:
                hello = await database.command({"hello": 1})
                if hello.get("isWritablePrimary"):
                    return str((await database.command({"buildInfo": 1}))["version"])
                if initiate_at and "setName" not in hello and loop.time() >= initiate_at:
                    members = [{"_id": 0, "host": host}]
                    config = {"_id": REPLICA_SET, "members": members}
                    await database.command({"replSetInitiate": config}, database="admin")
                    initiate_at = None
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise ServerError(
            f"MongoDB did not become primary within {_PRIMARY_SECONDS:.0f} seconds."
        ) from None


@asynccontextmanager
async def connected(uri: str) -> AsyncIterator[Database]:
    """The database ``admin`` at this address, closed at the end."""
    database = Database.connect(uri, "admin")
    try:
        yield database
    finally:
        await database.close()


def find_program() -> tuple[str, str]:
    """The ``mongod`` there is, and where it comes from; ServerError where there is none."""
    if found := shutil.which("mongod"):
        return found, "from the PATH"
    wheel = Path(sysconfig.get_path("purelib")) / "fiftyone" / "db" / "bin" / "mongod"
    if wheel.is_file():
        if not os.access(wheel, os.X_OK):
            wheel.chmod(0o755)
        return str(wheel), "from a wheel"
    raise ServerError(
        "There is no MongoDB to start here: install linkway[local] (Linux x86-64), put mongod "
        f"on the PATH, start Docker, or give an address in {MONGO_VARIABLE}."
    )
