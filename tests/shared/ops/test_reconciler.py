"""Reconciling all the time: each window once, and again only what differed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from shared.ops import Gauges, Reconciler
from shared.ops.reconcile_models import Difference, FactCount, Reconciliation
from shared.ops.reconciler import together

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Service:
    """Answers each comparison, notes which were asked, and lets time pass."""

    def __init__(self) -> None:
        self.time = NINE
        self.asked: list[tuple[datetime, datetime]] = []
        self.differs = False
        self.complete = True
        self.registry = CollectorRegistry()
        self.reconciler = Reconciler(
            self.compare,
            Gauges.registered(self.registry),
            every=timedelta(minutes=5),
            now=lambda: self.time,
        )

    async def compare(self, since: datetime, until: datetime) -> Reconciliation:
        self.asked.append((since, until))
        difference = Difference(
            kind="without-effect",
            group="outcomes",
            type="referral-created",
            hour=since,
            count=2,
            event_ids=["a", "b"],
        )
        hour = since.replace(minute=0)
        return Reconciliation(
            service="outcomes",
            since=since,
            until=until,
            facts=[FactCount(type="goal-updated", hour=hour, accepted=3, published=3)],
            applied=[],
            differences=[difference] if self.differs else [],
            waiting=0,
            repeated=0,
            records_read=3,
            is_complete=self.complete,
        )

    def figure(self, kind: str, group: str) -> float | None:
        labels = {"kind": kind, "group": group}
        return self.registry.get_sample_value("reconcile_differences", labels)


def after(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


async def test_windows_follow_each_other_and_leave_out_the_last_minute() -> None:
    service = Service()
    await service.reconciler.catch_up()
    service.time = after(5)
    await service.reconciler.catch_up()

    assert service.asked == [(after(-60), after(-1)), (after(-1), after(4))]


async def test_what_differed_is_compared_anew_until_it_agrees() -> None:
    service = Service()
    service.differs = True
    await service.reconciler.catch_up()
    assert service.figure("without-effect", "outcomes") == 2

    service.differs = False
    service.time = after(5)
    await service.reconciler.catch_up()
    service.time = after(10)
    await service.reconciler.catch_up()

    assert service.asked[1:] == [
        (after(-60), after(-1)),
        (after(-1), after(4)),
        (after(4), after(9)),
    ]
    assert service.figure("without-effect", "outcomes") is None
    assert service.figure("not-published", "") == 0


async def test_what_could_not_be_read_whole_is_asked_again_from_where_it_began() -> None:
    service = Service()
    service.complete = False
    await service.reconciler.catch_up()
    assert service.reconciler.found == {}

    service.complete = True
    service.time = after(5)
    await service.reconciler.catch_up()

    assert service.asked == [(after(-60), after(-1)), (after(-60), after(0)), (after(0), after(4))]


async def test_windows_of_one_hour_are_told_as_that_hour() -> None:
    service = Service()
    for minutes in (5, 10, 15):
        service.time = after(minutes)
        await service.reconciler.catch_up()

    whole = together("outcomes", service.reconciler.found.values())

    assert whole is not None
    assert (whole.since, whole.until) == (after(-60), after(14))
    assert [(each.hour, each.accepted) for each in whole.facts] == [(after(-60), 3), (NINE, 9)]
    assert together("outcomes", []) is None


async def test_windows_older_than_two_days_are_forgotten() -> None:
    service = Service()
    await service.reconciler.catch_up()
    service.time = after(3 * 24 * 60)
    await service.reconciler.catch_up()

    oldest = min(each.until for each in service.reconciler.found.values())
    assert oldest == after(24 * 60 + 59)
    assert max(each.until for each in service.reconciler.found.values()) == after(3 * 24 * 60 - 1)
