"""A full disk under MongoDB, and under Kafka: refusals, never a false acknowledgement."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.fault import Fault, Run
from tests.faults.stage import staged

_SIZE = "700m"
_MEGABYTE = 1024 * 1024
_FULL_SECONDS = 8.0


def cannot_run() -> str | None:
    """A file system of a certain size needs root."""
    return None if os.geteuid() == 0 else "a file system of its own needs root"


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system in memory of a certain size, unmounted at the end."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        # Lazily: the servers on it end a moment later.
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Take all the room there is; gives the file, which gives it back when removed."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(_MEGABYTE))
                file.flush()
        except OSError:
            pass  # full, as asked
    return filler


async def full_mongo(run: Run) -> None:
    """MongoDB's disk fills up; it ends itself, is given room and started again."""
    run.result.done = "MongoDB's disk full, {times}"
    with small_disk(run.folder / "small") as disk:
        async with staged(run.folder, mongo_data=disk) as stage, run.loaded(stage):
            for _ in range(run.times):
                await asyncio.sleep(run.chance.uniform(1, 3))
                filler = fill(disk)
                await asyncio.sleep(_FULL_SECONDS)
                since = time.monotonic()
                filler.unlink()
                for name in stage.mongo.members:
                    if not stage.servers.running(name):
                        await stage.servers.restart(name)
                await run.recovered(stage, since)
                run.step()


async def full_kafka(run: Run) -> None:
    """Kafka's disk fills up; it stops, is given room and started again."""
    run.result.done = "Kafka's disk full, {times}"
    with small_disk(run.folder / "small") as disk:
        async with staged(run.folder, kafka_folder=disk) as stage, run.loaded(stage):
            for _ in range(run.times):
                await asyncio.sleep(run.chance.uniform(1, 3))
                filler = fill(disk)
                await asyncio.sleep(_FULL_SECONDS)
                since = time.monotonic()
                filler.unlink()
                await stage.servers.restart("kafka")
                await run.recovered(stage, since)
                run.step()


FAULTS = (
    Fault("full-disk-mongo", "MongoDB's disk is full", 3, 1, full_mongo, cannot_run),
    Fault("full-disk-kafka", "Kafka's disk is full", 3, 1, full_kafka, cannot_run),
)
