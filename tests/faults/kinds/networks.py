"""A service cut off from MongoDB and Kafka, in a network of its own: both ways, and one way.

The service runs in a network namespace joined to this one by a pair of virtual links. Packets
that are cut off are given a hardware address that nobody has, so that they vanish silently,
while those of the other way still arrive. (A link taken down would not do: its route goes with
it, and what is sent then may find another way out of this machine, and an answer there.)
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from tests.faults.fault import Fault, Run
from tests.faults.stage import ROOT, Stage, staged

Way = Literal["both ways", "outwards", "inwards"]
_WAYS: tuple[Way, ...] = ("both ways", "outwards", "inwards")
_NOBODY = "02:00:00:00:00:99"
_SERVICES = ("outcomes", "referral", "directory")
"""Notifications stays: what it sends to must be on this machine's loopback."""


def cannot_run() -> str | None:
    """Namespaces need root and iproute2."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "network namespaces need root and the program ip (iproute2)"
    made = subprocess.run(["ip", "netns", "add", "linkway-probe"], capture_output=True, check=False)
    if made.returncode:
        return "this machine allows no network namespaces"
    subprocess.run(["ip", "netns", "del", "linkway-probe"], check=True)
    return None


@dataclass(frozen=True)
class Network:
    """A namespace, and the two ends of the link to it."""

    name: str
    here: str
    there: str

    def inside(self, *command: str) -> list[str]:
        """The command, to be run in the namespace."""
        return ["ip", "netns", "exec", self.name, *command]

    async def cut(self, way: Way) -> None:
        """Let nothing through any more, in both directions or in one."""
        if way != "inwards":
            neighbour = ("neigh", "replace", self.here, "lladdr", _NOBODY)
            await _run(*self.inside("ip", *neighbour, "dev", f"{self.name}-n", "nud", "permanent"))
        if way != "outwards":
            neighbour = ("neigh", "replace", self.there, "lladdr", _NOBODY)
            await _run("ip", *neighbour, "dev", f"{self.name}-h", "nud", "permanent")

    async def mend(self, way: Way) -> None:
        """Let everything through again."""
        if way != "inwards":
            await _run(*self.inside("ip", "neigh", "del", self.here, "dev", f"{self.name}-n"))
        if way != "outwards":
            await _run("ip", "neigh", "del", self.there, "dev", f"{self.name}-h")


@asynccontextmanager
async def network() -> AsyncIterator[Network]:
    """A namespace of this run's own, removed at the end with its links."""
    number = os.getpid() % 200
    net = Network(f"lw{os.getpid() % 100_000}", f"10.77.{number}.1", f"10.77.{number}.2")
    here, there = f"{net.name}-h", f"{net.name}-n"
    await _run("ip", "netns", "add", net.name)
    try:
        await _run("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        await _run("ip", "link", "set", there, "netns", net.name)
        await _run("ip", "addr", "add", f"{net.here}/24", "dev", here)
        await _run("ip", "link", "set", here, "up")
        await _run(*net.inside("ip", "addr", "add", f"{net.there}/24", "dev", there))
        await _run(*net.inside("ip", "link", "set", there, "up"))
        await _run(*net.inside("ip", "link", "set", "lo", "up"))
        yield net
    finally:
        await _run("ip", "netns", "del", net.name)


async def partition(run: Run) -> None:
    """Three services live beyond the link, and lose MongoDB, Kafka and their callers with it."""
    run.result.done = "link cut both ways, outwards and inwards, each {times}"
    async with network() as net, staged(run.folder, host=net.here) as stage:
        moved = [await _move(stage, net, service) for service in _SERVICES]
        async with run.loaded(stage):
            for _ in range(run.times):
                for way in _WAYS:
                    await net.cut(way)
                    await asyncio.sleep(run.chance.uniform(2, 15))
                    since = time.monotonic()
                    await net.mend(way)
                    await run.recovered(stage, since)
                run.step()
        for back in moved:
            await back()


async def _move(stage: Stage, net: Network, service: str) -> Callable[[], Awaitable[None]]:
    """Run the service's process in the namespace; gives what stops it."""
    processes = stage.platform.processes
    child = stage.child(service)
    await processes.stop(service)
    command = [*child.command, "--host", net.there]
    port = command[command.index("--port") + 1]
    await processes.start(
        service, net.inside(sys.executable, *command[1:]), env=child.env, cwd=ROOT
    )
    url = f"http://{net.there}:{port}"
    stage.load.urls[service][:] = [url]
    await processes.wait_ready(service, f"{url}/ready")
    return lambda: processes.stop(service)


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")


FAULTS = (Fault("partition", "The network is cut", 5, 1, partition, cannot_run),)
