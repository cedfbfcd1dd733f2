"""Comparing what records state, what lies on Kafka and what was applied, by event id.

Nothing is counted while requests are served: the records' own history is the account of
what was accepted, the topics of what was published, the groups' offsets and the state that
events should have led to of what was applied. All three are read afterwards, for a window
of the time the events were made, which their ids tell (UUIDv7).
"""

from __future__ import annotations

from collections import ChainMap, Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiokafka import TopicPartition

from shared.bus import Consumer, topic_name
from shared.bus.searching import Record, Records, header, published_at, record_id, searching
from shared.errors import Unavailable
from shared.events import ALL_EVENTS, Event, parse_data, parse_envelope
from shared.events.envelope import by_type
from shared.ids import first_id_at, time_of
from shared.ops.operations import Operations
from shared.ops.reconcile_models import AppliedCount, Difference, FactCount, Reconciliation

MOST_RECORDS = 500_000
_LATE = timedelta(minutes=10)
"""How long after it was made an event is looked for on Kafka."""

_MOST_NAMED = 100
_EVENTS = by_type(ALL_EVENTS)

Offsets = Mapping[tuple[str, TopicPartition], int]
"""What each group has passed, by group and partition."""


Kind = tuple[str, datetime]
"""What is counted: an event's type, and the hour it was made in."""


@dataclass
class _Group:
    """What a group's topic holds for it, what it has passed of that, and what is not right."""

    lies: Counter[Kind] = field(default_factory=Counter)
    passed: Counter[Kind] = field(default_factory=Counter)
    not_applied: dict[str, Kind] = field(default_factory=dict)
    without_effect: dict[str, Kind] = field(default_factory=dict)


class Reconciling:
    """One comparison: of events made from ``since`` on and before ``until``.

    Records are compared as they are read, some at once. Of each only its id, type and hour are
    held: a busy window has tens of thousands, and a service must not grow with them.
    """

    def __init__(self, operations: Operations, since: datetime, until: datetime) -> None:
        self._operations = operations
        self._since, self._until = since, until
        self._lies: dict[str, dict[str, Kind]] = {}
        self._groups: dict[tuple[str, str], _Group] = defaultdict(_Group)
        self._repeated: Counter[str] = Counter()
        self._differences: list[Difference] = []
        self._read = 0
        self._complete = True
        self._fault: str | None = None
        self._kinds: dict[Kind, Kind] = {}

    async def run(self) -> Reconciliation:
        """Read, count and compare. What Kafka does not answer is not compared."""
        # Offsets first, then topics, then records: whatever happens meanwhile is then
        # never missing where it is looked for later.
        offsets = await self._offsets()
        topics = {*self._operations.topics, *_heard(self._operations.consumers)}
        for topic in sorted(topics):
            await self._read_topic(topic, offsets)
        accepted, waiting = await self._accepted()
        facts = self._compare_facts(accepted, waiting)
        applied = [
            count
            for consumer in self._operations.consumers
            for topic in consumer.topics
            for count in self._applied(self._name(consumer), topic)
        ]
        return Reconciliation(
            service=self._operations.settings.service,
            since=self._since,
            until=self._until,
            facts=facts,
            applied=applied,
            differences=self._differences if self._fault is None else [],
            waiting=len(waiting),
            repeated=sum(self._repeated[topic] for topic in self._operations.topics),
            records_read=self._read,
            is_complete=self._complete and self._fault is None,
            fault=self._fault,
        )

    async def _offsets(self) -> Offsets:
        try:
            standings = await self._operations.sampler.look()
        except Unavailable as error:
            self._fault = error.detail
            return {}
        return {
            (group, at): place.committed
            for group, standing in standings.items()
            for at, place in standing.places.items()
        }

    async def _read_topic(self, topic: str, offsets: Offsets) -> None:
        held: dict[str, Kind] = {}
        self._lies[topic] = held if topic in self._operations.topics else {}
        read = 0
        try:
            async with (
                searching(self._operations.settings, topic) as search,
                aclosing(search.passing(self._since, self._until + _LATE)) as batches,
            ):
                async for batch in batches:
                    read += len(batch)
                    new = self._new(topic, held, batch)
                    await self._compare_records(topic, new, held, offsets)
                    if read >= MOST_RECORDS:
                        self._complete = False
                        break
        except Unavailable as error:
            self._fault = error.detail
        self._read += read

    def _new(self, topic: str, held: dict[str, Kind], batch: Records) -> Mapping[str, Record]:
        """Those of the window, by event id; repeats are counted and left out."""
        new: dict[str, Record] = {}
        for record in batch:
            made = _made(record)
            if not self._since <= made < self._until:
                continue
            id_ = record_id(record)
            if id_ in held:
                self._repeated[topic] += 1
            else:
                held[id_] = self._kind(header(record, "ce_type"), made)
                new[id_] = record
        return new

    async def _compare_records(
        self,
        topic: str,
        records: Mapping[str, Record],
        kinds: Mapping[str, Kind],
        offsets: Offsets,
    ) -> None:
        """Whether each group that hears them has passed them, and they had their effect."""
        for consumer in self._operations.consumers:
            if topic not in consumer.topics:
                continue
            name = self._name(consumer)
            group = self._groups[name, topic]
            heard = {event.type for event in consumer.events}
            passed: dict[str, Record] = {}
            for id_, record in records.items():
                kind = kinds[id_]
                if kind[0] not in heard:
                    continue
                group.lies[kind] += 1
                if record.offset < offsets.get((name, _partition(record)), 0):
                    group.passed[kind] += 1
                    passed[id_] = record
                else:
                    group.not_applied[id_] = kind
            for id_ in await self._without_effect(consumer, passed):
                group.without_effect[id_] = kinds[id_]

    async def _without_effect(
        self, consumer: Consumer[Any], passed: Mapping[str, Record]
    ) -> set[str]:
        """Those of the events whose effect the service can look for, and does not find."""
        found: set[str] = set()
        for tracks in consumer.tracks:
            events: dict[str, Event] = {}
            for id_, record in passed.items():
                type_ = header(record, "ce_type")
                if type_ in tracks.types:
                    envelope = parse_envelope(record.headers, record.key, record.value)
                    events[id_] = parse_data(envelope, _EVENTS[type_])
            if events:
                found |= set(await tracks.missing(events, self._operations.kept))
        return found

    async def _accepted(self) -> tuple[Mapping[str, Kind], Collection[str]]:
        """The events that records state, and those of them that wait in an outbox."""
        low, high = first_id_at(self._since), first_id_at(self._until)
        stated: dict[str, Kind] = {}
        waiting: set[str] = set()
        within = {"$gte": low, "$lt": high}
        for store in self._operations.telling.values():
            documents = await store.aggregate(
                [
                    # A record changed since holds all that it stated since.
                    {"$match": {"updated_at": {"$gte": self._since}}},
                    {"$project": {"history": 1, "outbox.id": 1}},
                    {"$unwind": "$history"},
                    {"$match": {"history.event_id": within}},
                    {
                        "$project": {
                            "_id": 0,
                            "event_id": "$history.event_id",
                            "type": "$history.type",
                            "waits": {"$in": ["$history.event_id", "$outbox.id"]},
                        }
                    },
                ]
            )
            for each in documents:
                made = time_of(each["event_id"])
                if made is not None:
                    stated[each["event_id"]] = self._kind(each["type"], made)
                    if each["waits"]:
                        waiting.add(each["event_id"])
        return stated, waiting

    def _compare_facts(
        self, accepted: Mapping[str, Kind], waiting: Collection[str]
    ) -> list[FactCount]:
        published = ChainMap(*(self._lies[topic] for topic in self._operations.topics))
        self._tell(
            "not-published",
            None,
            {
                id_: kind
                for id_, kind in accepted.items()
                if id_ not in published and id_ not in waiting
            },
        )
        self._tell(
            "not-accepted",
            None,
            {id_: kind for id_, kind in published.items() if id_ not in accepted},
        )
        told, lies = Counter(accepted.values()), Counter(published.values())
        return [
            FactCount(type=kind[0], hour=kind[1], accepted=told[kind], published=lies[kind])
            for kind in sorted({*told, *lies})
        ]

    def _applied(self, name: str, topic: str) -> list[AppliedCount]:
        """What was counted of one group and topic; its differences are told."""
        group = self._groups[name, topic]
        self._tell("not-applied", name, group.not_applied)
        self._tell("without-effect", name, group.without_effect)
        return [
            AppliedCount(
                group=name,
                topic=topic_name(self._operations.settings, topic),
                type=kind[0],
                hour=kind[1],
                published=group.lies[kind],
                passed=group.passed[kind],
            )
            for kind in sorted(group.lies)
        ]

    def _name(self, consumer: Consumer[Any]) -> str:
        return topic_name(self._operations.settings, consumer.service)

    def _kind(self, type_: str, made: datetime) -> Kind:
        """One and the same object for all events of a type and an hour: there are few of them."""
        kind = (type_, made.replace(minute=0, second=0, microsecond=0))
        return self._kinds.setdefault(kind, kind)

    def _tell(self, kind: str, group: str | None, events: Mapping[str, Kind]) -> None:
        by: dict[Kind, list[str]] = defaultdict(list)
        for id_, each in events.items():
            by[each].append(id_)
        self._differences += [
            Difference(
                kind=kind,
                group=group,
                type=type_,
                hour=hour,
                count=len(ids),
                event_ids=sorted(ids)[:_MOST_NAMED],
            )
            for (type_, hour), ids in sorted(by.items())
        ]


def _heard(consumers: Iterable[Consumer[Any]]) -> set[str]:
    return {topic for consumer in consumers for topic in consumer.topics}


def _partition(record: Record) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def _made(record: Record) -> datetime:
    """When the event was made, by its id; by its publishing where the id does not tell."""
    return time_of(record_id(record)) or published_at(record)
