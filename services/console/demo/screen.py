"""What a person sees while the demo runs; where no one watches, a few lines instead of bars."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.console.demo.stage import Milestone, Reached

_WITHOUT_TERMINAL = 110
_LABEL = 13
_QUARTERS = 4


class Screen:
    """Lines, steps and bars on a console."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(highlight=False)
        if not console.is_terminal:
            console = Console(file=console.file, width=_WITHOUT_TERMINAL, highlight=False)
        self.console = console

    def say(self, text: str) -> None:
        """One line of plain text, never cut or coloured."""
        self.console.print(text, markup=False, soft_wrap=True)

    def heading(self, text: str) -> None:
        """The title of what follows."""
        self.console.print(f"\n[bold]{text}[/]")

    @contextmanager
    def step(self, label: str) -> Iterator[Callable[[str], None]]:
        """Something that takes a while: give what it says to the function, the last is kept."""
        began = time.monotonic()
        latest = ""
        status = self.console.status(f"{label} …")

        def tell(text: str) -> None:
            nonlocal latest
            latest = text
            status.update(f"{label:{_LABEL}}{text}")

        if self.console.is_terminal:
            with status:
                yield tell
        else:
            yield tell
        self.say(f"  {label:{_LABEL}}{latest}  ({time.monotonic() - began:.1f} s)")

    @contextmanager
    def milestones(self, totals: Mapping[Milestone, int]) -> Iterator[Reached]:
        """How many people have reached each milestone, of how many that are to."""
        if not self.console.is_terminal:
            yield self._quarters(totals[Milestone.ENDED])
            return
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console) as progress:
            tasks = {each: progress.add_task(each, total=total) for each, total in totals.items()}
            yield lambda milestone: progress.advance(tasks[milestone])

    def _quarters(self, people: int) -> Reached:
        began = time.monotonic()
        reached: Counter[Milestone] = Counter()

        def note(milestone: Milestone) -> None:
            reached[milestone] += 1
            ended = reached[Milestone.ENDED]
            quarter = ended * _QUARTERS // people != (ended - 1) * _QUARTERS // people
            if milestone is Milestone.ENDED and quarter:
                seconds = time.monotonic() - began
                self.say(f"  {ended:,} of {people:,} journeys played  ({seconds:.1f} s)")

        return note
