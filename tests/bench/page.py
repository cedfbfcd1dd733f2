"""What was measured, as tables on the screen and as the page docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.table import Table

from tests.bench.consuming import Consuming
from tests.bench.england import WORKING_DAY_HOURS, Day
from tests.bench.growth import Sized
from tests.bench.latency import Latency
from tests.bench.load import Load

_KILOBYTE = 1_000
_SHOWN_MS = 0.05


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


def write(found: Found, *, cores: int) -> str:
    """The page; a part that was not measured is left out."""
    measured: dict[str, list[str]] = {}
    for part, day in found.days.items():
        measured.setdefault(day, []).append(part)
    days = "; ".join(f"{', '.join(parts)}: {day}" for day, parts in measured.items())
    parts = [_HEAD.format(days=days, cores=cores)]
    if found.accepting.turns:
        parts.append(_ACCEPTING + _markdown(*accepting_rows(found.accepting)))
        memory = ", ".join(f"{k} {v / 1e6:.0f} MB" for k, v in found.accepting.memory.items())
        parts.append(f"Resident memory afterwards: {memory}.\n")
        parts.append(_SPENT + _markdown(*processor_rows(found.accepting)) + _TRIED)
    if found.latency:
        parts.append(_LATENCY + _markdown(*latency_rows(found.latency)))
    if found.consuming:
        parts.append(
            _CONSUMING.format(records=f"{found.consuming.records:,}")
            + _markdown(*consuming_rows(found.consuming))
        )
    if found.growth:
        parts.append(_GROWTH + _markdown(*growth_rows(found.growth)))
    if found.england:
        parts.append(f"## A day of England\n\n{england_line(found.england)}\n")
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


_HEAD = """\
# How fast Linkway is

Written by `make bench`; do not edit. Measured with {cores} cores ({days}). Everything ran on that
one machine: servers, services and the load. What counts are the ratios within a table, which is
one run: another machine gives other figures, and hardly other ratios.
"""
_ACCEPTING = """\
## Accepting referrals

64 connections, each posting one referral at a time, all consumers running, with tokens,
validation, the rules, encryption, the audit and the outbox. Beside it FastAPI with one journalled
insert (*bare insert*); with an insert and a publication awaited after it, which loses events in a
crash (*insert, then publish*); and with an outbox written in one transaction (*outbox by
transaction*): none of them asks for a token, knows a rule, encrypts or keeps an audit. *Linkway
without events* does all of that and tells nobody. Processor time and bytes are of all processes
together, for everything that a referral sets off, its message to the person included; no turn
begins before all of the one before is done.

"""
_SPENT = """\
## Where the time goes

Milliseconds of processor time for one referral, by process, while they are accepted as fast as it
goes; consumers that fall behind then go on afterwards.

"""
_TRIED = """
What was tried, and what became of it:

- Many callers share a journalled write, the audit's too. Kept: alone, each request would wait for
  writes of its own.
- Records read from Kafka are applied in batches, one read and one write for all. Kept.
- Persons are found together with whoever else asks by the same field; a new person is not read
  back; one keyed digest serves several marks; whom a message may reach is asked for several persons
  at once. Kept: 12.8 database commands a referral became 6.2, and 16 ms of processor time 8.
- Few records of a topic wait 30 ms for company, messages to organisations a quarter of a second and
  those to persons half a second; what a document tells is published together
  ([decision 62](decisions.md)). Kept: a referral among 20 a second took 39 database commands with
  its messages, and takes 30. A command that comes alone costs about 2 ms of processor time, client
  and server together, and 0.7 to 1.1 among 1,000 a second: that is why one referral costs several
  times one among many (below). Records waiting 100 ms: not done. At 20 a second it saved 5 commands
  and 17 of 73 ms, and half the referrals were applied everywhere 70 ms later.
- A question to Kafka is answered after 50 ms at the latest, not 100. Kept: a partition whose
  records are being taken is not asked for meanwhile; at 26 a second the p99 of applied everywhere
  went from 290 to 247 ms.
- Reports store a case that opens without looking for it first, count at most every two seconds, and
  do not add up a new case to see that it waits to be counted. Kept: two questions and up to four
  writes less for a referral that comes alone, and a sixth of what hearing it takes.
- Threads of the database's driver get their turn after half a millisecond, not five. Kept: with
  five, half the answers at 52 and at 104 referrals a second came within 150 and 259 ms.
- PyMongo's own asyncio driver in place of motor. Not done: an insert and a read took 0.7 to 1.2 of
  motor's processor time, by how many were under way at once.
- Services collect garbage less often. Kept: a tenth of the processor time.
- A change's line of the audit is acknowledged together with the change. Not done: after a failover
  the chain could have a gap, unless the primary's term is watched.
- What is read waits for its line to be on the machine's own disk, not in the database. Kept: it
  takes a tenth at most ([decision 61](decisions.md)).
- Latency has servers of its own (below). On those that had just taken the load above, the p99 of
  applied everywhere at half of the most was 326 ms, on fresh ones 203 and 211.
- Reconciling holds all that was told since its last turn, five minutes ago. While a day of England
  was played in ten minutes, services grew from 120 to 150 MB to 230 to 460 MB at its turns, and
  between them not at all. Comparing in parts would keep that flat: not done yet.
- A data key is made while the audit is told of the new person. Not done: it saves waiting, no
  processor time, and it is processor time that is short.

"""
_LATENCY = """\
## Until it is applied

Referrals sent when they are due, at shares of the most that can go on: so many a second as were
accepted, applied everywhere and told about, each by a signed webhook to the team and a message to
the person, which ends for want of a carrier once it is known how the person may be reached. Faster
than that, messages would only queue. Processor time of one, over all processes and with what they
take at rest; then milliseconds, p50 / p99: from due to answered, and from answered to applied in
each service and in all of them. It is read from log lines for debugging, which cost time of their
own.

"""
_CONSUMING = """\
## Working off a backlog

{records} records on `referral-events`, worked off by one service at a time, beside a consumer that
writes each batch with one `bulk_write` and knows no rule. A service whose consumers are several
groups reads the records once for each.

"""
_GROWTH = """\
## With a million of each

A new person's referral with so many referrals, persons and plans there already; the best of three
turns at each size. Memory is that of processes that have served twice as many requests as well.

"""
