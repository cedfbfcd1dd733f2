"""``GET /ops/trace/{id}``: where one thing has been, as this service knows it.

Each service answers from its own records, its own topic and its own groups' offsets;
`linkway ops trace` puts the four answers together.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from shared.bus import DEAD_LETTERS, topic_name
from shared.bus.searching import (
    Found,
    TopicSearch,
    header,
    partition_of,
    published_at,
    record_id,
    searching,
)
from shared.errors import Unavailable
from shared.ids import time_of
from shared.ops.operations import Operations
from shared.ops.routing import Operator, operations_router
from shared.ops.trace_models import (
    Applied,
    Change,
    DeadLetter,
    Happened,
    Position,
    Published,
    Search,
    Trace,
    TracedRecord,
    Unsent,
)
from shared.store import Store

_BEFORE, _AFTER = timedelta(seconds=2), timedelta(minutes=5)
"""How long before and after an id was made its event is looked for."""

_MOST_RECORDS = 200
"""Of one collection: a case has a few dozen messages."""


def trace_router(operations: Operations) -> APIRouter:
    """``GET /ops/trace/{id}``."""
    router = operations_router()

    @router.get("/ops/trace/{thing_id}")
    async def trace(
        thing_id: Annotated[str, Path(min_length=1, max_length=200)],
        operator: Operator,
        around: Annotated[AwareDatetime | None, Query()] = None,
    ) -> Trace:
        """Trace one thing through this service.

        By the id of a referral, a case, a delivery or any other record, of an event, of a request
        or of a trace. Says which facts its records state and what caused each, what waits in the
        outbox, where each event lies on Kafka, how far this service's consumers are there, and
        every attempt to deliver. What was found under another id than a case's is told with its
        keys: ask again with one of those for all that belongs to it.

        An event's or a request's id is looked for near the time it was made; where the id does not
        tell, say when by `around`. Nothing found is an answer with no records. No person's data.
        """
        return await Tracing(operations, operator.tenant).trace(thing_id, around)

    return router


class Tracing:
    """One question about one thing of one tenant."""

    def __init__(self, operations: Operations, tenant: str) -> None:
        self._operations = operations
        self._tenant = tenant
        self._search = Search()
        self._keys: set[str] = set()

    async def trace(self, thing_id: str, around: datetime | None) -> Trace:
        """This service's part of the way."""
        records = await self._records([thing_id])
        found: dict[str, Published] = {}
        if not records:
            found = await self._by_time(thing_id, around)
        keys = sorted({each.key for each in records if each.key})
        if found and not keys:
            keys = sorted(self._keys)
            records = await self._records(keys)
        elif set(keys) - {thing_id}:
            records = await self._records([thing_id, *keys])
        for key in keys or [thing_id]:
            found |= await self._by_key(key, [each for each in records if each.key == key])
        return Trace(
            service=self._operations.settings.service,
            keys=keys,
            records=records,
            published=sorted(found.values(), key=lambda each: each.at),
            dead_letters=await self._dead_letters(keys, records),
            positions=await self._positions(keys or [thing_id]),
            search=self._search,
        )

    async def _records(self, ids: Sequence[str]) -> list[TracedRecord]:
        found = []
        for name, store in self._operations.stores.items():
            paths = {"_id", *([store.key_at] if store.key_at else [])}
            either = [{"tenant": self._tenant, path: {"$in": list(ids)}} for path in sorted(paths)]
            documents = await store.aggregate(
                [{"$match": {"$or": either}}, {"$limit": _MOST_RECORDS}]
            )
            found += [_record(name, store, document) for document in documents]
        return found

    async def _by_time(self, thing_id: str, around: datetime | None) -> dict[str, Published]:
        """The events that are the thing, or that a request or a trace of that id led to."""
        made = around or time_of(thing_id)
        found: dict[str, Published] = {}
        if made is None:
            return found

        def wanted(record: Any) -> bool:
            traced = header(record, "traceparent")[3:35]
            named = {record_id(record), header(record, "ce_requestid"), traced}
            return thing_id in named

        for topic in self._operations.topics:
            found |= self._taken(
                await self._searched(
                    topic, lambda search: search.between(made - _BEFORE, made + _AFTER, wanted)
                )
            )
        return found

    async def _by_key(self, key: str, records: Sequence[TracedRecord]) -> dict[str, Published]:
        """Where the events that the records state lie."""
        stated = {
            change.event_id: change.stated_at
            for record in records
            for change in record.changes
            if change.event_id
        }
        unsent = {each.event_id for record in records for each in record.unsent}
        wanted = {event_id: at for event_id, at in stated.items() if event_id not in unsent}
        found: dict[str, Published] = {}
        for topic in self._operations.topics if wanted else ():
            found |= self._taken(
                await self._searched(topic, lambda search: search.by_key(key, wanted))
            )
        return found

    def _taken(self, found: Found) -> dict[str, Published]:
        """Records of the asker's tenant as they are answered, by event."""
        own = {}
        for record in found.records:
            if _tenant_of(record) == self._tenant:
                own[record_id(record)] = _published(record)
                self._keys.add(header(record, "ce_partitionkey"))
        return own

    async def _searched(self, topic: str, look: Callable[[TopicSearch], Awaitable[Found]]) -> Found:
        """What a look at the topic found: nothing, and the reason noted, where Kafka is away."""
        try:
            async with searching(self._operations.settings, topic) as search:
                found = await look(search)
        except Unavailable as error:
            self._search.fault = error.detail
            found = Found(complete=False)
        self._search.records_read += found.read
        self._search.is_complete &= found.complete
        return found

    async def _dead_letters(
        self, keys: Sequence[str], records: Sequence[TracedRecord]
    ) -> list[DeadLetter]:
        groups = set(self._groups())
        since = min((each.created_at for each in records), default=None)
        found: list[DeadLetter] = []
        if since is None or not groups:
            return found
        for key in keys:
            letters = await self._searched(
                DEAD_LETTERS, partial(TopicSearch.of_key, key=key, since=since)
            )
            found += [
                _dead(record)
                for record in letters.records
                if header(record, "dl_group") in groups and _tenant_of(record) == self._tenant
            ]
        return found

    def _groups(self) -> Mapping[str, Mapping[str, list[str]]]:
        """The types by topic that each group applies, named as on Kafka."""
        settings = self._operations.settings
        return {
            topic_name(settings, consumer.service): {
                topic_name(settings, topic): sorted(
                    event.type for event in consumer.events if event.topic == topic
                )
                for topic in consumer.topics
            }
            for consumer in self._operations.consumers
        }

    async def _positions(self, keys: Sequence[str]) -> list[Position]:
        try:
            standings = await self._operations.sampler.look()
        except Unavailable as error:
            self._search.fault = error.detail
            return []
        found = []
        for group, topics in self._groups().items():
            places = standings[group].places
            for topic, types in topics.items():
                partitions = sorted(at for at in places if at.topic == topic)
                for key in keys if partitions else ():
                    at = partition_of(key, partitions)
                    found.append(
                        Position(
                            key=key,
                            group=group,
                            topic=topic,
                            partition=at.partition,
                            committed_offset=places[at].committed,
                            end_offset=places[at].end,
                            types=types,
                        )
                    )
        return found


def _record(collection: str, store: Store[Any], document: Mapping[str, Any]) -> TracedRecord:
    steps = store.journey(store.model.model_validate(document["state"]))
    return TracedRecord(
        collection=collection,
        id=document["_id"],
        key=_at(document, store.key_at),
        version=document["version"],
        created_at=document["created_at"],
        changes=[
            Change(
                event_id=line.get("event_id", ""),
                cause=line.get("cause", ""),
                at=line["time"],
                stated_at=time_of(line.get("event_id", "")) or line["time"],
                **{name: line[name] for name in _TOLD},
            )
            for line in document["history"]
        ],
        applied=[
            Applied(cause=each["id"], at=each.get("at"), version=each["version"])
            for each in (document["created"], *document["seen"])
        ],
        unsent=[
            Unsent(event_id=each["id"], type=each["type"], since=each["time"])
            for each in document["outbox"]
        ],
        steps=[
            Happened(
                at=step.at, what=step.what, failed=step.failed, is_still_open=step.is_still_open
            )
            for step in steps
        ],
    )


_TOLD = ("type", "seq", "actor_role", "actor_organisation")


def _at(document: Mapping[str, Any], path: str) -> str:
    """The value at a dotted path, if it is text."""
    found: Any = document
    for name in path.split(".") if path else ():
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if path and isinstance(found, str) else ""


def _published(record: Any) -> Published:
    return Published(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        at=published_at(record),
        event_id=record_id(record),
        type=header(record, "ce_type"),
        subject=header(record, "ce_subject"),
        trace_id=header(record, "traceparent")[3:35] or None,
        request_id=header(record, "ce_requestid") or None,
    )


def _dead(record: Any) -> DeadLetter:
    return DeadLetter(
        event_id=record_id(record),
        type=header(record, "ce_type"),
        group=header(record, "dl_group"),
        topic=header(record, "dl_topic"),
        partition=int(header(record, "dl_partition")),
        offset=int(header(record, "dl_offset")),
        error=header(record, "dl_error"),
        reason=header(record, "dl_reason"),
        attempts=int(header(record, "dl_attempts")),
        at=header(record, "dl_at") or datetime.now(UTC).isoformat(),
    )


def _tenant_of(record: Any) -> str | None:
    """The tenant a record says it is of; None where its data cannot be read."""
    try:
        tenant = json.loads(record.value or b"")["tenant"]
    except (ValueError, KeyError, TypeError):
        return None
    return str(tenant)
