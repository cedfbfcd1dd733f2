import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.outcomes.consumers import consumer
from services.outcomes.domain import CHANGING
from shared.bus import original_headers
from shared.events import (
    CaseEvent,
    Envelope,
    Event,
    PersonMerged,
    PersonUnmerged,
    ReferralAccepted,
    ReferralCreated,
    ReferralStarted,
)
from shared.ids import new_id
from shared.testing import eventually
from tests.outcomes.asking import Service
from tests.outcomes.examples import (
    CASE,
    ONWARD,
    PERSON,
    WORKER,
    attended,
    booked,
    intake,
    missed,
    person_fact,
    referral_fact,
)

OTHER_CASE = "0190c0de-0000-7000-8000-000000000003"

Headers = list[tuple[str, bytes]]


def sealed(event: Event) -> tuple[bytes, Headers]:
    """The event as the referral service would send it: its data and its headers."""
    envelope = Envelope(
        id=new_id(),
        type=event.type,
        source="/linkway/referral",
        time=datetime.now(UTC),
        subject=event.subject,
        key=event.key,
        data=event.model_dump_json().encode(),
    )
    headers = [(name, value.encode()) for name, value in envelope.headers().items()]
    return envelope.data, headers


Tell = Callable[[tuple[bytes, Headers]], Awaitable[None]]
Hear = Callable[[str], Awaitable[Any]]


@pytest.fixture
async def tell(kafka_bootstrap: str, topic_prefix: str) -> AsyncIterator[Tell]:
    """Publishes on referral-events."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()

    async def send(record: tuple[bytes, Headers]) -> None:
        value, headers = record
        key = dict(headers)["ce_partitionkey"]
        topic = f"{topic_prefix}referral-events"
        await producer.send_and_wait(topic, value, key=key, headers=headers)

    yield send
    await producer.stop()


@pytest.fixture
def hear(kafka_bootstrap: str, topic_prefix: str) -> Hear:
    """Gives the first record of a topic, waiting for it."""

    async def first(topic: str) -> Any:
        reader = AIOKafkaConsumer(
            f"{topic_prefix}{topic}",
            bootstrap_servers=kafka_bootstrap,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await reader.start()
        try:
            async with asyncio.timeout(20):
                return await reader.getone()
        finally:
            await reader.stop()

    return first


async def plan(service: Service, case: str = CASE) -> dict[str, Any]:
    answer = await service.get(f"/plans/{case}", WORKER)
    assert answer.status_code == 200
    return dict(answer.json())


def test_every_fact_of_a_case_that_changes_a_plan_is_listened_to() -> None:
    assert set(consumer.events) == CHANGING
    assert consumer.topics == ["referral-events"]


async def test_a_case_is_followed_from_its_facts_however_often_they_come(
    connected: Service, tell: Tell
) -> None:
    journey = [
        sealed(intake()),
        sealed(referral_fact(ReferralAccepted, 2)),
        sealed(booked(3)),
        sealed(attended(4)),
        sealed(referral_fact(ReferralCreated, 1, referral=ONWARD)),
        sealed(referral_fact(ReferralAccepted, 2, referral=ONWARD)),
        sealed(missed(3, "onward-1", referral=ONWARD)),
    ]
    for record in (*journey, *journey):
        await tell(record)
    await tell(sealed(missed(5, "the-last")))

    async def all_heard() -> bool:
        return "the-last" in (await plan(connected))["contacts"]

    await eventually(all_heard, within=20)
    found = await plan(connected)
    assert (found["attendance"]["attended"], found["attendance"]["missed"]) == (1, 2)
    assert {id_: each["status"] for id_, each in found["referrals"].items()} == {
        CASE: "accepted",
        ONWARD: "accepted",
    }
    assert found["version"] == 8


async def test_a_fact_without_its_case_is_set_aside_and_applies_when_replayed(
    connected: Service, tell: Tell, hear: Hear
) -> None:
    early = attended(3, case_id=OTHER_CASE, referral_id=OTHER_CASE)
    await tell(sealed(early))
    await tell(sealed(intake()))
    dead = await hear("dead-letters")
    headers = dict(dead.headers)
    assert headers["dl_error"] == b"NotFound"
    assert headers["ce_type"] == b"appointment-attended"
    assert json.loads(dead.value)["case_id"] == OTHER_CASE

    async def neighbour_applied() -> bool:
        return bool((await plan(connected))["status"] == "open")

    await eventually(neighbour_applied, within=20)
    await tell(sealed(intake(case_id=OTHER_CASE, referral_id=OTHER_CASE)))
    replayed = [(name, value) for name, value in original_headers(dead.headers) if value]
    await tell((dead.value, replayed))

    async def applied() -> bool:
        attendance = (await plan(connected, OTHER_CASE))["attendance"]
        return bool((attendance["attended"], attendance["missed"]) == (1, 0))

    await eventually(applied, within=20)


async def test_merge_persons_heard_by_kafka_counts_the_case_under_the_survivor(
    connected: Service, tell: Tell
) -> None:
    await tell(sealed(person_fact(PersonMerged, 2, "survivor", PERSON)))
    await tell(sealed(intake()))
    await tell(sealed(referral_fact(ReferralStarted, 2)))

    async def counted_under_the_survivor() -> bool:
        found = await connected.get(f"/plans/{CASE}", WORKER)
        return found.status_code == 200 and found.json()["person_id"] == "survivor"

    await eventually(counted_under_the_survivor, within=20)
    await tell(sealed(person_fact(PersonUnmerged, 3, "survivor", PERSON, case_ids=(CASE,))))

    async def given_back() -> bool:
        return bool((await plan(connected))["person_id"] == PERSON)

    await eventually(given_back, within=20)


async def test_a_goal_set_over_http_is_told_on_kafka_without_the_persons_words(
    connected: Service, tell: Tell, hear: Hear
) -> None:
    await tell(sealed(intake()))

    async def opened() -> bool:
        return bool((await plan(connected))["status"] == "open")

    await eventually(opened, within=20)
    body = {"wording": "Dance again", "need_code": "loneliness", "confidence": 5}
    goal = (await connected.post(f"/plans/{CASE}/goals", WORKER, body)).json()
    record = await hear("outcome-events")
    headers = dict(record.headers)
    assert record.key == CASE.encode()
    assert headers["ce_type"] == b"goal-updated"
    assert headers["ce_source"] == b"/linkway/outcomes"
    assert headers["ce_specversion"] == b"1.0"
    told = json.loads(record.value)
    own = {name: value for name, value in told.items() if name not in CaseEvent.model_fields}
    assert own == {
        "goal_id": goal["id"],
        "change": "set",
        "lifecycle_status": "active",
        "achievement_status": "in-progress",
        "confidence": 5,
    }
    assert told["seq"] == 1
    assert b"Dance" not in record.value
