"""What the tests of the bus share: records as they lie on Kafka, and a service's bus running."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import BaseModel, ConfigDict

from shared.bus import ALL_TOPICS, Bus, Consumer, Patience, Publisher, TopicReader
from shared.cause import Actor, Cause
from shared.events import Envelope, EventActor, ReferralCreated
from shared.ids import new_id
from shared.relay import Relay
from shared.settings import ServiceSettings
from shared.store import Collection, Saved, Store
from shared.telemetry import Telemetry

REFERRALS = "referral-events"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

REJOIN = 30.0
"""Seconds. A member that left is forgotten by Tansu only after its session of 10 seconds."""

QUICK = Patience(
    transient=0.3,
    first_pause=0.01,
    longest_pause=0.05,
    first_rest=0.2,
    longest_rest=0.5,
    attempt=10.0,
)


def settings_for(bootstrap: str, prefix: str, *, tansu: bool, **more: Any) -> ServiceSettings:
    """The settings of a made-up service ``outcomes`` of one test."""
    given: dict[str, Any] = {
        "service": "outcomes",
        "mongo_uri": "mongodb://127.0.0.1:1",
        "kafka_bootstrap": bootstrap,
        "kafka_idempotence": not tansu,
        "topic_prefix": prefix,
        "topic_partitions": 4,
        "jwks": "unused.json",
        "issuer": "https://issuer.example.org",
        "graceful_seconds": 10.0,
        **more,
    }
    return ServiceSettings(**given)


def referral_created(case_id: str, *, seq: int = 1) -> ReferralCreated:
    """An event of a case; the case's id is the key."""
    return ReferralCreated(
        tenant="icb-demo",
        seq=seq,
        occurred_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        actor=EventActor(role="referrer", organisation="Y90001"),
        case_id=case_id,
        person_id="person-1",
        source_organisation_id="Y90001",
        team_organisation_id="team-1",
        referral_id=case_id,
        kind="intake",
        service_id="service-1",
        referrer_organisation_id="Y90001",
        provider_organisation_id="team-1",
    )


def envelope(case_id: str, *, seq: int = 1, event_id: str | None = None) -> Envelope:
    """That event as it travels."""
    event = referral_created(case_id, seq=seq)
    return Envelope(
        id=event_id or new_id(),
        type=event.type,
        source="/linkway/referral",
        time=event.occurred_at,
        subject=event.subject,
        key=event.key,
        data=event.model_dump_json().encode(),
        traceparent=TRACEPARENT,
        request_id="request-1",
    )


@dataclass(frozen=True)
class Sent:
    """A record to be produced as it is, by a producer that is not ours."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    partition: int | None = None

    @classmethod
    def of(cls, event: Envelope, *, partition: int | None = None) -> Sent:
        """A good record."""
        headers = [(name, text.encode()) for name, text in event.headers().items()]
        return cls(event.key.encode(), event.data, headers, partition)

    def with_value(self, value: bytes) -> Sent:
        """The same record with another body."""
        return replace(self, value=value)


async def produce(bootstrap: str, topic: str, records: Iterable[Sent]) -> list[tuple[int, int]]:
    """Put records on a topic in order; gives each one's partition and offset."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        sending = [
            await producer.send(
                topic,
                value=record.value,
                key=record.key,
                headers=list(record.headers),
                partition=record.partition,
            )
            for record in records
        ]
        return [(done.partition, done.offset) for done in await asyncio.gather(*sending)]
    finally:
        await producer.stop()


async def read_all(bootstrap: str, topic: str) -> list[Any]:
    """Every record of a topic of four partitions, partition by partition."""
    partitions = [TopicPartition(topic, number) for number in range(4)]
    async with TopicReader(bootstrap, partitions) as reader:
        found = await reader.read_on()
    return sorted(found, key=lambda record: (record.partition, record.offset))


async def committed(settings: ServiceSettings, group: str, topic: str) -> dict[int, int]:
    """The committed offset of each of the four partitions; 0 where there is none."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap,
        group_id=f"{settings.topic_prefix}{group}",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        return {
            number: await consumer.committed(TopicPartition(topic, number)) or 0
            for number in range(4)
        }
    finally:
        await consumer.stop()


@asynccontextmanager
async def running(bus: Bus) -> AsyncIterator[None]:
    """The bus at work; drained and closed at the end of the block."""
    task = asyncio.create_task(bus.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass
class Applied:
    """Stands in for a service's stores: what its handlers did, in the order they did it."""

    events: list[tuple[str, int]] = field(default_factory=list)
    """(case id, seq)."""
    ids: list[str] = field(default_factory=list)


def handle(event: ReferralCreated, cause: Cause, applied: Applied) -> None:
    """Note that the event was applied."""
    applied.events.append((event.case_id, event.seq))
    applied.ids.append(cause.id)


def listening(*, pause: float = 0.0) -> Consumer[Applied]:
    """A consumer that notes each referral made, after ``pause`` seconds."""
    consumer = Consumer[Applied]("outcomes")

    @consumer.on(ReferralCreated)
    async def referral_created(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        if pause:
            await asyncio.sleep(pause)
        handle(event, cause, stores)

    return consumer


@asynccontextmanager
async def consuming(
    consumer: Consumer[Applied],
    applied: Applied,
    settings: ServiceSettings,
    *,
    patience: Patience = QUICK,
    collections: Sequence[Collection] = (),
    telemetry: Telemetry | None = None,
    publishes: Iterable[str] = ALL_TOPICS,
) -> AsyncIterator[Bus]:
    """A bus that applies events to ``applied`` through ``consumer``."""
    own = telemetry or Telemetry(settings)
    bus = Bus(settings, own, publishes=publishes)
    bus.consume(consumer, applied, patience=patience)
    if collections:
        bus.relay(collections)
    async with running(bus):
        yield bus
    if telemetry is None:
        own.close()


class Case(BaseModel):
    """A record of the tests' own."""

    model_config = ConfigDict(frozen=True)

    tenant: str = "icb-demo"
    changes: int = 0


class Cases(Store[Case]):
    """Records that tell of each of their changes."""

    model = Case
    source = "/linkway/referral"

    async def open(self, case_id: str, events: int = 1) -> Saved[Case]:
        """A new record with so many events, numbered from 1."""
        told = [referral_created(case_id) for _ in range(events)]
        return await self.insert(case_id, Case(), told, some_cause())

    async def change(self, case_id: str) -> Saved[Case]:
        """One change of the record and its event."""
        return await self.update(
            case_id,
            lambda case: (Case(changes=case.changes + 1), [referral_created(case_id)]),
            some_cause(),
        )


def some_cause() -> Cause:
    """A request of its own."""
    return Cause(
        id=new_id(),
        actor=Actor(subject="user-1", role="referrer", organisation="Y90001", tenant="icb-demo"),
        at=datetime.now(UTC),
        traceparent=TRACEPARENT,
    )


def told(records: Iterable[Any]) -> list[tuple[str, int]]:
    """(case id, seq) of records as they lie on the topic."""
    return [(record.key.decode(), json.loads(record.value)["seq"]) for record in records]


def ids(records: Iterable[Any]) -> list[str]:
    """The event ids of records."""
    return [dict(record.headers)["ce_id"].decode() for record in records]


@asynccontextmanager
async def relaying(
    collection: Collection,
    publisher: Publisher,
    settings: ServiceSettings,
    telemetry: Telemetry | None = None,
) -> AsyncIterator[Relay]:
    """A relay at work; it makes its last pass at the end of the block."""
    relay = Relay([collection], publisher, settings, telemetry or Telemetry(settings))
    running = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        relay.stop()
        await running


async def all_sent(collection: Collection) -> bool:
    return (await collection.unsent_stats()).pending == 0
