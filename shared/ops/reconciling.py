"""Comparing what records state, what lies on Kafka and what was applied, by event id.

Nothing is counted while requests are served: the records' own history is the account of
what was accepted, the topics of what was published, the groups' offsets and the state that
events should have led to of what was applied. All three are read afterwards, for a window
of the time the events were made, which their ids tell (UUIDv7).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiokafka import TopicPartition

from shared.bus import Consumer, topic_name
from shared.bus.searching import Found, header, published_at, record_id, searching
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


@dataclass(frozen=True, slots=True)
class Stated:
    """An event by its id: of which type, made when."""

    type: str
    at: datetime

    @property
    def hour(self) -> datetime:
        """The hour it was made in."""
        return self.at.replace(minute=0, second=0, microsecond=0)


@dataclass
class _Topic:
    """What lies on a topic of one window, by event id; repeats are counted once."""

    events: dict[str, Stated] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)
    repeated: int = 0


class Reconciling:
    """One comparison: of events made from ``since`` on and before ``until``."""

    def __init__(self, operations: Operations, since: datetime, until: datetime) -> None:
        self._operations = operations
        self._since, self._until = since, until
        self._topics: dict[str, _Topic] = {}
        self._differences: list[Difference] = []
        self._read = 0
        self._complete = True
        self._fault: str | None = None

    async def run(self) -> Reconciliation:
        """Read, count and compare. What Kafka does not answer is not compared."""
        # Offsets first, then topics, then records: whatever happens meanwhile is then
        # never missing where it is looked for later.
        offsets = await self._offsets()
        topics = {*self._operations.topics, *_heard(self._operations.consumers)}
        for topic in sorted(topics):
            await self._read_topic(topic)
        accepted, waiting = await self._accepted()
        facts = self._compare_facts(accepted, waiting)
        applied = [
            count
            for consumer in self._operations.consumers
            for count in await self._compare_applied(consumer, offsets)
        ]
        return Reconciliation(
            service=self._operations.settings.service,
            since=self._since,
            until=self._until,
            facts=facts,
            applied=applied,
            differences=self._differences if self._fault is None else [],
            waiting=len(waiting),
            repeated=sum(self._topics[topic].repeated for topic in self._operations.topics),
            records_read=self._read,
            is_complete=self._complete and self._fault is None,
            fault=self._fault,
        )

    async def _offsets(self) -> Mapping[tuple[str, TopicPartition], int]:
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

    async def _read_topic(self, topic: str) -> None:
        held = self._topics[topic] = _Topic()
        try:
            async with searching(self._operations.settings, topic) as search:
                found = await search.between(
                    self._since, self._until + _LATE, self._is_ours, most=MOST_RECORDS
                )
        except Unavailable as error:
            self._fault = error.detail
            found = Found(complete=False)
        self._read += found.read
        self._complete &= found.complete
        for record in found.records:
            id_ = record_id(record)
            held.repeated += id_ in held.events
            held.events.setdefault(id_, Stated(header(record, "ce_type"), _made(record)))
            held.records.setdefault(id_, record)

    def _is_ours(self, record: Any) -> bool:
        return self._since <= _made(record) < self._until

    async def _accepted(self) -> tuple[Mapping[str, Stated], Collection[str]]:
        """The events that records state, and those of them that wait in an outbox."""
        low, high = first_id_at(self._since), first_id_at(self._until)
        stated: dict[str, Stated] = {}
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
                    stated[each["event_id"]] = Stated(each["type"], made)
                    if each["waits"]:
                        waiting.add(each["event_id"])
        return stated, waiting

    def _compare_facts(
        self, accepted: Mapping[str, Stated], waiting: Collection[str]
    ) -> list[FactCount]:
        published = {
            id_: each
            for topic in self._operations.topics
            for id_, each in self._topics[topic].events.items()
        }
        self._tell(
            "not-published",
            None,
            {
                id_: each
                for id_, each in accepted.items()
                if id_ not in published and id_ not in waiting
            },
        )
        self._tell(
            "not-accepted",
            None,
            {id_: each for id_, each in published.items() if id_ not in accepted},
        )
        told = Counter((each.type, each.hour) for each in accepted.values())
        lies = Counter((each.type, each.hour) for each in published.values())
        return [
            FactCount(
                type=type_, hour=hour, accepted=told[type_, hour], published=lies[type_, hour]
            )
            for type_, hour in sorted({*told, *lies})
        ]

    async def _compare_applied(
        self, consumer: Consumer[Any], offsets: Mapping[tuple[str, TopicPartition], int]
    ) -> list[AppliedCount]:
        group = topic_name(self._operations.settings, consumer.service)
        heard = {event.type for event in consumer.events}
        counts = []
        for topic in consumer.topics:
            held = self._topics[topic]
            ours = {id_: each for id_, each in held.events.items() if each.type in heard}
            passed = {
                id_: each
                for id_, each in ours.items()
                if held.records[id_].offset < offsets.get((group, _partition(held.records[id_])), 0)
            }
            self._tell(
                "not-applied", group, {id_: ours[id_] for id_ in ours.keys() - passed.keys()}
            )
            without = await self._without_effect(consumer, held, passed)
            self._tell("without-effect", group, {id_: passed[id_] for id_ in without})
            lies = Counter((each.type, each.hour) for each in ours.values())
            done = Counter((each.type, each.hour) for each in passed.values())
            counts += [
                AppliedCount(
                    group=group,
                    topic=topic_name(self._operations.settings, topic),
                    type=type_,
                    hour=hour,
                    published=lies[type_, hour],
                    passed=done[type_, hour],
                )
                for type_, hour in sorted(lies)
            ]
        return counts

    async def _without_effect(
        self, consumer: Consumer[Any], held: _Topic, passed: Mapping[str, Stated]
    ) -> set[str]:
        """Those of the events whose effect the service can look for, and does not find."""
        found: set[str] = set()
        for tracks in consumer.tracks:
            events: dict[str, Event] = {}
            for id_, each in passed.items():
                if each.type in tracks.types:
                    record = held.records[id_]
                    envelope = parse_envelope(record.headers, record.key, record.value)
                    events[id_] = parse_data(envelope, _EVENTS[each.type])
            if events:
                found |= set(await tracks.missing(events, self._operations.kept))
        return found

    def _tell(self, kind: str, group: str | None, events: Mapping[str, Stated]) -> None:
        by: dict[tuple[str, datetime], list[str]] = defaultdict(list)
        for id_, each in events.items():
            by[each.type, each.hour].append(id_)
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


def _partition(record: Any) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def _made(record: Any) -> datetime:
    """When the event was made, by its id; by its publishing where the id does not tell."""
    return time_of(record_id(record)) or published_at(record)
