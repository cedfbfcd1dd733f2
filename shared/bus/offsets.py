"""How far consumer groups have read: looked at from outside, without joining any."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError

from shared.bus.broker import connection_options
from shared.bus.ending import to_its_end
from shared.errors import Unavailable
from shared.settings import ServiceSettings

_SECONDS = 10.0
_PEEK_SECONDS = 2.0
_PEEK_BYTES = 4096
_PEEK_WAIT_MS = 50


@dataclass(frozen=True, slots=True)
class Member:
    """A living member of a group; ``partitions`` is None where the broker does not tell."""

    id: str
    client: str
    host: str
    partitions: tuple[TopicPartition, ...] | None


@dataclass(frozen=True, slots=True)
class Place:
    """A partition as one group has it: offsets of the next record to apply and to come.

    ``waiting_since`` is when the oldest record not yet applied was published; it is known
    only for partitions that were asked about.
    """

    committed: int
    end: int
    waiting_since: datetime | None = None

    @property
    def lag(self) -> int:
        """Records that are published and not yet applied."""
        return max(0, self.end - self.committed)


@dataclass(frozen=True, slots=True)
class Standing:
    """One group at one moment."""

    places: Mapping[TopicPartition, Place]
    members: Sequence[Member]


class GroupOffsets:
    """Looks at the groups in ``reads`` (topics by group, with the installation's prefix).

    Connects at the first look and again after a fault. Offsets are asked for through
    consumers that join no group: an administrator's question for them is not answered by
    every broker. Nor does every broker count its end offsets rightly (Tansu counts a batch
    as one), so that where one says less than was committed, a fetch tells instead.
    """

    def __init__(self, settings: ServiceSettings, reads: Mapping[str, Iterable[str]]) -> None:
        self._options = connection_options(settings)
        self._reads = {group: sorted(topics) for group, topics in reads.items()}
        self._stack: AsyncExitStack | None = None
        self._admin: AIOKafkaAdminClient
        self._groups: dict[str, AIOKafkaConsumer] = {}
        self._peeking: AIOKafkaConsumer
        self._partitions: Mapping[str, Sequence[TopicPartition]] = {}
        self._trusts_ends = True

    async def look(
        self, peek: Mapping[str, Iterable[TopicPartition]] | None = None
    ) -> Mapping[str, Standing]:
        """All groups as they stand; ``peek`` names partitions whose oldest record is to be found.

        Raises Unavailable when Kafka does not answer.
        """
        try:
            async with asyncio.timeout(_SECONDS):
                await self._connect()
                await self._learn_partitions()
                return {
                    group: await self._stand(group, set((peek or {}).get(group, ())))
                    for group in self._reads
                }
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise Unavailable("Kafka does not answer.", {"cause": type(error).__name__}) from error

    async def close(self) -> None:
        """Close all connections; the next look opens them again."""
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.aclose()

    async def _connect(self) -> None:
        if self._stack is not None:
            return
        stack = self._stack = AsyncExitStack()
        self._admin = AIOKafkaAdminClient(**self._options)
        stack.push_async_callback(self._admin.close)
        await to_its_end(self._admin.start())
        for group in self._reads:
            self._groups[group] = await self._consumer(stack, group_id=group)
        self._peeking = await self._consumer(
            stack,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_PEEK_WAIT_MS,
            max_partition_fetch_bytes=_PEEK_BYTES,
        )

    async def _learn_partitions(self) -> None:
        """At every look: a topic may be made, or get more partitions, after the first one."""
        topics = sorted({topic for own in self._reads.values() for topic in own})
        self._partitions = {
            found["topic"]: sorted(
                TopicPartition(found["topic"], each["partition"]) for each in found["partitions"]
            )
            for found in (await self._admin.describe_topics(topics) if topics else ())
        }
        for topic in topics:
            if not self._partitions.get(topic):
                raise Unavailable(f"Kafka does not know the topic {topic} yet.")

    async def _consumer(self, stack: AsyncExitStack, **more: Any) -> AIOKafkaConsumer:
        made = AIOKafkaConsumer(**self._options, enable_auto_commit=False, **more)
        stack.push_async_callback(made.stop)
        await to_its_end(made.start())
        return made

    async def _stand(self, group: str, peek: set[TopicPartition]) -> Standing:
        partitions = [at for topic in self._reads[group] for at in self._partitions.get(topic, ())]
        if not partitions:
            return Standing({}, ())
        committed = await self._committed(group, partitions)
        ends = await self._peeking.end_offsets(partitions)
        self._trusts_ends &= all(ends[at] >= committed[at] for at in partitions)
        asked = peek & set(partitions) if self._trusts_ends else set(partitions)
        seen = await self._peek({at: committed[at] for at in asked})
        places = {}
        for at in partitions:
            end, since = seen.get(at, (0, None))
            places[at] = Place(committed[at], max(ends[at], end, committed[at]), since)
        return Standing(places, await self._members(group))

    async def _committed(
        self, group: str, partitions: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Where the group goes on; 0, the beginning, where it never committed."""
        # Its public way asks for one partition at a time.
        coordinator = self._groups[group]._coordinator  # noqa: SLF001
        found = await coordinator.fetch_committed_offsets(partitions)
        return {at: max(0, found[at].offset) if at in found else 0 for at in partitions}

    async def _peek(
        self, offsets: Mapping[TopicPartition, int]
    ) -> Mapping[TopicPartition, tuple[int, datetime | None]]:
        """End offset, and the time of the record at the offset, by one fetch for all."""
        if not offsets:
            return {}
        self._peeking.assign(list(offsets))
        for at, offset in offsets.items():
            self._peeking.seek(at, offset)
        since: dict[TopicPartition, datetime] = {}
        deadline = asyncio.get_running_loop().time() + _PEEK_SECONDS
        waiting = set(offsets)
        while waiting and asyncio.get_running_loop().time() < deadline:
            for at, records in (await self._peeking.getmany(timeout_ms=_PEEK_WAIT_MS)).items():
                first = datetime.fromtimestamp(records[0].timestamp / 1000, UTC)
                since.setdefault(at, first)
                self._peeking.pause(at)
            waiting = {
                at
                for at in waiting
                if at not in since and (self._peeking.highwater(at) or -1) < offsets[at]
            }
        # Or it would go on fetching, and keep every other question waiting.
        self._peeking.pause(*offsets)
        return {at: (self._peeking.highwater(at) or 0, since.get(at)) for at in offsets}

    async def _members(self, group: str) -> Sequence[Member]:
        answers = await self._admin.describe_consumer_groups([group])
        found = []
        for answer in answers:
            for described in answer.to_object()["groups"]:
                found += [_member(each) for each in described["members"]]
        return found


def _member(said: Mapping[str, Any]) -> Member:
    held: tuple[TopicPartition, ...] | None = None
    if said["member_assignment"]:
        decoded = ConsumerProtocolMemberAssignment.decode(said["member_assignment"])
        held = tuple(
            TopicPartition(topic, number)
            for topic, numbers in decoded.assignment
            for number in numbers
        )
    return Member(said["member_id"], said["client_id"], said["client_host"].lstrip("/"), held)
