"""What lies on Kafka: the events themselves, and how far each service has read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.bus.topics import ALL_TOPICS, DEAD_LETTERS
from shared.events import ALL_EVENTS, Event, by_type, parse_data, parse_envelope

_TYPES = by_type(ALL_EVENTS)
_FETCH_MS = 500


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
        reader: AIOKafkaConsumer,
        groups: Sequence[AIOKafkaConsumer],
        partitions: Mapping[str, Sequence[TopicPartition]],
    ) -> None:
        self._reader = reader
        self._groups = groups
        self._partitions = partitions

    async def written(self) -> int:
        """How many records there are on all topics."""
        return await self._records(self._all())

    async def unread(self) -> int:
        """How many records some service has not finished: end offsets less committed ones."""
        waiting = 0
        for group in self._groups:
            own = sorted(group.assignment())
            ends = await group.end_offsets(own)
            starts = await group.beginning_offsets(own)
            for partition in own:
                done = await group.committed(partition) or starts[partition]
                waiting += max(0, ends[partition] - done)
        return waiting

    async def dead_letters(self) -> int:
        """How many records were set aside."""
        return await self._records(self._partitions[DEAD_LETTERS])

    async def published(self) -> Published:
        """Every event on every topic, from the beginning to the end there is now."""
        own = [at for at in self._all() if at.topic != self._partitions[DEAD_LETTERS][0].topic]
        ends = await self._reader.end_offsets(own)
        await self._reader.seek_to_beginning(*own)
        self._reader.resume(*own)
        events: dict[str, Event] = {}
        records = 0
        while any([await self._reader.position(at) < end for at, end in ends.items()]):
            fetched = await self._reader.getmany(*own, timeout_ms=_FETCH_MS)
            for record in (each for batch in fetched.values() for each in batch):
                envelope = parse_envelope(record.headers, record.key, record.value)
                events[envelope.id] = parse_data(envelope, _TYPES[envelope.type])
                records += 1
        self._reader.pause(*own)
        return Published(events, records - len(events))

    async def _records(self, partitions: Sequence[TopicPartition]) -> int:
        starts: Mapping[TopicPartition, int] = await self._reader.beginning_offsets(partitions)
        ends: Mapping[TopicPartition, int] = await self._reader.end_offsets(partitions)
        return sum(ends.values()) - sum(starts.values())

    def _all(self) -> list[TopicPartition]:
        return [at for partitions in self._partitions.values() for at in partitions]


@asynccontextmanager
async def open_topics(
    bootstrap: str, prefix: str, reads: Mapping[str, Iterable[str]]
) -> AsyncIterator[Topics]:
    """The topics behind ``prefix``; ``reads`` has the topics each service listens to."""
    partitions = await _partitions(bootstrap, prefix)
    async with AsyncExitStack() as stack:

        async def consumer(group: str | None, topics: Iterable[str]) -> AIOKafkaConsumer:
            made = AIOKafkaConsumer(
                bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False
            )
            await made.start()
            stack.push_async_callback(made.stop)
            own = [at for topic in topics for at in partitions[topic]]
            made.assign(own)
            # A consumer that fetches keeps every other question waiting for half a second.
            made.pause(*own)
            return made

        yield Topics(
            await consumer(None, partitions),
            [await consumer(f"{prefix}{service}", topics) for service, topics in reads.items()],
            partitions,
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
        names = {f"{prefix}{topic}": topic for topic in ALL_TOPICS}
        return {
            names[found["topic"]]: [
                TopicPartition(found["topic"], each["partition"]) for each in found["partitions"]
            ]
            for found in await admin.describe_topics(list(names))
        }
    finally:
        await admin.close()
