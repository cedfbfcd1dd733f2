"""FastStream's Kafka broker with settings that lose nothing, and the producing half of the bus.

The defaults of FastStream and aiokafka acknowledge before the work is done, skip what
was there before a group first joined, and take one replica's word for a write.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed
from faststream.exceptions import IncorrectState
from faststream.kafka import KafkaBroker
from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.bus.ending import to_its_end
from shared.errors import Unavailable
from shared.kafkasettings import KafkaSettings
from shared.settings import ServiceSettings

_MAX_BATCH = 128 * 1024
_MAX_REQUEST = 2 * 1024 * 1024
_REQUEST_MS = 20_000
_METADATA_MS = 30_000
_START_SECONDS = 20.0
_STOP_SECONDS = 3.0

_logger = logging.getLogger("faststream.linkway")
_logger.setLevel(logging.WARNING)
# Topics are made before any consumer starts: the advice to check by hand would be noise.
_logger.addFilter(lambda record: not record.getMessage().endswith("Make sure the topics exist."))


def make_broker(settings: ServiceSettings, *, consumer_only: bool = False) -> KafkaBroker:
    """A broker that is not yet connected; ``consumer_only`` makes no producer.

    No linger: the relay gathers events itself, and waiting 5 ms longer in the producer
    was measured to save no processor time and to add those 5 ms to every event.
    """
    return KafkaBroker(
        settings.kafka_bootstrap.split(","),
        client_id=f"{settings.topic_prefix}{settings.service}",
        security=_security(settings),
        request_timeout_ms=_REQUEST_MS,
        metadata_max_age_ms=_METADATA_MS,
        consumer_only=consumer_only,
        acks="all",
        enable_idempotence=settings.kafka_idempotence,
        linger_ms=0,
        max_batch_size=_MAX_BATCH,
        max_request_size=_MAX_REQUEST,
        allow_auto_create_topics=False,
        graceful_timeout=settings.graceful_seconds,
        # Records carry CloudEvents headers; an empty id keeps FastStream from adding its own.
        id_generator=str,
        apply_types=False,
        logger=_logger,
        log_level=logging.DEBUG,
    )


def connection_options(settings: KafkaSettings) -> dict[str, Any]:
    """How any aiokafka client reaches this installation's Kafka."""
    return {
        "bootstrap_servers": settings.kafka_bootstrap.split(","),
        "client_id": f"{settings.topic_prefix}{settings.service}",
        "request_timeout_ms": _REQUEST_MS,
        **parse_security(_security(settings)),
    }


_MECHANISMS = {
    "SCRAM-SHA-512": SASLScram512,
    "SCRAM-SHA-256": SASLScram256,
    "PLAIN": SASLPlaintext,
}


def _security(settings: KafkaSettings) -> BaseSecurity | None:
    protocol = settings.kafka_security_protocol
    if protocol == "PLAINTEXT":
        return None
    context = None if protocol == "SASL_PLAINTEXT" else _tls(settings)
    if protocol == "SSL":
        return BaseSecurity(ssl_context=context)
    if settings.kafka_username is None or settings.kafka_password is None:
        raise ValueError(f"{protocol} needs kafka_username and kafka_password")
    password = settings.kafka_password.get_secret_value()
    return _MECHANISMS[settings.kafka_sasl_mechanism](
        settings.kafka_username, password, ssl_context=context, use_ssl=context is not None
    )


def _tls(settings: KafkaSettings) -> ssl.SSLContext:
    """Checks the broker's certificate and the name in it; shows our own where there is one."""
    context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    if settings.kafka_certificate_file:
        context.load_cert_chain(settings.kafka_certificate_file, settings.kafka_key_file)
    return context


class Publisher:
    """Sends records, and can replace a producer that has broken down.

    An idempotent producer that meets OutOfOrderSequenceNumber never sends again
    (aiokafka issue 1017), and one that cannot reach Kafka waits for ever at its end.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._broker: KafkaBroker | None = None
        self._changing = asyncio.Lock()
        self.generation = 0
        """Counts the producers there have been; give it to ``rebuild``."""

    async def connect(self) -> None:
        """Start a producer where there is none. Raises Unavailable when Kafka is away."""
        async with self._changing:
            if self._broker is None:
                await self._start()

    async def rebuild(self, generation: int) -> None:
        """Replace the producer of this ``generation``, once, however many callers ask.

        Whatever it had not yet sent fails for its senders. Raises Unavailable when Kafka
        is away; there is no producer then, and the next call tries again.
        """
        async with self._changing:
            if generation == self.generation and self._broker is not None:
                broken, self._broker = self._broker, None
                structlog.get_logger().warning("producer replaced", generation=generation)
                await _stop(broken, 0.0)
            if self._broker is None:
                await self._start()

    async def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Mapping[str, str]
    ) -> asyncio.Future[Any]:
        """Hand a record to the producer; the future is done when all replicas have it.

        The order of calls is the order in a partition. Raises KafkaError where it cannot
        be taken: ProducerClosed when there is no producer at present.
        """
        if self._broker is None:
            raise ProducerClosed
        try:
            return await self._broker.publish(
                value, topic, key=key, headers=dict(headers), no_confirm=True
            )
        except IncorrectState as error:
            raise ProducerClosed from error

    async def check(self) -> None:
        """Raise Unavailable unless Kafka answers within two seconds."""
        if self._broker is None or not await self._broker.ping(2.0):
            raise Unavailable("Kafka does not answer.")

    async def close(self, grace: float = _STOP_SECONDS) -> None:
        """Send what is in hand for up to ``grace`` seconds, then let go of the rest."""
        async with self._changing:
            if self._broker is not None:
                broker, self._broker = self._broker, None
                await _stop(broker, grace)

    async def _start(self) -> None:
        broker = make_broker(self._settings)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await to_its_end(broker.start())
        except asyncio.CancelledError:
            await _stop(broker, 0.0)
            raise
        except (KafkaError, OSError, TimeoutError) as error:
            await _stop(broker, 0.0)
            raise Unavailable("Kafka does not answer.") from error
        self._broker = broker
        self.generation += 1


async def _stop(broker: KafkaBroker, grace: float) -> None:
    """Stop a broker, and without its leave when it would wait for a Kafka that is away."""
    state = broker.config.producer._producer  # type: ignore[attr-defined]  # noqa: SLF001 - neither library lets go of unsent records in any public way
    producer = state.producer if state else None
    stopping = asyncio.create_task(broker.stop())
    if grace > 0:
        await asyncio.wait({stopping}, timeout=grace)
    if not stopping.done() and producer is not None:
        await _abandon(producer)
    await asyncio.wait({stopping}, timeout=_STOP_SECONDS)
    if not stopping.done():
        stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)


async def _abandon(producer: AIOKafkaProducer) -> None:
    sender = producer._sender  # noqa: SLF001 - as in _stop
    if sender.sender_task is not None:
        sender.sender_task.cancel()
    producer._message_accumulator.fail_all(ProducerClosed())  # noqa: SLF001 - as in _stop
    await producer.client.close()
