"""Records become effects: in order within a key, and committed when they are."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from pydantic import BaseModel

from shared.bus import Consumer, Patience
from shared.cause import Cause
from shared.errors import Contended, Unavailable
from shared.events import CaseEvent, GoalUpdated, ReferralCreated
from shared.settings import ServiceSettings
from shared.store import Saved
from shared.telemetry import Telemetry
from shared.testing import eventually
from tests.shared.bus.harness import (
    REJOIN,
    TRACEPARENT,
    Applied,
    Sent,
    committed,
    consuming,
    envelope,
    handle,
    listening,
    produce,
    settings_for,
)


async def test_events_of_one_key_are_applied_in_the_order_they_were_sent(
    settings: ServiceSettings, referrals: str
) -> None:
    applied = Applied()
    consumer = Consumer[Applied]("outcomes")

    @consumer.on(ReferralCreated)
    async def slow_at_times(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        await asyncio.sleep(0.002 if event.seq % 3 == 1 else 0)
        handle(event, cause, stores)

    sent = [Sent.of(envelope(f"case-{n % 7}", seq=n // 7 + 1)) for n in range(700)]
    await produce(settings.kafka_bootstrap, referrals, sent[:350])
    async with consuming(consumer, applied, settings):
        await produce(settings.kafka_bootstrap, referrals, sent[350:])
        await eventually(lambda: len(applied.events) == 700)
    for case in range(7):
        seqs = [seq for case_id, seq in applied.events if case_id == f"case-{case}"]
        assert seqs == list(range(1, 101))


async def test_keys_do_not_wait_for_each_other(settings: ServiceSettings, referrals: str) -> None:
    applied = Applied()
    consumer = Consumer[Applied]("outcomes")
    at_once = asyncio.Barrier(20)

    @consumer.on(ReferralCreated)
    async def meet(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        await at_once.wait()
        handle(event, cause, stores)

    cases = [Sent.of(envelope(f"case-{n}"), partition=0) for n in range(20)]
    await produce(settings.kafka_bootstrap, referrals, cases)
    async with consuming(consumer, applied, settings):
        await eventually(lambda: len(applied.events) == 20)


async def test_events_of_one_key_do_not_wait_for_each_other_where_any_order_will_do(
    settings: ServiceSettings, referrals: str
) -> None:
    applied = Applied()
    consumer = Consumer[Applied]("outcomes", in_any_order=True)
    at_once = asyncio.Barrier(20)

    @consumer.on(ReferralCreated)
    async def meet(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        await at_once.wait()
        handle(event, cause, stores)

    sent = [Sent.of(envelope("case-1", seq=n + 1)) for n in range(20)]
    await produce(settings.kafka_bootstrap, referrals, sent)
    async with consuming(consumer, applied, settings):
        await eventually(lambda: len(applied.events) == 20)
    assert sum((await committed(settings, "outcomes", referrals)).values()) == 20


async def test_a_group_that_joins_for_the_first_time_starts_at_the_beginning(
    settings: ServiceSettings, referrals: str
) -> None:
    applied = Applied()
    await produce(settings.kafka_bootstrap, referrals, [Sent.of(envelope("case-1"))])
    async with consuming(listening(), applied, settings):
        await eventually(lambda: applied.events == [("case-1", 1)])


async def test_a_graceful_stop_leaves_committed_what_was_applied_and_nothing_more(
    settings: ServiceSettings, referrals: str
) -> None:
    applied = Applied()
    consumer = listening(pause=0.01)
    sent = [Sent.of(envelope(f"case-{n % 10}", seq=n // 10 + 1)) for n in range(300)]
    await produce(settings.kafka_bootstrap, referrals, sent)
    async with consuming(consumer, applied, settings):
        await eventually(lambda: len(applied.events) >= 20)
    offsets = await committed(settings, "outcomes", referrals)
    assert sum(offsets.values()) == len(applied.events)
    async with consuming(consumer, applied, settings):
        await eventually(lambda: len(applied.events) == 300, within=REJOIN)
        await asyncio.sleep(0.3)
    assert len(set(applied.ids)) == len(applied.ids) == 300


async def test_a_handler_slower_than_the_grace_period_is_repeated_by_the_next_process(
    kafka_bootstrap: str, settings: ServiceSettings, referrals: str
) -> None:
    hasty = settings_for(
        kafka_bootstrap,
        settings.topic_prefix,
        tansu=not settings.kafka_idempotence,
        graceful_seconds=1.0,
    )
    applied = Applied()
    consumer = Consumer[Applied]("outcomes")
    stuck = asyncio.Event()

    @consumer.on(ReferralCreated)
    async def hang_once(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        if event.case_id == "case-1" and not stuck.is_set():
            stuck.set()
            await asyncio.sleep(60)
        handle(event, cause, stores)

    sent = [Sent.of(envelope(f"case-{n}"), partition=n % 2) for n in range(4)]
    await produce(kafka_bootstrap, referrals, sent)
    async with consuming(consumer, applied, hasty):
        await stuck.wait()
        await eventually(lambda: len(applied.events) == 3)
    offsets = await committed(settings, "outcomes", referrals)
    assert offsets == {0: 2, 1: 0, 2: 0, 3: 0}
    async with consuming(consumer, applied, hasty):
        await eventually(lambda: ("case-1", 1) in applied.events, within=REJOIN)


async def test_types_nobody_listens_to_are_passed_over_whatever_their_data(
    settings: ServiceSettings, referrals: str
) -> None:
    applied = Applied()
    other = envelope("case-1")
    headers = [*other.headers().items()]
    unknown = [(n, (v if n != "ce_type" else "referral-reimagined").encode()) for n, v in headers]
    record = Sent(b"case-1", b"\xff not json", unknown)
    # Who does not hear of profiles does not judge how one is written either.
    profile = Sent(b"case-1", b"\xff not json", [("ce_type", b"case-profiled")])
    await produce(
        settings.kafka_bootstrap, referrals, [record, profile, Sent.of(envelope("case-1"))]
    )
    telemetry = Telemetry(settings)
    async with consuming(listening(), applied, settings, telemetry=telemetry):
        await eventually(lambda: applied.events == [("case-1", 1)])
    assert sum((await committed(settings, "outcomes", referrals)).values()) == 3
    for type_ in ("unknown", "case-profiled"):
        labels = {"consumer": "outcomes", "type": type_, "result": "ignored"}
        assert telemetry.registry.get_sample_value("events_consumed_total", labels) == 1


async def test_the_cause_of_an_effect_is_the_event(
    settings: ServiceSettings, referrals: str
) -> None:
    causes: list[Cause] = []
    consumer = Consumer[Applied]("outcomes")

    @consumer.on(ReferralCreated)
    async def keep(_event: ReferralCreated, cause: Cause, _stores: Applied) -> None:
        causes.append(cause)

    event = envelope("case-1")
    before = datetime.now(UTC)
    await produce(settings.kafka_bootstrap, referrals, [Sent.of(event)])
    async with consuming(consumer, Applied(), settings):
        await eventually(lambda: causes)
    (cause,) = causes
    assert cause.id == event.id
    assert cause.repeatable
    assert cause.actor.subject == "outcomes"
    assert cause.actor.role == "service"
    assert cause.actor.organisation == "Y90001"
    assert cause.actor.tenant == "icb-demo"
    assert before <= cause.at <= datetime.now(UTC)
    assert cause.traceparent is not None
    assert cause.traceparent[3:35] == TRACEPARENT[3:35]


class _State(BaseModel):
    tenant: str = "icb-demo"


async def test_an_effect_that_was_there_already_is_counted_as_a_repeat(
    settings: ServiceSettings, referrals: str
) -> None:
    consumer = Consumer[Applied]("outcomes")

    @consumer.on(ReferralCreated)
    async def open_plan(event: ReferralCreated, cause: Cause, _stores: Applied) -> Saved[_State]:
        repeated = event.seq == 2
        return Saved(event.case_id, 1, _State(), created_at=cause.at, repeated=repeated)

    telemetry = Telemetry(settings)
    sent = [Sent.of(envelope("case-1", seq=seq)) for seq in (1, 2)]
    await produce(settings.kafka_bootstrap, referrals, sent)

    def count(name: str, **labels: str) -> float | None:
        return telemetry.registry.get_sample_value(name, labels)

    def consumed(result: str) -> float | None:
        of = {"consumer": "outcomes", "type": "referral-created", "result": result}
        return count("events_consumed_total", **of)

    async with consuming(consumer, Applied(), settings, telemetry=telemetry):
        await eventually(lambda: consumed("repeated"))
    assert consumed("repeated") == 1
    assert consumed("applied") == 1
    assert count("duplicate_effects_suppressed_total") == 1


async def test_a_transient_fault_is_waited_out_and_nothing_is_committed_before(
    settings: ServiceSettings, referrals: str
) -> None:
    applied = Applied()
    consumer = Consumer[Applied]("outcomes")
    database_away = True
    attempts = 0

    @consumer.on(ReferralCreated)
    async def write(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        nonlocal attempts
        attempts += 1
        if database_away:
            raise Unavailable("The database did not answer.")
        handle(event, cause, stores)

    sent = [Sent.of(envelope(f"case-{n % 5}", seq=n // 5 + 1)) for n in range(100)]
    await produce(settings.kafka_bootstrap, referrals, sent)
    async with consuming(consumer, applied, settings):
        await eventually(lambda: attempts >= 30)
        assert sum((await committed(settings, "outcomes", referrals)).values()) == 0
        database_away = False
        await eventually(lambda: len(applied.events) == 100)
    assert sum((await committed(settings, "outcomes", referrals)).values()) == 100
    for case in range(5):
        seqs = [seq for case_id, seq in applied.events if case_id == f"case-{case}"]
        assert seqs == list(range(1, 21))


async def test_contention_is_tried_again(settings: ServiceSettings, referrals: str) -> None:
    applied = Applied()
    consumer = Consumer[Applied]("outcomes")
    attempts = 0

    @consumer.on(ReferralCreated)
    async def write(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 4:
            raise Contended("Others were faster.")
        handle(event, cause, stores)

    await produce(settings.kafka_bootstrap, referrals, [Sent.of(envelope("case-1"))])
    async with consuming(consumer, applied, settings):
        await eventually(lambda: applied.events == [("case-1", 1)])
    assert attempts == 4


async def test_a_handler_that_hangs_is_given_up_and_tried_again(
    settings: ServiceSettings, referrals: str
) -> None:
    applied = Applied()
    consumer = Consumer[Applied]("outcomes")
    attempts = 0

    @consumer.on(ReferralCreated)
    async def hang_once(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            await asyncio.sleep(60)
        handle(event, cause, stores)

    await produce(settings.kafka_bootstrap, referrals, [Sent.of(envelope("case-1"))])
    async with consuming(consumer, applied, settings, patience=Patience(attempt=0.2)):
        await eventually(lambda: applied.events == [("case-1", 1)])


async def test_a_member_that_joins_takes_over_partitions_and_nothing_is_lost(
    settings: ServiceSettings, referrals: str
) -> None:
    first, second = Applied(), Applied()
    rounds = 0

    async def send_a_round() -> None:
        nonlocal rounds
        rounds += 1
        sent = [Sent.of(envelope(f"case-{n}", seq=rounds)) for n in range(40)]
        await produce(settings.kafka_bootstrap, referrals, sent)

    async def second_takes_part() -> bool:
        await send_a_round()
        return bool(second.events)

    for _ in range(20):
        await send_a_round()
    async with consuming(listening(pause=0.005), first, settings):
        await eventually(lambda: len(first.events) >= 100)
        async with consuming(listening(), second, settings):
            await eventually(second_takes_part, within=30.0)
            everything = {(f"case-{n}", seq) for n in range(40) for seq in range(1, rounds + 1)}
            await eventually(lambda: {*first.events, *second.events} == everything)
    assert sum((await committed(settings, "outcomes", referrals)).values()) == 40 * rounds


def test_a_consumer_knows_its_topics_from_its_events() -> None:
    consumer = Consumer[Applied]("outcomes")

    @consumer.on(ReferralCreated, GoalUpdated)
    async def either(event: CaseEvent, cause: Cause, stores: Applied) -> None:
        """Nothing to do."""

    assert consumer.topics == ["outcome-events", "referral-events"]
    assert consumer.events == [ReferralCreated, GoalUpdated]
