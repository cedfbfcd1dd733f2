"""The demo's own folder: its data, logs and tokens, new for each run."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from shared.servers import ServerError
from shared.servers.folders import cache_folder


@contextmanager
def demo_folder() -> Iterator[Path]:
    """``.linkway/demo``, emptied; one demo at a time. It stays afterwards, to be looked into.

    Raises ServerError while another demo runs.
    """
    cache = cache_folder().resolve()
    cache.mkdir(parents=True, exist_ok=True)
    own = FileLock(cache / "demo.lock")
    try:
        own.acquire(blocking=False)
    except Timeout:
        raise ServerError(
            f"Another demo is running in {cache / 'demo'}: stop it first, or set LINKWAY_CACHE to "
            "another folder."
        ) from None
    try:
        folder = cache / "demo"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "logs").mkdir(parents=True)
        with _logging_to(folder / "logs" / "demo.log"):
            yield folder
    finally:
        own.release()


@contextmanager
def _logging_to(file: Path) -> Iterator[None]:
    """Have what libraries complain of in the demo's own process go to a file, not the screen."""
    handler = logging.FileHandler(file)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
