"""Kafka: which broker to use, and whether one answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError

from shared.servers.errors import ServerError

KAFKA_VARIABLE = "LINKWAY_USE_KAFKA"
"""The environment variable that gives the address (host:port,…) of a Kafka to use."""

Broker = Literal["apache", "tansu"]


@dataclass(frozen=True, slots=True)
class Kafka:
    """A broker that answers; ``description`` gives its version and where it came from."""

    bootstrap: str
    idempotent: bool
    description: str


async def given_kafka(bootstrap: str) -> Kafka:
    """The one at this address; ServerError where it does not answer."""
    if not await kafka_answers(bootstrap):
        raise ServerError(f"No Kafka answers at the address in {KAFKA_VARIABLE}.")
    idempotent = await _takes_idempotent_producers(bootstrap)
    kind = "Kafka" if idempotent else "Kafka-protocol broker without idempotent producers"
    return Kafka(bootstrap, idempotent, f"{kind} at {bootstrap} (given by {KAFKA_VARIABLE})")


async def kafka_answers(bootstrap: str) -> bool:
    """Whether a broker there tells its cluster."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
    except KafkaConnectionError:
        return False
    finally:
        await admin.close()
    return True


async def _takes_idempotent_producers(bootstrap: str) -> bool:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    try:
        await producer.start()
    except KafkaError:
        return False
    finally:
        await producer.stop()
    return True
