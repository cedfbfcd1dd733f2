"""The five measured ways to lose messages with FastStream on Kafka, each shown not to be ours.

Each test makes the fault that loses messages under one of FastStream's own settings.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from shared.bus import Consumer
from shared.cause import Cause
from shared.errors import Unavailable
from shared.events import ReferralCreated
from shared.settings import ServiceSettings
from shared.testing import eventually
from tests.shared.bus.harness import (
    QUICK,
    REJOIN,
    Applied,
    Sent,
    committed,
    consuming,
    envelope,
    handle,
    listening,
    produce,
    read_all,
)


def bug() -> Exception:
    return RuntimeError("a bug")


def away() -> Exception:
    return Unavailable("The database did not answer.")


def every_tenth_fails(failure: Callable[[], Exception], *, times: int) -> Consumer[Applied]:
    """Each tenth case fails that many times before it is applied."""
    consumer = Consumer[Applied]("outcomes")
    failed: Counter[str] = Counter()

    @consumer.on(ReferralCreated)
    async def referral_created(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        if int(event.case_id.removeprefix("case-")) % 10 == 0 and failed[event.case_id] < times:
            failed[event.case_id] += 1
            raise failure()
        handle(event, cause, stores)

    return consumer


def three_hundred(*, partitions: int) -> list[Sent]:
    return [Sent.of(envelope(f"case-{n}"), partition=n % partitions) for n in range(300)]


ALL_CASES = {f"case-{n}" for n in range(300)}


async def test_1_a_handler_that_raises_at_every_tenth_message_loses_none(
    settings: ServiceSettings, referrals: str, dead_letters: str
) -> None:
    """ACK_FIRST, FastStream's default, commits before the work: 30 of these 300 are lost."""
    applied = Applied()
    await produce(settings.kafka_bootstrap, referrals, three_hundred(partitions=4))
    async with consuming(every_tenth_fails(bug, times=1), applied, settings):
        await eventually(lambda: len(applied.events) == 300)
    assert {case for case, _ in applied.events} == ALL_CASES
    assert await read_all(settings.kafka_bootstrap, dead_letters) == []


async def test_1_a_handler_that_never_takes_a_message_leaves_it_in_the_dead_letters(
    settings: ServiceSettings, referrals: str, dead_letters: str
) -> None:
    applied = Applied()
    await produce(settings.kafka_bootstrap, referrals, three_hundred(partitions=4))
    async with consuming(every_tenth_fails(bug, times=99), applied, settings):
        await eventually(lambda: len(applied.events) == 270)

        async def all_dead() -> bool:
            return len(await read_all(settings.kafka_bootstrap, dead_letters)) == 30

        await eventually(all_dead)
    dead = {
        record.key.decode() for record in await read_all(settings.kafka_bootstrap, dead_letters)
    }
    assert dead | {case for case, _ in applied.events} == ALL_CASES
    assert sum((await committed(settings, "outcomes", referrals)).values()) == 300


async def test_2_a_success_after_a_failure_does_not_commit_over_the_failure(
    settings: ServiceSettings, referrals: str
) -> None:
    """MANUAL's ack commits the position of everything fetched: the failure before it is lost."""
    applied = Applied()
    consumer = Consumer[Applied]("outcomes")

    @consumer.on(ReferralCreated)
    async def fail_the_fourth(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        if event.case_id == "case-3":
            raise away()
        handle(event, cause, stores)

    await produce(
        settings.kafka_bootstrap,
        referrals,
        [Sent.of(envelope(f"case-{n}"), partition=0) for n in range(10)],
    )
    async with consuming(consumer, applied, settings):
        await eventually(lambda: len(applied.events) >= 9)
        await asyncio.sleep(0.5)
    assert await committed(settings, "outcomes", referrals) == {0: 3, 1: 0, 2: 0, 3: 0}
    async with consuming(listening(), applied, settings):
        await eventually(lambda: ("case-3", 1) in applied.events, within=REJOIN)
    assert await committed(settings, "outcomes", referrals) == {0: 10, 1: 0, 2: 0, 3: 0}


async def test_3_failures_in_a_batch_over_several_partitions_lose_none(
    settings: ServiceSettings, referrals: str
) -> None:
    """NACK_ON_ERROR rewound one partition and committed all up to 0.7.7: up to 181 of 300 lost.

    Failures outlast the retries inside a batch, so that every partition is put back, and
    the process ends in between: what is lost then does not come again.
    """
    applied = Applied()
    await produce(settings.kafka_bootstrap, referrals, three_hundred(partitions=4))
    async with consuming(every_tenth_fails(away, times=10**6), applied, settings):
        await eventually(lambda: len({case for case, _ in applied.events}) == 270)
    async with consuming(every_tenth_fails(away, times=30), applied, settings):
        await eventually(lambda: {case for case, _ in applied.events} == ALL_CASES, within=REJOIN)
    assert sum((await committed(settings, "outcomes", referrals)).values()) == 300


async def test_3_the_installed_faststream_rewinds_every_partition_of_a_batch(
    settings: ServiceSettings, referrals: str
) -> None:
    """The library's own defect of 0.7.5 to 0.7.7: guards the pin."""
    broker = KafkaBroker(settings.kafka_bootstrap, logger=None)
    seen: set[bytes] = set()
    batches = 0

    @broker.subscriber(
        referrals,
        group_id=f"{settings.topic_prefix}library",
        batch=True,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        decoder=lambda message: [record.value for record in message.raw_message],
    )
    async def fail_at_times(bodies: list[bytes]) -> None:
        nonlocal batches
        batches += 1
        if batches <= 3:
            raise RuntimeError("a bug")
        seen.update(bodies)

    await produce(settings.kafka_bootstrap, referrals, three_hundred(partitions=4))
    await broker.start()
    try:
        await eventually(lambda: len(seen) == 300)
    finally:
        await broker.stop()


async def test_4_one_invalid_event_discards_none_of_its_99_neighbours(
    settings: ServiceSettings, referrals: str, dead_letters: str
) -> None:
    """REJECT_ON_ERROR drops the whole batch in which one body does not parse."""
    applied = Applied()
    sent = [Sent.of(envelope(f"case-{n}"), partition=0) for n in range(100)]
    sent[0] = sent[0].with_value(b"not json")
    await produce(settings.kafka_bootstrap, referrals, sent)
    async with consuming(listening(), applied, settings):
        await eventually(lambda: len(applied.events) == 99)
    assert sorted(applied.events) == sorted((f"case-{n}", 1) for n in range(1, 100))
    (dead,) = await read_all(settings.kafka_bootstrap, dead_letters)
    assert dead.value == b"not json"


async def test_5_a_message_that_cannot_be_applied_now_neither_blocks_nor_spins(
    settings: ServiceSettings, referrals: str
) -> None:
    """NACK_ON_ERROR tries a poison message 1,650 times a second and stops its partition."""
    applied = Applied()
    consumer = Consumer[Applied]("outcomes")
    attempts = 0

    @consumer.on(ReferralCreated)
    async def poison(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        nonlocal attempts
        if event.case_id == "case-0":
            attempts += 1
            raise Unavailable("The database did not answer.")
        handle(event, cause, stores)

    await produce(
        settings.kafka_bootstrap,
        referrals,
        [Sent.of(envelope(f"case-{n}"), partition=0) for n in range(37)],
    )
    only_rests = replace(QUICK, transient=0.0)
    async with consuming(consumer, applied, settings, patience=only_rests):
        await eventually(lambda: attempts)
        processor = time.process_time()
        await produce(
            settings.kafka_bootstrap,
            referrals,
            [Sent.of(envelope(f"case-{n}"), partition=1) for n in range(100, 150)],
        )
        await eventually(lambda: len({case for case, _ in applied.events}) == 86, within=3.0)
        await asyncio.sleep(2.0)
        spent = time.process_time() - processor
    # The rests between attempts are 0.2, 0.4 and then 0.5 s.
    assert attempts < 15
    assert spent < 1.5


async def test_5_a_bug_does_not_hold_its_partition(
    settings: ServiceSettings, referrals: str, dead_letters: str
) -> None:
    applied = Applied()
    await produce(
        settings.kafka_bootstrap,
        referrals,
        [Sent.of(envelope(f"case-{n}"), partition=0) for n in range(37)],
    )
    consumer = every_tenth_fails(bug, times=10**6)
    async with consuming(consumer, applied, settings, patience=QUICK):
        await eventually(lambda: len(applied.events) == 33)

        async def four_dead() -> bool:
            return len(await read_all(settings.kafka_bootstrap, dead_letters)) == 4

        await eventually(four_dead)
    assert await committed(settings, "outcomes", referrals) == {0: 37, 1: 0, 2: 0, 3: 0}
