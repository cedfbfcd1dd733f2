"""Which topics there are, and making sure that they exist."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.bus.broker import connection_options
from shared.bus.ending import to_its_end
from shared.errors import Unavailable
from shared.events import ALL_EVENTS
from shared.kafkasettings import KafkaSettings

DEAD_LETTERS = "dead-letters"
"""Records that can never be applied, with their reason."""

AUDIT_ANCHORS = "audit-anchors"
"""Where each service's audit ended at some time: no events, and nobody consumes them."""

ALL_TOPICS: tuple[str, ...] = (
    *sorted({event.topic for event in ALL_EVENTS}),
    AUDIT_ANCHORS,
    DEAD_LETTERS,
)
"""Every topic, without the installation's prefix."""

LARGEST_RECORD = 2 * 1024 * 1024
"""Bytes. Twice a topic's usual limit, so that the largest record fits as a dead letter."""

_SECONDS = 20.0
_LOOKS = 400


def topic_name(settings: KafkaSettings, topic: str) -> str:
    """The topic's name in this installation."""
    return f"{settings.topic_prefix}{topic}"


async def ensure_topics(settings: KafkaSettings, names: Iterable[str] = ALL_TOPICS) -> None:
    """Create those of the topics (named without prefix) that are missing, or miss them.

    Each keeps its records for good. Existing topics are left as they are, and another
    process may create the same ones at the same time. Raises Unavailable, naming the
    topic, when Kafka refuses or does not answer, and where this service is not to create
    what is missing or may not see it.
    """
    wanted = {topic_name(settings, name): name for name in names}
    admin = AIOKafkaAdminClient(**connection_options(settings))
    try:
        await to_its_end(admin.start())
        async with asyncio.timeout(_SECONDS):
            missing = sorted(set(wanted) - set(await admin.list_topics()))
            if missing and not settings.kafka_create_topics:
                raise Unavailable(f"These topics are not there yet: {', '.join(missing)}.")
            if missing:
                await _create(admin, settings, [(name, wanted[name]) for name in missing])
                await _known(admin, set(missing))
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable("Kafka does not answer.") from error
    finally:
        await admin.close()


async def _create(
    admin: AIOKafkaAdminClient, settings: KafkaSettings, missing: list[tuple[str, str]]
) -> None:
    answer = await admin.create_topics(
        [
            NewTopic(
                name,
                num_partitions=settings.topic_partitions,
                replication_factor=settings.kafka_replication,
                topic_configs=_configuration(topic),
            )
            for name, topic in missing
        ]
    )
    for result in answer.to_object()["topic_errors"]:
        error = for_code(result["error_code"])
        if result["error_code"] and error is not TopicAlreadyExistsError:
            raise Unavailable(f"Topic {result['topic']} was not created: {error.__name__}.")
    structlog.get_logger().info("topics created", topics=[name for name, _ in missing])


async def _known(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    """Wait until the broker that was asked has heard of topics the controller made."""
    for _ in range(_LOOKS):
        if names <= set(await admin.list_topics()):
            return
        await asyncio.sleep(_SECONDS / _LOOKS)
    raise Unavailable("The new topics are not there yet.")


def _configuration(topic: str) -> dict[str, str]:
    if topic == DEAD_LETTERS:
        return {"retention.ms": "-1", "max.message.bytes": str(LARGEST_RECORD)}
    return {"retention.ms": "-1"}
