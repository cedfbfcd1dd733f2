"""What fault runs found, and all of them as a table."""

from __future__ import annotations

import json
import platform
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checker import Findings


@dataclass
class Result:
    """One run: ``recoveries`` are seconds, each from a fault to the end of the next journey."""

    fault: str
    title: str
    day: str
    load: float = 0.0
    """The machine's load average when it began: above its cores, others worked on it too."""
    servers: str = ""
    done: str = ""
    """What was done, in words, with the names of ``counts`` for how often."""
    counts: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    inverted: int = 0
    repeated_records: int = 0
    repeated_messages: int = 0
    recoveries: list[float] = field(default_factory=list)
    seconds: float = 0.0
    seed: int = 0
    retried: Counter[str] = field(default_factory=Counter)
    """Requests that were sent again, by what happened to them."""
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


def in_words(done: str, counts: Counter[str]) -> str:
    """What was done, and how often: ``once``, ``25 times``."""
    numbers = {name: f"{n:,}" for name, n in counts.items()}
    times = counts["times"]
    return done.format_map(
        {"crashes": "0", **numbers, "times": "once" if times == 1 else f"{times:,} times"}
    )


def save(folder: Path, result: Result) -> None:
    """Keep a result, so that the table can be written from several runs."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.fault}-{result.seed}.json"
    file.write_text(json.dumps(vars(result), indent=1))


def load(folder: Path) -> list[Result]:
    """The results kept."""
    found = [Result(**json.loads(file.read_text())) for file in sorted(folder.glob("*.json"))]
    for each in found:
        each.counts, each.retried = Counter(each.counts), Counter(each.retried)
    return found


def to_markdown(
    results: Sequence[Result], *, cores: int, fuller: Mapping[str, int] | None = None
) -> str:
    """The page ``docs/faults.md``; runs of one fault with several seeds are one row.

    ``fuller`` says how often a whole ``make faults`` does each fault, by name.
    """
    runs: dict[str, list[Result]] = defaultdict(list)
    for each in results:
        runs[each.title].append(each)
    head = f"| {' | '.join(_COLUMNS)} |\n|---|---|{'--:|' * (len(_COLUMNS) - 2)}"
    days = sorted({each.day for each in results})
    return _PAGE.format(
        head=head,
        rows="\n".join(_row(title, own) for title, own in runs.items()),
        short_of=_short_of(results, fuller or {}),
        notes="\n".join(line for title, own in runs.items() for line in _notes(title, own)),
        servers="; ".join(sorted({each.servers for each in results})),
        days=" to ".join(dict.fromkeys((days[0], days[-1]))),
        cores=cores,
        python=platform.python_version(),
    )


def _row(title: str, runs: Sequence[Result]) -> str:
    recoveries = [seconds for each in runs for seconds in each.recoveries]
    recovery = (
        f"{percentile(recoveries, 0.5):.1f} / {percentile(recoveries, 0.99):.1f}"
        if recoveries
        else "not timed"
    )
    counts: Counter[str] = sum((each.counts for each in runs), Counter())
    cells = (
        f"{title} (`{runs[0].fault}`)"
        + ("" if all(each.passed for each in runs) else ", **failed**"),
        in_words(runs[0].done, counts),
        *(
            f"{sum(numbers):,}"
            for numbers in (
                [each.acknowledged for each in runs],
                [each.lost for each in runs],
                [each.twice for each in runs],
                [each.inverted for each in runs],
                [each.repeated_records for each in runs],
                [each.repeated_messages for each in runs],
            )
        ),
        recovery,
        f"{sum(each.seconds for each in runs):.0f}",
        f"{max(each.load for each in runs):.0f}",
        ", ".join(str(each.seed) for each in runs),
    )
    return f"| {' | '.join(cells)} |"


def _short_of(results: Sequence[Result], fuller: Mapping[str, int]) -> str:
    """What a whole ``make faults`` does and these runs did not, or nothing."""
    done: Counter[str] = Counter()
    for each in results:
        done[each.fault] += each.counts["times"]
    missing = [f"`{name}` {done[name]} of {n}" for name, n in fuller.items() if done[name] < n]
    if not missing:
        return ""
    return f"\nShort of a whole `make faults`, in rounds: {', '.join(missing)}.\n"


def _notes(title: str, runs: Sequence[Result]) -> Iterable[str]:
    retried: Counter[str] = sum((each.retried for each in runs), Counter())
    if retried:
        told = ", ".join(f"{n:,} after {reason}" for reason, n in retried.most_common())
        yield f"- **{title}**: requests sent again: {told}."
    for each in runs:
        yield from (f"- **{title}**: {note}" for note in each.notes)
        yield from (f"- **{title}**, seed {each.seed}, wrong: {wrong}." for wrong in each.wrong)


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
    "load",
    "seeds",
)

_PAGE = """\
# What faults do to Linkway

Written by `make faults`; do not edit. Run on {days}, {cores} cores, Python {python}, {servers}.

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
  needs every service and the application of its own events on the way. A process killed outright
  gives nothing back: its relay's leases and its places in the consumer groups run out ten seconds
  later, so after kill -9 most of the time is that wait. It is the price of not taking a slow
  process for a dead one; one that is stopped gives both back at once.
- **load**: the machine's load average when the run began. Where it is above the number of cores the
  machine had other work, and recovery took longer than on one of its own: nine seconds after a kill
  of Kafka at a load of 2, more than twenty at 11.

{head}
{rows}
{short_of}
To repeat one: `make faults ARGS="--only NAME --seed SEED"`. The seed repeats every choice, though
not the machine's own timing. A row of several seeds is as many runs, added up; `--times N` says how
often each does the fault.

## What they found

All of it was mended, with a test of its own:

- A coordinator that was just restarted tells no offsets yet; aiokafka took that for a group without
  any and would have begun again at the first event of all ([decision 59](decisions.md)).
- Under uvloop a write to a closed connection raises an error that aiokafka does not expect. After
  Kafka was killed half a dozen times one service could commit no more: all was applied, at three
  seconds a batch, and would have been applied again after its next start.
- A consumer part of which had died stood still for a minute before it was replaced: now for five
  seconds. One that could not be stopped kept its whole service from ending: no more.
- Messages claimed and not begun when their worker was stopped waited up to forty seconds for the
  claim to run out: they are given back.
- With a publisher's clock an hour behind, a subscription made within that hour was not told; with
  the clock of notifications an hour ahead, what it recorded then waited for that hour.
- While Kafka was away each service wrote sixty lines a second about it: now one of a kind in ten
  seconds, with how many were left out.

## Notes

Each command was sent again until it was acknowledged; this is how often, and after what. A 404 is
outcomes saying that it has not heard of the case yet.

{notes}
"""
