"""A MongoDB replica set whose members can be killed, paused and made to step down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shared.errors import Unavailable
from shared.servers import Supervisor, free_port
from shared.servers.mongo import REPLICA_SET, connected, find_program
from shared.servers.ports import listens

_ELECTION_MS = 2_000
"""How long the others wait before they elect: a test need not wait MongoDB's ten seconds."""
_ELECTED_WITHIN = 60.0


@dataclass(frozen=True)
class ReplicaSet:
    """Members by process name, with their addresses."""

    processes: Supervisor
    members: dict[str, str]
    version: str

    @property
    def description(self) -> str:
        """For a person: which server and version."""
        return f"MongoDB {self.version} (replica set)"

    @property
    def uri(self) -> str:
        """Where the set is found, whoever is primary."""
        return f"mongodb://{','.join(self.members.values())}/?replicaSet={REPLICA_SET}"

    async def primary(self) -> str:
        """The process that takes writes now; waits until there is one."""
        async with asyncio.timeout(_ELECTED_WITHIN):
            while True:
                for name, address in self.members.items():
                    if self.processes.running(name) and await _is_primary(address):
                        return name
                await asyncio.sleep(0.1)

    async def step_down(self) -> None:
        """The primary gives way for ten seconds, as before maintenance."""
        address = self.members[await self.primary()]
        async with connected(_directly(address)) as database:
            with suppress(Unavailable):  # it may close connections as it steps down
                await database.command(
                    {"replSetStepDown": 10, "secondaryCatchUpPeriodSecs": 5}, database="admin"
                )

    async def kill_primary(self) -> str:
        """SIGKILL to the primary; gives its name, for a restart."""
        name = await self.primary()
        await self.processes.kill(name)
        return name


async def replica_set(
    processes: Supervisor,
    folder: Path,
    *,
    members: int,
    host: str = "127.0.0.1",
    data: Path | None = None,
) -> ReplicaSet:
    """Start so many members on ``host``, their data under ``data`` or ``folder``."""
    program, _ = find_program()
    names = {f"mongod-{number}": free_port() for number in range(members)}
    for name, port in names.items():
        path = (data or folder) / name
        path.mkdir(parents=True, exist_ok=True)
        command = [
            program,
            f"--dbpath={path}",
            f"--port={port}",
            f"--bind_ip={host}",
            "--nounixsocket",
            f"--replSet={REPLICA_SET}",
            "--wiredTigerCacheSizeGB=0.25",
            "--oplogSize=256",
            "--setParameter=diagnosticDataCollectionEnabled=false",
        ]
        await processes.start(name, command, grace=0.0)
    for name, port in names.items():
        await processes.wait_until(name, partial(listens, port, host))
    members_at = {name: f"{host}:{port}" for name, port in names.items()}
    found = ReplicaSet(processes, members_at, await _initiate(list(members_at.values())))
    await found.primary()
    return found


async def _initiate(addresses: Sequence[str]) -> str:
    """Make them a set; gives MongoDB's version."""
    config = {
        "_id": REPLICA_SET,
        "members": [{"_id": n, "host": address} for n, address in enumerate(addresses)],
        "settings": {"electionTimeoutMillis": _ELECTION_MS},
    }
    async with connected(_directly(addresses[0])) as database:
        await database.command({"replSetInitiate": config}, database="admin")
        return str((await database.command({"buildInfo": 1}))["version"])


async def _is_primary(address: str) -> bool:
    async with connected(_directly(address)) as database:
        try:
            hello = await database.command({"hello": 1})
        except Unavailable:
            return False
    return bool(hello.get("isWritablePrimary"))


def _directly(address: str) -> str:
    return f"mongodb://{address}/?directConnection=true&serverSelectionTimeoutMS=2000"
