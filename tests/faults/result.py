"""What one fault run found, and all of them as a table."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.checker import Findings


@dataclass
class Result:
    """One row: ``recoveries`` are seconds, each from a fault to the end of the next journey."""

    fault: str
    title: str
    done: str
    """What was done and how often, in words."""
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    inverted: int = 0
    repeated_records: int = 0
    repeated_messages: int = 0
    recoveries: list[float] = field(default_factory=list)
    seconds: float = 0.0
    seed: int = 0
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """The first sentences of what was wrong."""

    def take(self, found: Findings) -> None:
        """Add what the checker found."""
        self.lost += len(found.lost)
        self.twice += len(found.twice)
        self.inverted += len(found.inverted)
        self.repeated_records += found.repeated_records
        self.repeated_messages += found.repeated_messages
        self.wrong += (found.lost + found.twice + found.inverted)[:20]

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, doubled or out of order."""
        return not (self.lost or self.twice or self.inverted or self.wrong)


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which that share lies; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def save(folder: Path, result: Result) -> None:
    """Keep a result, so that the table can be written from several runs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{result.fault}.json").write_text(json.dumps(asdict(result), indent=1))


def load(folder: Path) -> list[Result]:
    """The results kept."""
    return [Result(**json.loads(file.read_text())) for file in sorted(folder.glob("*.json"))]


def to_markdown(results: Sequence[Result], *, servers: str, day: str, cores: int) -> str:
    """The page ``docs/faults.md``."""
    head = f"| {' | '.join(_COLUMNS)} |\n|---|---|{'--:|' * (len(_COLUMNS) - 2)}"
    rows = "\n".join(_row(each) for each in results)
    notes = "\n".join(f"- **{each.title}**: {note}" for each in results for note in each.notes)
    return _PAGE.format(
        head=head,
        rows=rows,
        notes=notes or "None.",
        servers=servers,
        day=day,
        cores=cores,
        python=platform.python_version(),
    )


def _row(each: Result) -> str:
    recovery = (
        f"{percentile(each.recoveries, 0.5):.1f} / {percentile(each.recoveries, 0.99):.1f}"
        if each.recoveries
        else "none"
    )
    cells = (
        each.title,
        each.done,
        f"{each.acknowledged:,}",
        f"{each.lost:,}",
        f"{each.twice:,}",
        f"{each.inverted:,}",
        f"{each.repeated_records:,}",
        f"{each.repeated_messages:,}",
        recovery,
        f"{each.seconds:.0f}",
        str(each.seed),
    )
    return f"| {' | '.join(cells)} |"


_COLUMNS = (
    "fault",
    "done",
    "acknowledged",
    "lost",
    "twice",
    "out of order",
    "records again",
    "messages again",
    "recovery s, p50 / p99",
    "run s",
    "seed",
)

_PAGE = """\
# What faults do to Linkway

Written by `make faults`; do not edit. Run on {day}, {cores} cores, Python {python}, {servers}.

Real servers, the four services as processes of their own, journeys through the public API at a
fixed pace whatever the services make of it, each command under an `Idempotency-Key` and sent
again until it is acknowledged. Afterwards everything that was acknowledged is compared by id with
what is stored, on the topics, applied by each consumer and taken by the receiver.

- **lost**: acknowledged, and missing anywhere. Must be 0.
- **twice**: an effect that nobody asked for, or that came about more than once. Must be 0.
- **out of order**: facts of one record that lie or arrive in the wrong order. Must be 0.
- **records again**, **messages again**: repeats under the same id, which receivers recognise.
  Allowed, and counted.
- **recovery**: seconds from a fault to the end of the first whole journey begun after it, which
  needs every service and the application of its own events on the way.

{head}
{rows}

To repeat one: `make faults ARGS="--only NAME --seed SEED"`; `ARGS=--list` names them.

## Notes

{notes}
"""
