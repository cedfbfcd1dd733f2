"""How the stores' writes are said to MongoDB: plain documents, no driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.store.documents import (
    HISTORY,
    SEEN,
    WRITES,
    Addition,
    Document,
    Duplicate,
    Write,
    slot_of,
    to_milliseconds,
)

_DUPLICATE_KEY = 11000


def conditional_update(write: Write) -> tuple[Document, Document]:
    """The filter and the change of a write that holds only at its version."""
    at_version = {"_id": write.id, "version": write.version}
    if not write.set:
        # The server acknowledges an update that changes nothing once all it had taken
        # before is safe.
        return at_version, {"$set": {"version": write.version}}
    change: Document = {
        "$set": dict(write.set),
        "$push": {
            "writes": {"$each": [write.write_id], "$slice": -WRITES},
            "outbox": {"$each": list(write.outbox)},
            "seen": {"$each": list(write.seen), "$slice": -SEEN},
            "history": {"$each": list(write.history), "$slice": -HISTORY},
        },
    }
    if write.unset:
        change["$unset"] = dict.fromkeys(write.unset, "")
    if write.outbox:
        change["$min"] = {"outbox_since": write.outbox[0]["time"]}
    return at_version, change


def addition(asked: Addition) -> tuple[Document, Document]:
    """The filter and the change that add numbers where they lie, unless they were added."""
    numbers = {f"state.{path}": number for path, number in asked.by.items()}
    change: Document = {
        "$inc": {"version": 1, **numbers},
        "$set": {f"state.{asked.field}": asked.number, "updated_at": to_milliseconds(asked.at)},
    }
    return {"_id": asked.id, f"state.{asked.field}": {"$lt": asked.number}}, change


ACCOUNT = ("event_id", "type", "seq", "time")
"""What a tombstone keeps of each fact its record stated: Kafka keeps them for good, and they
must be accounted for. Nothing of it says who anyone is."""


def burial(document_id: str, tenant: str, at: datetime) -> tuple[Document, list[Document]]:
    """The filter and the change that leave a tombstone.

    What is unsent stays, and its clock, and which facts there were.
    A tombstone that is there already keeps its time.
    """
    kept = {
        "version": {"$add": [{"$ifNull": ["$version", 0]}, 1]},
        "seq": {"$ifNull": ["$seq", 0]},
        "created_at": {"$ifNull": ["$created_at", at]},
        "outbox": {"$ifNull": ["$outbox", []]},
        "history": {
            "$map": {
                "input": {"$ifNull": ["$history", []]},
                "in": {name: f"$$this.{name}" for name in ACCOUNT},
            }
        },
        "outbox_since": {"$ifNull": ["$outbox_since", "$$REMOVE"]},
        "erased_at": {"$ifNull": ["$erased_at", at]},
    }
    fixed = {"tenant": tenant, "slot": slot_of(document_id), "updated_at": at}
    literal = {name: {"$literal": value} for name, value in fixed.items()}
    return {"_id": document_id, "tenant": tenant}, [{"$project": {**literal, **kept}}]


def removal(event_ids: Sequence[str]) -> list[Document]:
    """Take these events out of an outbox; its clock stops only when none is left."""
    left = {
        "$filter": {
            "input": "$outbox",
            "cond": {"$not": [{"$in": ["$$this.id", list(event_ids)]}]},
        }
    }
    since = {"$cond": [{"$eq": ["$outbox", []]}, "$$REMOVE", {"$first": "$outbox.time"}]}
    return [{"$set": {"outbox": left}}, {"$set": {"outbox_since": since}}]


def refusal(failure: Mapping[str, Any]) -> Exception:
    """What a write error of the server means for the caller whose write it was."""
    if failure["code"] != _DUPLICATE_KEY:
        return RuntimeError(f"The database refuses this document, with code {failure['code']}.")
    _, _, rest = failure["errmsg"].partition(" index: ")
    return Duplicate(
        "A record with this id or unique value exists already.",
        index=rest.split(" ", 1)[0] or "_id_",
    )
