"""What lies on Kafka: the events themselves, and how far each service has read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.bus import ALL_TOPICS, AUDIT_ANCHORS, DEAD_LETTERS, TopicReader
from shared.events import ALL_EVENTS, Event, by_type, parse_data, parse_envelope

_TYPES = by_type(ALL_EVENTS)


@dataclass(frozen=True, slots=True)
class Published:
    """The different events on the topics by their id, and how many records repeat one."""

    events: Mapping[str, Event]
    repeats: int


class Topics:
    """The topics of one run; get it from ``open_topics``.

    Offsets are asked for through consumers that join no group: an administrator's question
    for them is not answered by every broker.
    """

    def __init__(
        self,
        reader: TopicReader,
        groups: Sequence[AIOKafkaConsumer],
        dead_letters: Iterable[TopicPartition],
    ) -> None:
        self._reader = reader
        self._groups = groups
        self._dead = frozenset(at.topic for at in dead_letters)
        self._records: list[ConsumerRecord[bytes, bytes]] = []

    async def written(self) -> int:
        """How many records there are on all topics."""
        self._records += await self._reader.read_on()
        return len(self._records)

    async def unread(self) -> int:
        """How many records some consumer has not finished: those written less those committed."""
        await self.written()
        waiting = 0
        for group in self._groups:
            for partition in group.assignment():
                done = await group.committed(partition) or 0
                waiting += max(0, await self._reader.position(partition) - done)
        return waiting

    async def dead_letters(self) -> int:
        """How many records were set aside."""
        await self.written()
        return sum(record.topic in self._dead for record in self._records)

    async def published(self) -> Published:
        """Every event on every topic, from the beginning to the end there is now."""
        await self.written()
        events: dict[str, Event] = {}
        records = [record for record in self._records if record.topic not in self._dead]
        for record in records:
            envelope = parse_envelope(record.headers, record.key, record.value)
            events[envelope.id] = parse_data(envelope, _TYPES[envelope.type])
        return Published(events, len(records) - len(events))


@asynccontextmanager
async def open_topics(
    bootstrap: str, prefix: str, reads: Mapping[str, Iterable[str]]
) -> AsyncIterator[Topics]:
    """The topics behind ``prefix``; ``reads`` has the topics of each consumer."""
    partitions = await _partitions(bootstrap, prefix)
    everything = [at for own in partitions.values() for at in own]
    async with AsyncExitStack() as stack:

        async def group(name: str, topics: Iterable[str]) -> AIOKafkaConsumer:
            made = AIOKafkaConsumer(
                bootstrap_servers=bootstrap, group_id=name, enable_auto_commit=False
            )
            await made.start()
            stack.push_async_callback(made.stop)
            own = [at for topic in topics for at in partitions[topic]]
            made.assign(own)
            # A consumer that fetches keeps every other question waiting for half a second.
            made.pause(*own)
            return made

        yield Topics(
            await stack.enter_async_context(TopicReader(bootstrap, everything)),
            [await group(f"{prefix}{consumer}", topics) for consumer, topics in reads.items()],
            partitions[DEAD_LETTERS],
        )


async def delete_topics(bootstrap: str, prefix: str) -> None:
    """Delete the topics behind ``prefix``; for servers that go on after the demo."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        own = {f"{prefix}{topic}" for topic in ALL_TOPICS} & set(await admin.list_topics())
        await admin.delete_topics(sorted(own))
    finally:
        await admin.close()


async def _partitions(bootstrap: str, prefix: str) -> Mapping[str, Sequence[TopicPartition]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        counted = set(ALL_TOPICS) - {AUDIT_ANCHORS}
        names = {f"{prefix}{topic}": topic for topic in counted}
        return {
            names[found["topic"]]: [
                TopicPartition(found["topic"], each["partition"]) for each in found["partitions"]
            ]
            for found in await admin.describe_topics(list(names))
        }
    finally:
        await admin.close()
