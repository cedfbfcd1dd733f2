"""Examining Kafka as the service itself reaches it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from shared.bus.broker import connection_options
from shared.bus.ending import to_its_end
from shared.bus.topics import topic_name
from shared.doctor.finding import Finding, fail, ok, warn, worse
from shared.settings import ServiceSettings

_SECONDS = 10.0
_SAFE_REPLICAS = 3


async def examine_kafka(
    settings: ServiceSettings, names: Sequence[str], groups: Sequence[str]
) -> AsyncIterator[Finding]:
    """Address, topics and their settings, consumer groups."""
    admin = AIOKafkaAdminClient(**connection_options(settings))
    try:
        try:
            async with asyncio.timeout(_SECONDS):
                await to_its_end(admin.start())
                cluster = await admin.describe_cluster()
        except (KafkaError, OSError, TimeoutError) as error:
            yield fail(
                "kafka address",
                f"Kafka does not answer ({type(error).__name__})",
                "see that the brokers run, that LINKWAY_KAFKA_BOOTSTRAP names them, and that user, "
                "password and certificate are right; what is accepted meanwhile is kept",
            )
            return
        yield ok("kafka address", f"{len(cluster['brokers'])} brokers answer")
        there = set(await admin.list_topics())
        wanted = [topic_name(settings, name) for name in names]
        described = await admin.describe_topics([topic for topic in wanted if topic in there])
        topics = {each["topic"]: each for each in described}
        for finding in _topics(settings, wanted, topics):
            yield finding
        if all(topic in topics for topic in wanted):
            yield await _settings_of(admin, settings, wanted)
        yield await _groups(admin, groups)
    finally:
        await admin.close()


def _topics(
    settings: ServiceSettings, wanted: Sequence[str], topics: Mapping[str, Mapping[str, Any]]
) -> Iterable[Finding]:
    if missing := [topic for topic in wanted if topic not in topics]:
        yield fail(
            "topics",
            f"missing: {', '.join(missing)}",
            "start the service anew: it makes what is missing, or tells why it may not",
        )
        return
    few = {t: len(topics[t]["partitions"]) for t in wanted}
    few = {t: count for t, count in few.items() if count != settings.topic_partitions}
    if few:
        told = ", ".join(f"{topic} ({count})" for topic, count in few.items())
        yield warn(
            "topics",
            f"other than {settings.topic_partitions} partitions: {told}",
            "set LINKWAY_TOPIC_PARTITIONS to what they have; adding some changes keys' order",
        )
    else:
        yield ok("topics", f"{len(wanted)} there, of {settings.topic_partitions} partitions each")
    copies = min(len(p["replicas"]) for t in wanted for p in topics[t]["partitions"])
    behind = [topic for topic in wanted if _is_behind(topics[topic])]
    if behind:
        yield fail(
            "replicas",
            f"not in step: {', '.join(behind)}",
            "see which broker is down or slow, and bring it back",
        )
    elif copies < _SAFE_REPLICAS:
        yield worse(
            "replicas",
            f"{copies} of some topics: the loss of a disk loses events",
            "set LINKWAY_KAFKA_REPLICATION=3 before topics are made, or reassign them",
            production=settings.is_production,
        )
    else:
        yield ok("replicas", f"{copies} or more of each topic, all in step")


def _is_behind(topic: Mapping[str, Any]) -> bool:
    return any(len(part["isr"]) < len(part["replicas"]) for part in topic["partitions"])


async def _settings_of(
    admin: AIOKafkaAdminClient, settings: ServiceSettings, wanted: Sequence[str]
) -> Finding:
    name = "topic settings"
    try:
        async with asyncio.timeout(_SECONDS):
            answers = await admin.describe_configs(
                [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in wanted]
            )
    except (KafkaError, TimeoutError, ValueError, TypeError) as error:
        return _untold(name, type(error).__name__)
    told: dict[str, dict[str, str]] = {}
    for answer in answers:
        for _code, _message, _kind, topic, entries in answer.resources:
            told[topic] = {entry[0]: entry[1] for entry in entries}
    if not all(told.get(topic, {}).get("retention.ms") for topic in wanted):
        return _untold(name, "it gives no settings")
    if short := [topic for topic in wanted if told[topic]["retention.ms"] != "-1"]:
        return fail(
            name,
            f"events are deleted in time from: {', '.join(short)}",
            f"kafka-configs.sh --alter --topic {short[0]} --add-config retention.ms=-1",
        )
    if compact := [t for t in wanted if "compact" in told[t].get("cleanup.policy", "delete")]:
        return fail(
            name,
            f"older events of a key are deleted from: {', '.join(compact)}",
            f"kafka-configs.sh --alter --topic {compact[0]} --add-config cleanup.policy=delete",
        )
    lone = [t for t in wanted if int(told[t].get("min.insync.replicas", "1")) < 2]  # noqa: PLR2004 - one is no copy
    if lone and settings.kafka_replication >= _SAFE_REPLICAS:
        return fail(
            name,
            f"an event may be acknowledged by one broker alone in: {', '.join(lone)}",
            f"kafka-configs.sh --alter --topic {lone[0]} --add-config min.insync.replicas=2",
        )
    return ok(name, "events are kept for good")


def _untold(name: str, why: str) -> Finding:
    return warn(
        name,
        f"this broker does not tell them ({why})",
        "use Apache Kafka where events must be kept; the embedded broker keeps nothing",
    )


async def _groups(admin: AIOKafkaAdminClient, groups: Sequence[str]) -> Finding:
    name = "consumer groups"
    try:
        async with asyncio.timeout(_SECONDS):
            found = {group: await _members(admin, group) for group in groups}
    except (KafkaError, TimeoutError) as error:
        return warn(name, f"Kafka does not tell ({type(error).__name__})", "look again in a minute")
    idle = [group for group, members in found.items() if members == 0]
    if idle:
        return fail(
            name,
            f"nobody listens as {', '.join(idle)}",
            "see the service's log; it joins within seconds of a start, while Kafka answers",
        )
    return ok(name, f"{len(groups)} groups, {sum(found.values())} members")


async def _members(admin: AIOKafkaAdminClient, group: str) -> int:
    answers = await admin.describe_consumer_groups([group])
    told = [each for answer in answers for each in answer.to_object()["groups"]]
    return sum(len(each["members"]) for each in told)
