"""What was measured, as tables on the screen and as the page docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rich.table import Table

from tests.bench import texts
from tests.bench.consuming import Consuming
from tests.bench.england import WORKING_DAY_HOURS, Day
from tests.bench.growth import Sized
from tests.bench.latency import Latency
from tests.bench.load import Load

_KILOBYTE = 1_000
_SHOWN_MS = 0.05
_FEWEST_LOOKS = 4
"""One for each quarter."""


@dataclass(frozen=True)
class Accepting:
    """Turns by kind; processor seconds and bytes written by kind and process; memory in bytes."""

    turns: Mapping[str, Sequence[Load]]
    processor: Mapping[str, Mapping[str, float]]
    written: Mapping[str, Mapping[str, float]]
    memory: Mapping[str, int]

    def median(self, kind: str) -> float:
        """Accepted a second."""
        return statistics.median(load.per_second for load in self.turns[kind])

    def applied(self, kind: str) -> float:
        """Accepted and applied everywhere a second."""
        return statistics.median(load.applied_per_second for load in self.turns[kind])

    def count(self, kind: str) -> int:
        """Referrals of that kind in all turns."""
        return sum(load.accepted for load in self.turns[kind])


@dataclass
class Found:
    """The parts that were measured; ``days`` says when each was, and on what."""

    days: dict[str, str] = field(default_factory=dict)
    accepting: Accepting = field(default_factory=lambda: Accepting({}, {}, {}, {}))
    latency: Sequence[Latency] = ()
    consuming: Consuming | None = None
    growth: Sequence[Sized] = ()
    england: Day | None = None


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency_rows(found: Sequence[Latency]) -> tuple[list[str], list[list[str]]]:
    """For each share of the most possible: to the answer, to each service, to the last."""
    services = list(found[0].to_applied) if found else []
    head = ["share of the most", "sent/s", "processor ms", "answered", *services, "everywhere"]
    rows = []
    for each in found:
        lists = [each.to_answer, *each.to_applied.values(), each.everywhere]
        cells = [f"{percentile(one, 0.5):.0f} / {percentile(one, 0.99):.0f}" for one in lists]
        one = f"{each.processor_ms:.1f}"
        rows.append([f"{each.share:.0%}", f"{each.per_second:,.0f}", one, *cells])
    return head, rows


def consuming_rows(found: Consuming) -> tuple[list[str], list[list[str]]]:
    """Each service beside the consumer with no domain."""
    rows = [["no domain", f"{found.raw_per_second:,.0f}", "1.00"]]
    rows += [
        [service, f"{rate:,.0f}", f"{rate / found.raw_per_second:.2f}"]
        for service, rate in found.per_second.items()
    ]
    return ["consumer", "records/s", "ratio"], rows


def growth_rows(found: Sequence[Sized]) -> tuple[list[str], list[list[str]]]:
    """Each size beside the first."""
    first = found[0]
    services = list(first.memory_mb)
    head = ["documents", "accepted/s", "processor ms", "ratio", *(f"{s} MB" for s in services)]
    rows = [
        [
            f"{each.documents:,}",
            f"{each.per_second:,.0f}",
            f"{each.processor_ms:.2f}",
            f"{each.processor_ms / first.processor_ms:.2f}",
            *(f"{each.memory_mb[service]:.0f}" for service in services),
        ]
        for each in found
    ]
    return head, rows


def accepting_rows(found: Accepting) -> tuple[list[str], list[list[str]]]:
    """Each kind of turn beside the yardsticks."""
    yardsticks = [kind for kind in found.turns if not kind.endswith("person")]
    head = [
        "",
        "accepted/s",
        "applied everywhere/s",
        "p50 ms",
        "p99 ms",
        "processor ms",
        "kB written",
        *(f"of {kind}" for kind in yardsticks),
    ]
    rows = []
    for kind, loads in found.turns.items():
        rate = found.median(kind)
        rows.append(
            [
                kind,
                f"{rate:,.0f}",
                f"{found.applied(kind):,.0f}" if kind.endswith("person") else "",
                f"{statistics.median(load.percentile(0.5) for load in loads):.1f}",
                f"{statistics.median(load.percentile(0.99) for load in loads):.1f}",
                f"{1000 * sum(found.processor[kind].values()) / found.count(kind):.2f}",
                f"{sum(found.written[kind].values()) / _KILOBYTE / found.count(kind):.1f}",
                *(f"{rate / found.median(other):.2f}" for other in yardsticks),
            ]
        )
    return head, rows


def processor_rows(found: Accepting) -> tuple[list[str], list[list[str]]]:
    """Milliseconds of processor time of one referral, by process; what rests is left out."""
    by_kind = {
        kind: {name: 1000 * used / found.count(kind) for name, used in spent.items()}
        for kind, spent in found.processor.items()
    }
    names = dict.fromkeys(name for spent in by_kind.values() for name in spent)
    rows = [
        [name, *(f"{spent.get(name, 0.0):.2f}" for spent in by_kind.values())]
        for name in names
        if max(spent.get(name, 0.0) for spent in by_kind.values()) >= _SHOWN_MS
    ]
    return ["processor ms", *by_kind], rows


def latency_table(found: Sequence[Latency]) -> Table:
    """For the screen."""
    return _table(
        "ms from due to answered, from answered to applied, p50 / p99", *latency_rows(found)
    )


def consuming_table(found: Consuming) -> Table:
    """For the screen."""
    return _table(f"a backlog of {found.records:,} records", *consuming_rows(found))


def growth_table(found: Sequence[Sized]) -> Table:
    """For the screen."""
    return _table("cost of a new person's referral", *growth_rows(found))


def england_line(found: Day) -> str:
    """In a sentence."""
    return (
        f"A day of England, {found.journeys:,} journeys with {found.commands:,} commands and "
        f"{found.events:,} events, was played and applied in {found.seconds / 60:.1f} minutes: "
        f"{WORKING_DAY_HOURS * 3600 / found.seconds:.0f} times as fast as the working day."
    )


def memory_rows(found: Day) -> tuple[list[str], list[list[str]]]:
    """Each service's memory in the quarters of the day's play, in MB."""
    rows = []
    for service, looks in found.memory.items():
        cuts = [len(looks) * quarter // 4 for quarter in range(5)]
        quarters = [statistics.median(looks[a:b]) for a, b in pairwise(cuts)]
        ratio = f"{quarters[-1] / quarters[1]:.2f}"
        rows.append([service, *(f"{each / 1e6:.0f}" for each in [*quarters, max(looks)]), ratio])
    return ["MB", "1st quarter", "2nd", "3rd", "4th", "most", "4th of 2nd"], rows


def write(found: Found, *, cores: int) -> str:
    """The page; a part that was not measured is left out."""
    measured: dict[str, list[str]] = {}
    for part, day in found.days.items():
        measured.setdefault(day, []).append(part)
    days = "; ".join(f"{', '.join(parts)}: {day}" for day, parts in measured.items())
    parts = [texts.HEAD.format(days=days, cores=cores)]
    if found.accepting.turns:
        parts.append(texts.ACCEPTING + _markdown(*accepting_rows(found.accepting)))
        memory = ", ".join(f"{k} {v / 1e6:.0f} MB" for k, v in found.accepting.memory.items())
        parts.append(f"Resident memory afterwards: {memory}.\n")
        parts.append(texts.SPENT + _markdown(*processor_rows(found.accepting)) + texts.TRIED)
    if found.latency:
        parts.append(texts.LATENCY + _markdown(*latency_rows(found.latency)))
    if found.consuming:
        parts.append(
            texts.CONSUMING.format(records=f"{found.consuming.records:,}")
            + _markdown(*consuming_rows(found.consuming))
        )
    if found.growth:
        parts.append(texts.GROWTH + _markdown(*growth_rows(found.growth)))
    if found.england:
        parts.append(f"## A day of England\n\n{england_line(found.england)}\n")
        if len(found.england.memory.get("referral", ())) >= _FEWEST_LOOKS:
            parts.append(texts.MEMORY + _markdown(*memory_rows(found.england)))
    return "\n".join(parts)


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(*head, title=title)
    for row in rows:
        table.add_row(*row)
    return table


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|---|{'--:|' * (len(head) - 1)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"
