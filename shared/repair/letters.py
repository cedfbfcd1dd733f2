"""The letters of one service: kept, found, counted, and in what line they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.cause import Actor, Cause
from shared.errors import NotFound
from shared.ids import derived_id, new_id
from shared.repair.letter import PLATFORM, Letter, LetterStatus
from shared.store import Duplicate, Index, Saved, Store

_IN_LINE = {"tenant": PLATFORM, "facets.in_line": True}


LONGEST_AGO = 100 * 366 * 86_400
"""Seconds: a hundred years. A time before the calendar begins cannot be compared with."""


class Chosen(BaseModel):
    """Which letters are meant: all that fit everything stated."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"type": "referral-created", "error": "KeyError"},
                {"error": "NotFound", "older_than_seconds": 3600},
            ]
        },
    )

    ids: tuple[str, ...] = Field(default=(), max_length=1_000, description="These letters.")
    group: str | None = Field(None, max_length=200, description="The consumer group that failed.")
    type: str | None = Field(None, max_length=100, description="The event's type.")
    error: str | None = Field(None, max_length=100, description="The class of the error.")
    older_than_seconds: float | None = Field(
        None, ge=0, le=LONGEST_AGO, description="Set aside so long ago."
    )

    def where(self, now: datetime) -> dict[str, Any]:
        """The filter this is, by the facets of a letter."""
        found: dict[str, Any] = {"tenant": PLATFORM}
        if self.ids:
            found["_id"] = {"$in": list(self.ids)}
        for name in ("group", "type", "error"):
            if (value := getattr(self, name)) is not None:
                found[f"facets.{name}"] = value
        if self.older_than_seconds is not None:
            latest = datetime.fromtimestamp(now.timestamp() - self.older_than_seconds, now.tzinfo)
            found["facets.at"] = {"$lte": latest}
        return found


@dataclass(frozen=True, slots=True)
class Tally:
    """How many letters are alike, and when the oldest of them was set aside."""

    group: str
    type: str
    error: str
    status: LetterStatus
    count: int
    oldest: datetime


class Letters(Store[Letter]):
    """One document per record and group; its id follows from where the record lies."""

    model = Letter
    unaudited = "records of Kafka, which hold no person's data; acts on one are recorded as acts"
    indexes = (
        Index("place", (("tenant", 1), ("facets.place", 1)), unique=True),
        Index(
            "line",
            (("tenant", 1), ("facets.lane", 1), ("facets.place", 1)),
            where={"facets.in_line": True},
        ),
        Index("kind", (("tenant", 1), ("facets.status", 1), ("facets.group", 1))),
    )

    def facets(self, state: Letter) -> Mapping[str, Any]:
        """What letters are found and sorted by."""
        return {
            "place": state.place,
            "lane": state.lane,
            "in_line": state.in_line or None,
            "status": state.status,
            "group": state.group,
            "type": state.event_type,
            "error": state.error,
            "at": state.at,
        }

    @staticmethod
    def id_of(group: str, topic: str, partition: int, offset: int) -> str:
        """The id of the letter of this record for this group: the same each time."""
        return derived_id("letter", group, topic, str(partition), str(offset))

    async def put(self, letter: Letter) -> bool:
        """Keep a letter; False where there is one of this record already."""
        id_ = self.id_of(letter.group, letter.topic, letter.partition, letter.offset)
        try:
            await self.insert(id_, letter, (), self_cause(letter.group, letter.at))
        except Duplicate:
            return False
        return True

    async def knows(self, group: str, topic: str, partition: int, offset: int) -> bool:
        """Whether there is a letter of this record for this group."""
        id_ = self.id_of(group, topic, partition, offset)
        return bool(await self.collection.read([id_]))

    async def one(self, letter_id: str) -> Saved[Letter]:
        """A letter. Raises NotFound."""
        try:
            return await self.get(letter_id, PLATFORM)
        except NotFound:
            raise NotFound("There is no such dead letter in this service.") from None

    async def lanes_held(self, group: str) -> set[str]:
        """The lanes of this group in which something stands in line."""
        found = await self.aggregate(
            [
                {"$match": {**_IN_LINE, "facets.group": group}},
                {"$group": {"_id": "$facets.lane"}},
            ]
        )
        return {document["_id"] for document in found}

    async def line(self, lane: str) -> tuple[Letter | None, int]:
        """The first in a lane's line, and how many stand there."""
        if not lane:
            return None, 0
        where = {**_IN_LINE, "facets.lane": lane}
        first = await self.aggregate(
            [{"$match": where}, {"$sort": {"facets.place": 1}}, {"$limit": 1}]
        )
        if not first:
            return None, 0
        return self.read_document(first[0]).state, await self.collection.count(where)

    async def lanes_free(self, limit: int) -> Sequence[str]:
        """Lanes whose first in line only waits, though nothing is before it any more."""
        if not await self.collection.count({"tenant": PLATFORM, "facets.status": "waiting"}):
            return []
        found = await self.aggregate(
            [
                {"$match": _IN_LINE},
                {"$sort": {"facets.lane": 1, "facets.place": 1}},
                {"$group": {"_id": "$facets.lane", "first": {"$first": "$facets.status"}}},
                {"$match": {"first": "waiting"}},
                {"$limit": limit},
            ]
        )
        return [document["_id"] for document in found]

    async def next_after(
        self, where: Mapping[str, Any], place: str, limit: int
    ) -> Sequence[Saved[Letter]]:
        """Those that match, in the order in which their records lie, behind ``place``."""
        match = {**where, "facets.place": {"$gt": place}}
        found = await self.aggregate(
            [{"$match": match}, {"$sort": {"facets.place": 1}}, {"$limit": limit}]
        )
        return [self.read_document(document) for document in found]

    async def waiting_with(self, lanes: Sequence[str]) -> int:
        """How many wait in these lanes."""
        where = {**_IN_LINE, "facets.lane": {"$in": list(lanes)}, "facets.status": "waiting"}
        return await self.collection.count(where)

    async def tally(
        self, where: Mapping[str, Any], statuses: Sequence[LetterStatus]
    ) -> Sequence[Tally]:
        """Letters counted by group, type, error and status, most first."""
        by = {name: f"$facets.{name}" for name in ("group", "type", "error", "status")}
        found = await self.aggregate(
            [
                {"$match": {**where, "facets.status": {"$in": list(statuses)}}},
                {"$group": {"_id": by, "count": {"$sum": 1}, "oldest": {"$min": "$facets.at"}}},
                {"$sort": {"count": -1, "oldest": 1}},
            ]
        )
        return [
            Tally(**document["_id"], count=document["count"], oldest=document["oldest"])
            for document in found
        ]


def self_cause(by: str, at: datetime) -> Cause:
    """The cause of what a service does about its letters by itself."""
    return Cause(id=new_id(), actor=Actor(by, "service", "", PLATFORM), at=at)


Waiting = Literal["release", "discard"]
"""What a discard does with the letters that wait behind: apply them, or discard them too."""
