"""One consumer group member: takes batches from FastStream, commits exactly what is finished."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER

from shared.bus.batch import Applier, Patience, Progress
from shared.bus.broker import make_broker
from shared.bus.consumer import Consumer, StoresT
from shared.bus.dead_letters import DeadLetters
from shared.bus.ending import end_tasks, to_its_end
from shared.bus.shelf import Shelf
from shared.bus.topics import topic_name
from shared.errors import Unavailable
from shared.settings import ServiceSettings
from shared.telemetry import Telemetry

_MAX_RECORDS = 500
_FETCH_MS = 20
# Kafka answers a waiting fetch as soon as there is a record, Tansu only at its end. A partition
# whose last records are just being taken is not asked for meanwhile, and waits for that end too.
_FETCH_WAIT_MS = 50
_HEARTBEAT_MS = 1_000
_COMMIT_SECONDS = 3.0
_LEAVE_SECONDS = 4.0
_HAND_OVER_SECONDS = 5.0
_LAG_SECONDS = 5.0
_GATHER_SECONDS = 0.03
_COMPANY = 32
"""Records in a batch, from which on the next does not wait for company."""
_STALL_SECONDS = 60.0


class Subscription(Generic[StoresT]):
    """A consumer attached to Kafka: ``start`` once, ``stop`` once; make a new one to go on."""

    def __init__(
        self,
        consumer: Consumer[StoresT],
        stores: StoresT,
        dead_letters: DeadLetters,
        settings: ServiceSettings,
        telemetry: Telemetry,
        *,
        shelf: Shelf,
        patience: Patience,
    ) -> None:
        group = topic_name(settings, consumer.service)
        self._applier = Applier(
            consumer, stores, dead_letters, telemetry, shelf=shelf, group=group, patience=patience
        )
        self._patience = patience
        self._work: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._rests: dict[TopicPartition, float] = {}
        self._finished = 0
        self._watched = (0, asyncio.get_running_loop().time())
        self._broker = make_broker(settings, consumer_only=True)
        self._subscriber = self._broker.subscriber(
            *(topic_name(settings, topic) for topic in consumer.topics),
            group_id=group,
            batch=True,
            max_records=_MAX_RECORDS,
            batch_timeout_ms=_FETCH_MS,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            heartbeat_interval_ms=_HEARTBEAT_MS,
            listener=_HandOver(self._idle, self._rests, lambda: shelf.forget(group)),
            parser=_unparsed,
            decoder=_records,
            no_reply=True,
        )
        self._subscriber(self._on_batch)

    async def start(self) -> None:
        """Join the group. Raises Unavailable when Kafka does not answer."""
        try:
            await to_its_end(self._broker.start())
        except (KafkaError, OSError, TimeoutError) as error:
            await self.stop(0.0)
            raise Unavailable("Kafka does not answer.") from error
        self._watched = (0, asyncio.get_running_loop().time())

    async def stop(self, grace: float) -> None:
        """Finish the batch in hand within ``grace`` seconds, commit, and leave the group."""
        self._applier.stopping.set()
        work = self._work
        if work is not None:
            await asyncio.wait({work}, timeout=grace)
            work.cancel()
        consumer = self._subscriber.consumer
        leaving = asyncio.create_task(self._broker.stop())
        await asyncio.wait({leaving}, timeout=_LEAVE_SECONDS)
        cut_short = not leaving.done()
        await end_tasks([leaving, *self._subscriber.tasks])
        if cut_short and consumer is not None:
            await _disconnect(consumer)

    async def watch(self) -> None:
        """Note whether work waits and none gets done; to be called every few seconds."""
        now = asyncio.get_running_loop().time()
        finished, _ = self._watched
        if self._finished != finished or not await self._lag():
            self._watched = (self._finished, now)

    @property
    def healthy(self) -> bool:
        """False when the task is dead, or records wait and none was finished for a minute."""
        _, since = self._watched
        return self._is_running and asyncio.get_running_loop().time() - since < _STALL_SECONDS

    @property
    def is_stuck(self) -> bool:
        """Whether no records will come though some may wait: a new member is the only cure."""
        stalled = not self.healthy and not self._rests
        return self._idle.is_set() and (stalled or self._is_crippled)

    @property
    def _is_running(self) -> bool:
        return any(not task.done() for task in self._subscriber.tasks)

    @property
    def _is_crippled(self) -> bool:
        """Whether a part of aiokafka's consumer has died: it fails for ever, and starts none anew.

        Heartbeats and the asking for offsets end so on an answer of Kafka's that they do not
        expect, as while a broker starts.
        """
        consumer = self._subscriber.consumer
        if consumer is None:
            return False
        coordinator, fetcher = consumer._coordinator, consumer._fetcher  # noqa: SLF001 - nothing public tells
        parts = (
            coordinator._coordination_task,  # noqa: SLF001 - as above
            coordinator._heartbeat_task,  # noqa: SLF001 - as above
            coordinator._commit_refresh_task,  # noqa: SLF001 - as above
            fetcher._fetch_task,  # noqa: SLF001 - as above
            consumer._client._sync_task,  # noqa: SLF001 - as above
        )
        dead = [each for each in parts if each is not None and each.done()]
        return any(not each.cancelled() and each.exception() is not None for each in dead)

    async def _on_batch(self, records: Sequence[ConsumerRecord]) -> None:
        if self._applier.stopping.is_set():
            return
        progress = Progress(records)
        work = self._work = asyncio.create_task(self._applier.apply(records, progress))
        self._idle.clear()
        try:
            await asyncio.wait({work})
            await self._settle(progress)
        finally:
            work.cancel()
            self._work = None
            self._finished += progress.count
            self._idle.set()
        if progress.count < _COMPANY and not self._applier.stopping.is_set():
            # A batch costs much, a record in it little: let the next ones come together.
            await asyncio.sleep(_GATHER_SECONDS)

    async def _settle(self, progress: Progress) -> None:
        consumer = self._subscriber.consumer
        if consumer is None:
            return
        assigned = consumer.assignment()
        commits = {at: offset for at, offset in progress.commits().items() if at in assigned}
        for partition in commits:
            self._rests.pop(partition, None)
        if commits:
            await _commit(consumer, commits)
        for partition, offset in progress.unfinished().items():
            if partition in consumer.assignment():
                self._put_back(consumer, partition, offset)

    def _put_back(self, consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int) -> None:
        """Go back to the record and let the partition rest, so that nothing spins."""
        rest = min(
            self._patience.longest_rest,
            self._rests.get(partition, self._patience.first_rest / 2) * 2,
        )
        self._rests[partition] = rest
        consumer.seek(partition, offset)
        consumer.pause(partition)
        asyncio.get_running_loop().call_later(rest, _resume, consumer, partition)

    async def _lag(self) -> int:
        """Records of the assigned partitions that are not finished; 0 when Kafka is silent."""
        consumer = self._subscriber.consumer
        if consumer is None or not consumer.assignment():
            return 0
        try:
            async with asyncio.timeout(_LAG_SECONDS):
                ends = await consumer.end_offsets(sorted(consumer.assignment()))
                positions = {at: await consumer.position(at) for at in ends}
        except (KafkaError, TimeoutError):
            return 0
        waiting: int = sum(max(0, ends[at] - positions[at]) for at in ends)
        return waiting + (0 if self._idle.is_set() else 1)


class _HandOver(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Lets the batch in hand finish before its partitions go to another member."""

    def __init__(
        self,
        idle: asyncio.Event,
        rests: dict[TopicPartition, float],
        changed: Callable[[], None],
    ) -> None:
        self._idle = idle
        self._rests = rests
        self._changed = changed

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Wait a few seconds for the commit; ``revoked`` is everything this member had."""
        self._rests.clear()
        if not revoked:
            return
        try:
            async with asyncio.timeout(_HAND_OVER_SECONDS):
                await self._idle.wait()
        except TimeoutError:
            structlog.get_logger().info("a batch goes on after its partitions were taken")

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Tell how many partitions this member has now, before it gets records of them."""
        self._changed()
        structlog.get_logger().debug("partitions assigned", count=len(list(assigned)))


async def _commit(consumer: AIOKafkaConsumer, commits: dict[TopicPartition, int]) -> None:
    """Commit, or leave it: another member then repeats the records, which changes nothing."""
    try:
        async with asyncio.timeout(_COMMIT_SECONDS):
            await consumer.commit(commits)
    except (KafkaError, TimeoutError) as error:
        structlog.get_logger().warning("offsets not committed", error=type(error).__name__)


async def _disconnect(consumer: AIOKafkaConsumer) -> None:
    """Close what is left open when leaving the group took too long, as during a rebalance."""
    await consumer._fetcher.close()  # noqa: SLF001 - stop() does nothing the second time
    await consumer._client.close()  # noqa: SLF001 - as above


def _resume(consumer: AIOKafkaConsumer, partition: TopicPartition) -> None:
    try:
        consumer.resume(partition)
    except IllegalStateError:
        structlog.get_logger().debug("partition taken while it rested")


async def _unparsed(batch: tuple[ConsumerRecord, ...]) -> KafkaMessage:
    """The batch as it came: FastStream's own parser fails on one header that is not UTF-8."""
    return KafkaMessage(raw_message=batch, body=b"", consumer=FAKE_CONSUMER)


async def _records(message: KafkaMessage) -> Any:
    return message.raw_message
