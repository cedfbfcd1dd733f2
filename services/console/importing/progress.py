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
        tasks: dict[Path, tuple[TaskID, int]] = {}

        def at_line(path: Path, line: int | None) -> None:
            if path not in tasks:
                total = _lines(path)
                tasks[path] = progress.add_task(path.name, total=total), total
            task, total = tasks[path]
            progress.update(task, completed=total if line is None else line)

        yield at_line


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
