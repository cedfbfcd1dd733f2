import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from fastapi import FastAPI

from services.directory import handlers
from services.directory.app import create_app
from services.directory.consumers import consumer
from services.directory.domain import EFFECTS, Organisation, Service
from services.directory.settings import Settings
from services.directory.store import Stores
from shared.bus import Publisher, topic_name
from shared.events import (
    Envelope,
    OrganisationChanged,
    PersonErased,
    ReferralAccepted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEvent,
    ReferralWaitlisted,
)
from shared.ids import derived_id
from shared.testing import eventually, serving
from tests.directory.examples import NOON, TENANT, because, fact, listing


@pytest.fixture
async def directory(
    service_env: Callable[[str], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FastAPI]:
    """The whole service, ready on a real database and a real broker."""
    for name, value in service_env("directory").items():
        monkeypatch.setenv(name, value)
    app = create_app(Settings.model_validate({}))
    async with serving(app) as client:

        async def is_ready() -> bool:
            return (await client.get("/ready")).status_code == 200

        up: bool = await eventually(is_ready, within=30)
        assert up
        yield app


def envelope(event: ReferralEvent) -> Envelope:
    return Envelope(
        id=derived_id(event.referral_id, str(event.seq)),
        type=event.type,
        source="/linkway/referral",
        time=NOON,
        subject=event.subject,
        key=event.key,
        data=event.model_dump_json().encode(),
    )


async def publish(settings: Settings, *events: ReferralEvent) -> None:
    publisher = Publisher(settings)
    await publisher.connect()
    for event in events:
        sent = envelope(event)
        acknowledged = await publisher.send(
            topic_name(settings, event.topic),
            key=sent.key.encode(),
            value=sent.data,
            headers=sent.headers(),
        )
        await acknowledged
    await publisher.close(5.0)


async def published(settings: Settings, count: int) -> list[tuple[str, dict[str, Any]]]:
    """The first facts on the directory's topic: each type with its data."""
    reader = AIOKafkaConsumer(
        topic_name(settings, "directory-events"),
        bootstrap_servers=settings.kafka_bootstrap,
        auto_offset_reset="earliest",
    )
    await reader.start()
    try:
        async with asyncio.timeout(20):
            records = [await reader.getone() for _ in range(count)]
    finally:
        await reader.stop()
    return [(dict(each.headers)["ce_type"].decode(), json.loads(each.value)) for each in records]


def test_every_fact_that_moves_a_place_is_listened_to() -> None:
    assert set(consumer.events) == {*EFFECTS, OrganisationChanged, PersonErased}
    assert consumer.topics == ["directory-events", "referral-events"]


async def test_places_follow_referrals_over_kafka_late_and_repeated_facts_included(
    directory: FastAPI,
) -> None:
    stores: Stores = directory.state.stores
    settings: Settings = directory.state.settings
    places = {"unit": "places", "maximum": 3}
    await handlers.put_services(
        stores,
        [listing(capacity=places), listing(id="team", service_role="link_worker_team")],
        because(),
    )
    await publish(
        settings,
        fact(ReferralCreated, 1, "r-intake", referral_kind="intake", service_id="team"),
        fact(ReferralCreated, 1, "r-unknown", service_id="not-here"),
        fact(ReferralCreated, 1, "r-1"),
        fact(ReferralAccepted, 2, "r-1"),
        fact(ReferralCreated, 1, "r-1"),
        fact(ReferralDeclined, 2, "r-2"),
        fact(ReferralCreated, 1, "r-2"),
        fact(ReferralCreated, 1, "r-3"),
        fact(ReferralWaitlisted, 2, "r-3"),
        fact(ReferralCreated, 1, "r-4"),
    )

    async def settled() -> Service:
        service = (await handlers.get_service(stores, "svc-1", TENANT)).state
        assert {id_: (hold.status, hold.seq) for id_, hold in service.holds.items()} == {
            "r-1": ("used", 2),
            "r-2": ("released", 2),
            "r-3": ("waiting", 2),
            "r-4": ("held", 1),
        }
        return service

    service: Service = await eventually(settled, within=30)
    assert service.available == 1
    assert (await handlers.get_service(stores, "team", TENANT)).version == 1


async def test_what_the_directory_tells_of_a_service_is_on_its_topic_in_order(
    directory: FastAPI,
) -> None:
    stores: Stores = directory.state.stores
    settings: Settings = directory.state.settings
    places = {"unit": "places", "maximum": 3}
    await handlers.put_services(stores, [listing(capacity=places)], because())
    await handlers.follow_referral(stores, fact(ReferralCreated, 1), because())
    await handlers.put_services(stores, [listing(name="Renamed")], because())
    await handlers.close_service(stores, "svc-1", "other", because(), None)
    facts = await published(settings, 5)
    assert [(kind, data["seq"]) for kind, data in facts] == [
        ("service-published", 1),
        ("capacity-changed", 2),
        ("capacity-changed", 3),
        ("service-changed", 4),
        ("service-closed", 5),
    ]
    assert [data["available"] for kind, data in facts if kind == "capacity-changed"] == [3, 2]
    assert {data["service_id"] for _, data in facts} == {"svc-1"}


async def test_service_or_organisation_closes_over_kafka(directory: FastAPI) -> None:
    """The directory hears its own fact that an organisation closed, and closes its services."""
    stores: Stores = directory.state.stores
    closing = Organisation(
        id="org-allotments", name="Fernley Allotments", kind="provider", status="closed"
    )
    await handlers.put_services(stores, [listing(), listing(id="svc-2")], because())
    await handlers.put_organisations(stores, [closing], because())

    async def closed() -> bool:
        for service_id in ("svc-1", "svc-2"):
            service = (await handlers.get_service(stores, service_id, TENANT)).state
            assert service.listing.status == "defunct"
        return True

    assert await eventually(closed, within=30)
