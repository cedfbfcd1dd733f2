"""Reconciles all the time: each few minutes what was made since, and again what differed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from shared.errors import Unavailable
from shared.ops.gauges import Gauges
from shared.ops.reconcile_models import (
    AppliedCount,
    Difference,
    FactCount,
    Reconciliation,
)

SETTLED_AFTER = timedelta(minutes=1)
"""What is younger may still be on its way, and is looked at the next time."""

_FIRST = timedelta(hours=1)
_LONGEST = timedelta(hours=1)
"""A window that could not be compared, or was slept through, is made up for in parts."""

_KEPT = timedelta(hours=48)

FactT = TypeVar("FactT", FactCount, AppliedCount)

Reconcile = Callable[[datetime, datetime], Awaitable[Reconciliation]]


class Reconciler:
    """``run`` goes on until it is cancelled; ``found`` holds the windows of the last two days.

    A window that differed is compared anew each time, until it agrees.
    """

    def __init__(
        self,
        reconcile: Reconcile,
        gauges: Gauges,
        *,
        every: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._reconcile = reconcile
        self._gauges = gauges
        self._every = every.total_seconds()
        self._now = now
        self._until = now() - _FIRST
        self.found: dict[datetime, Reconciliation] = {}

    async def run(self) -> None:
        """Compare, and rest."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.catch_up()
            except Unavailable as error:
                structlog.get_logger().debug("not reconciled", reason=error.detail)

    async def catch_up(self) -> None:
        """One round: what was made since the last one, and what differed before."""
        until = self._now() - SETTLED_AFTER
        again = [each for each in self.found.values() if each.differences]
        windows = [(each.since, each.until) for each in again]
        at = self._until
        while at < until:
            windows.append((at, min(at + _LONGEST, until)))
            at = windows[-1][1]
        for since, end in windows:
            compared = await self._reconcile(since, end)
            if not compared.is_complete:
                structlog.get_logger().info("reconciled in part", reason=compared.fault)
                return
            self.found[since] = compared
            self._until = max(self._until, end)
        self._forget(self._now() - _KEPT)
        self._show()

    def _forget(self, before: datetime) -> None:
        self.found = {at: each for at, each in self.found.items() if each.until >= before}

    def _show(self) -> None:
        gauges = self._gauges
        gauges.reconciled_timestamp_seconds.set(self._now().timestamp())
        gauges.reconcile_differences.clear()
        for difference in (each for found in self.found.values() for each in found.differences):
            labels = (difference.kind, difference.group or "")
            gauges.reconcile_differences.labels(*labels).inc(difference.count)
        for kind in ("not-published", "not-accepted"):
            gauges.reconcile_differences.labels(kind, "").inc(0)


def together(service: str, found: Iterable[Reconciliation]) -> Reconciliation | None:
    """Several windows of a service as one, counted by type and hour; None for none."""
    windows = sorted(found, key=lambda each: each.since)
    if not windows:
        return None
    facts: dict[tuple[str, datetime], FactCount] = {}
    applied: dict[tuple[str, str, datetime], AppliedCount] = {}
    differences: list[Difference] = []
    for window in windows:
        for fact in window.facts:
            known = facts.get((fact.type, fact.hour))
            facts[fact.type, fact.hour] = fact if known is None else _plus(known, fact)
        for count in window.applied:
            key = (count.group, count.type, count.hour)
            applied[key] = count if key not in applied else _plus(applied[key], count)
        differences += window.differences
    return Reconciliation(
        service=service,
        since=windows[0].since,
        until=windows[-1].until,
        facts=[facts[key] for key in sorted(facts)],
        applied=[applied[key] for key in sorted(applied)],
        differences=differences,
        waiting=windows[-1].waiting,
        repeated=sum(each.repeated for each in windows),
        records_read=sum(each.records_read for each in windows),
        is_complete=all(each.is_complete for each in windows),
    )


def _plus(one: FactT, other: FactT) -> FactT:
    """The sum of two counts of the same thing."""
    numbers: Mapping[str, int] = {
        name: value + getattr(other, name)
        for name, value in one.model_dump().items()
        if isinstance(value, int)
    }
    return one.model_copy(update=numbers)
