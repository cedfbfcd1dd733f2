"""Loading the directory as `linkway import` does, without stopping the demo's other work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from services.console.importing.directory import PublicDirectory, Refused
from services.console.importing.run import AtLine, Report, run


async def load(
    paths: Sequence[Path], url: str, token: str, *, areas: AbstractSet[str], at_line: AtLine
) -> Report:
    """Import the files into the directory at ``url``; where cancelled, the import ends first."""
    stopping = threading.Event()

    def watched(path: Path, line: int | None) -> None:
        if stopping.is_set():
            raise Refused("The demo was stopped.")
        at_line(path, line)

    def work() -> Report:
        with PublicDirectory(url, token, trust_env=False) as directory:
            return run(paths, directory, areas=areas, at_line=watched)

    working = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        stopping.set()
        await asyncio.wait({working})
        raise
