"""Topics are made by code, once, and keep their records for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.bus import ALL_TOPICS, ensure_topics
from shared.errors import Unavailable
from shared.events import ALL_EVENTS
from shared.testing import free_port
from tests.shared.bus.harness import settings_for


@pytest.fixture
async def admin(kafka_bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await client.start()
    yield client
    await client.close()


def test_there_is_one_topic_for_each_owner_and_one_for_dead_letters() -> None:
    assert ALL_TOPICS == (
        "directory-events",
        "notification-events",
        "outcome-events",
        "referral-events",
        "audit-anchors",
        "dead-letters",
    )
    assert {event.topic for event in ALL_EVENTS} < set(ALL_TOPICS)


async def test_all_topics_are_made_with_the_stated_number_of_partitions(
    admin: AIOKafkaAdminClient, *, kafka_bootstrap: str, topic_prefix: str, kafka_is_tansu: bool
) -> None:
    settings = settings_for(kafka_bootstrap, topic_prefix, tansu=kafka_is_tansu, topic_partitions=7)
    await ensure_topics(settings)
    described = await admin.describe_topics([f"{topic_prefix}{topic}" for topic in ALL_TOPICS])
    assert {each["topic"]: len(each["partitions"]) for each in described} == {
        f"{topic_prefix}directory-events": 7,
        f"{topic_prefix}notification-events": 7,
        f"{topic_prefix}outcome-events": 7,
        f"{topic_prefix}referral-events": 7,
        f"{topic_prefix}audit-anchors": 7,
        f"{topic_prefix}dead-letters": 7,
    }


async def test_topics_keep_their_records_for_good(
    admin: AIOKafkaAdminClient, *, kafka_bootstrap: str, topic_prefix: str, kafka_is_tansu: bool
) -> None:
    if kafka_is_tansu:
        pytest.skip("Tansu keeps no such setting")
    await ensure_topics(settings_for(kafka_bootstrap, topic_prefix, tansu=kafka_is_tansu))
    names = [f"{topic_prefix}referral-events", f"{topic_prefix}dead-letters"]
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    (answer,) = await admin.describe_configs(resources)
    kept = {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]} for resource in answer.resources
    }
    assert [kept[name]["retention.ms"] for name in names] == ["-1", "-1"]
    assert kept[names[1]]["max.message.bytes"] == "2097152"


async def test_services_that_start_at_once_make_the_same_topics_without_a_quarrel(
    admin: AIOKafkaAdminClient, *, kafka_bootstrap: str, topic_prefix: str, kafka_is_tansu: bool
) -> None:
    settings = settings_for(kafka_bootstrap, topic_prefix, tansu=kafka_is_tansu)
    await asyncio.gather(*(ensure_topics(settings) for _ in range(6)))
    await ensure_topics(settings)
    found = {topic for topic in await admin.list_topics() if topic.startswith(topic_prefix)}
    assert found == {f"{topic_prefix}{topic}" for topic in ALL_TOPICS}


async def test_a_service_that_may_make_no_topics_names_those_it_waits_for(
    *, kafka_bootstrap: str, topic_prefix: str, kafka_is_tansu: bool
) -> None:
    own = settings_for(
        kafka_bootstrap, topic_prefix, tansu=kafka_is_tansu, kafka_create_topics=False
    )
    with pytest.raises(Unavailable, match=f"not there yet: {topic_prefix}referral-events"):
        await ensure_topics(own, ["referral-events"])
    await ensure_topics(settings_for(kafka_bootstrap, topic_prefix, tansu=kafka_is_tansu))
    await ensure_topics(own, ["referral-events"])


async def test_kafka_away_is_unavailable() -> None:
    settings = settings_for(f"127.0.0.1:{free_port()}", "", tansu=True)
    with pytest.raises(Unavailable, match=r"Kafka does not answer\."):
        await ensure_topics(settings)
