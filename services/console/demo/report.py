"""The summary: what was played, counted at each place, in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from services.console.demo.stores import by_kind_and_status
from services.console.demo.verdict import (
    Evidence,
    agreements,
    percentile,
    receipts,
    to_last_effect,
)

_KINDS = ("intake", "onward", "signpost")
_STAGES = ("acknowledged", "stored", "published", "applied")
_MEGABYTE = 1_000_000
_INDENT = (0, 0, 0, 2)
_WIDE = 122
"""Columns of a terminal that six consumers and the space between them take."""


def print_counts(console: Console, evidence: Evidence) -> None:
    """Referrals by kind and state, what agrees, events by type, who was told, and how soon."""
    _ways(console, evidence)
    _referrals(console, evidence)
    _agreements(console, evidence)
    _events(console, evidence)
    _messages(console, evidence)
    _latency(console, to_last_effect(evidence.stored))


def print_machine(
    console: Console, memory: Mapping[str, int], servers: str, seconds: float
) -> None:
    """The memory each service holds (``memory`` in bytes), the servers, and how long it took."""
    said = ", ".join(f"{name} {used / _MEGABYTE:.0f} MB" for name, used in memory.items())
    _heading(console, "This run")
    _note(console, f"Resident memory: {said}.")
    _note(console, f"Servers: {servers}.")
    _note(console, f"Time taken: {seconds:.0f} s.")


def print_operations(console: Console, lines: Sequence[str]) -> None:
    """What operations staff would see at this moment."""
    _heading(console, "Operations")
    for line in lines:
        _note(console, line)


def _referrals(console: Console, evidence: Evidence) -> None:
    counts = by_kind_and_status(evidence.stored.referrals)
    states, kinds = Counter[str](), Counter[str]()
    for (kind, state), n in counts.items():
        states[state] += n
        kinds[kind] += n
    table = _table("state", *_KINDS, "all")
    for state, total in states.most_common():
        per_kind = (_count(counts[kind, state]) for kind in _KINDS)
        table.add_row(state.replace("_", " "), *per_kind, _count(total))
    table.add_section()
    table.add_row("all", *(_count(kinds[kind]) for kind in _KINDS), _count(kinds.total()))
    _print(console, "Referrals by kind and state", table)
    ledger = evidence.ledger
    _note(console, f"Second referrals of the same person, refused with 409: {ledger.duplicates:,}.")
    if ledger.unplaced:
        _note(console, f"People for whom no service had a free place: {ledger.unplaced:,}.")


def _ways(console: Console, evidence: Evidence) -> None:
    table = _table("what became of them", "people")
    for words, n in evidence.ledger.ways.most_common():
        table.add_row(words, _count(n))
    _print(console, "People by what became of their referral", table)
    if evidence.ledger.unmet:
        _note(
            console,
            f"Needs that nothing could meet, noted for the gap map: {evidence.ledger.unmet:,}.",
        )


def _agreements(console: Console, evidence: Evidence) -> None:
    table = _table("compared by id", *_STAGES, "the same")
    for each in agreements(evidence):
        counts = (
            _count(len(each.stages[stage])) if stage in each.stages else "" for stage in _STAGES
        )
        table.add_row(each.what, *counts, _yes(each.agrees))
    _print(console, "Acknowledged = stored = published = applied", table)


def _events(console: Console, evidence: Evidence) -> None:
    consumers = sorted(evidence.listening)
    published = sum((each.published for each in evidence.figures.values()), Counter[str]())
    there = Counter(event.type for event in evidence.published.events.values())
    heads = [_narrow(name) for name in consumers]
    table = _table("type", "published", "on the\ntopic", *heads)
    table.columns[0].min_width = max(map(len, (*published, *there)), default=0)
    table.padding = (0, 0 if console.width < _WIDE else 1)
    nothing = Counter[str]()
    for kind in sorted(published | there):
        applied = (
            _count(evidence.applied.get(consumer, nothing)[kind])
            if kind in evidence.listening[consumer]
            else ""
            for consumer in consumers
        )
        table.add_row(kind, _count(published[kind]), _count(there[kind]), *applied)
    table.add_section()
    totals = (_count(evidence.applied.get(each, nothing).total()) for each in consumers)
    table.add_row("all", _count(published.total()), _count(there.total()), *totals)
    _print(console, "Events by type: published, and applied by each consumer that listens", table)
    _note(
        console,
        "Published is what the relays count, on the topic what lies there; "
        f"{evidence.published.repeats:,} records on the topics repeat an event.",
    )


def _narrow(consumer: str) -> str:
    """A consumer's name over several lines, as columns are narrow."""
    return consumer.replace("-", "-\n").replace("notifications", "notifi-\ncations")


def _messages(console: Console, evidence: Evidence) -> None:
    deliveries = evidence.stored.deliveries.values()
    table = _table("channel", "delivered", "at the receiver", "the same")
    for agreement in receipts(evidence):
        delivered, taken = agreement.stages.values()
        verified = "verified" if agreement.what == "Webhooks" else "taken"
        table.add_row(
            agreement.what,
            _count(len(delivered)),
            f"{_count(len(taken))} {verified}",
            _yes(agreement.agrees),
        )
    _print(console, "Messages", table)
    _note(
        console,
        f"To organisations {len(deliveries):,} in {sum(each.attempts for each in deliveries):,} "
        f"attempts. To persons {_to_persons(evidence)}.",
    )
    told = evidence.told
    _note(
        console,
        f"Without a good signature: {told.refused:,}. Received twice: {told.again:,}. "
        f"Dead letters: {evidence.dead_letters:,}.",
    )


def _to_persons(evidence: Evidence) -> str:
    """How many messages to persons went, wait for safe hours, or are not sent by a rule."""
    messages = evidence.stored.person_messages.values()
    sent = sum(each.handed_over for each in messages)
    waiting = sum(each.status == "queued" for each in messages)
    overtaken = sum(each.status == "cancelled" for each in messages)
    kept = Counter(each.reason for each in messages if each.status == "suppressed")
    rules = ", ".join(f"{n:,} {str(reason).replace('_', ' ')}" for reason, n in kept.most_common())
    return (
        f"{len(messages):,}: {sent:,} sent, {waiting:,} waiting for hours that suit them, "
        f"{overtaken:,} overtaken by newer news" + (f", not sent by rule: {rules}" if rules else "")
    )


def _latency(console: Console, ordered: Sequence[timedelta]) -> None:
    if not ordered:
        return
    p50, p99 = (percentile(ordered, percent).total_seconds() for percent in (50, 99))
    _heading(console, "From a referral's request to its last effect")
    _note(
        console,
        f"p50 {p50:.2f} s, p99 {p99:.2f} s: by the times the services keep, until the plan was "
        "opened or the last message about the new referral was taken by its receiver, whichever "
        "came later; under this load, all on one machine.",
    )


def _heading(console: Console, text: str) -> None:
    console.print(f"\n[bold]{text}[/]")


def _note(console: Console, text: str) -> None:
    console.print(Padding(text, _INDENT))


def _print(console: Console, heading: str, table: Table) -> None:
    _heading(console, heading)
    console.print(Padding(table, _INDENT, expand=False))


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _count(number: int) -> str:
    return f"{number:,}"


def _yes(agrees: bool) -> str:  # noqa: FBT001 - private
    return "yes" if agrees else "[bold red]no[/]"
