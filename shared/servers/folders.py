"""Where servers keep their files: what was downloaded, and data for one run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout


def cache_folder() -> Path:
    """``$LINKWAY_CACHE``, else ``.linkway`` in the project's root or where one stands."""
    if given := os.environ.get("LINKWAY_CACHE"):
        return Path(given)
    root = Path(__file__).resolve().parents[2]
    return (root if (root / "pyproject.toml").is_file() else Path.cwd()) / ".linkway"


@contextmanager
def run_folder(kept: Path | None = None) -> Iterator[Path]:
    """A folder for one run: ``kept`` if given, else a new one that is removed at the end.

    Its owner holds a lock as long as it lives, however it ends; folders whose lock is
    free were left by a run that was killed, and go when the next one starts.
    """
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    runs = cache_folder() / "run"
    runs.mkdir(parents=True, exist_ok=True)
    with FileLock(runs / "making.lock"):
        for left in runs.iterdir():
            if left.is_dir():
                _remove_if_left(left)
        folder = Path(tempfile.mkdtemp(dir=runs))
        own = FileLock(folder / "owner.lock")
        own.acquire()
    try:
        yield folder
    finally:
        own.release()
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_left(folder: Path) -> None:
    with suppress(Timeout), FileLock(folder / "owner.lock", blocking=False):
        shutil.rmtree(folder, ignore_errors=True)
