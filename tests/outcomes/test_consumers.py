import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from services.outcomes.consumers import consumer
from shared.bus import original_headers
from shared.events import (
    ALL_EVENTS,
    Envelope,
    Event,
    ReferralAccepted,
    ReferralCreated,
    ReferralEvent,
)
from shared.ids import new_id
from shared.testing import eventually
from tests.outcomes.conftest import Service
from tests.outcomes.examples import (
    CASE,
    ONWARD,
    WORKER,
    attended,
    booked,
    intake,
    missed,
    referral_fact,
)

PLAN = f"/plans/{CASE}"
OTHER_CASE = "0190c0de-0000-7000-8000-000000000003"

Tell = Callable[..., Awaitable[None]]
Read = Callable[[str], Awaitable[Sequence[ConsumerRecord]]]


def sealed(event: Event) -> Envelope:
    """The event as the referral service would send it."""
    return Envelope(
        id=new_id(),
        type=event.type,
        source="/linkway/referral",
        time=datetime.now(UTC),
        subject=event.subject,
        key=event.key,
        data=event.model_dump_json().encode(),
    )


@pytest.fixture
async def tell(
    service: Service, kafka_bootstrap: str, topic_prefix: str
) -> AsyncIterator[Tell]:
    """Publishes on referral-events, once the service is ready to hear."""

    async def ready() -> bool:
        return (await service.client.get("/ready")).status_code == 200

    await eventually(ready, within=30)
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()

    async def send(*envelopes: Envelope) -> None:
        for envelope in envelopes:
            await producer.send_and_wait(
                f"{topic_prefix}referral-events",
                envelope.data,
                key=envelope.key.encode(),
                headers=[(name, value.encode()) for name, value in envelope.headers().items()],
            )

    yield send
    await producer.stop()


@pytest.fixture
async def read(kafka_bootstrap: str, topic_prefix: str) -> Read:
    """Gives all records of a topic so far, from the beginning."""

    async def all_of(topic: str) -> Sequence[ConsumerRecord]:
        reader = AIOKafkaConsumer(
            f"{topic_prefix}{topic}",
            bootstrap_servers=kafka_bootstrap,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await reader.start()
        try:
            found = await reader.getmany(timeout_ms=500)
            return [record for records in found.values() for record in records]
        finally:
            await reader.stop()

    return all_of


async def plan(service: Service) -> dict[str, object]:
    answer = await service.get(PLAN, WORKER)
    assert answer.status_code == 200
    return dict(answer.json())


async def test_a_case_is_followed_from_its_facts(service: Service, tell: Tell) -> None:
    await tell(
        sealed(intake()),
        sealed(referral_fact(ReferralAccepted, 2)),
        sealed(booked(3)),
        sealed(attended(4)),
        sealed(referral_fact(ReferralCreated, 1, referral=ONWARD)),
        sealed(referral_fact(ReferralAccepted, 2, referral=ONWARD)),
        sealed(missed(3, "onward-1", referral=ONWARD)),
    )

    async def followed() -> None:
        found = await plan(service)
        assert found["attendance"] == {"attended": 1, "missed": 1}

    await eventually(lambda: followed_is_true(followed), within=20)
    found = await plan(service)
    assert found["referrals"][CASE]["status"] == "accepted"
    assert found["referrals"][ONWARD]["status"] == "accepted"
