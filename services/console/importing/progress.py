"""A progress bar for each file that is being read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from services.console.importing.run import AtLine


@contextmanager
def reading(console: Console) -> Iterator[AtLine]:
    """Show how many lines of each file have been read, while the block runs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        tasks: dict[Path, TaskID] = {}

        def at_line(path: Path, line: int) -> None:
            if path not in tasks:
                tasks[path] = progress.add_task(path.name, total=_lines(path))
            progress.update(tasks[path], completed=line)

        yield at_line


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
