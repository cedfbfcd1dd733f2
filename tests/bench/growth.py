"""What a referral costs where there are a million others already, against ten thousand.

The collections are filled with copies of documents that the services themselves wrote, each
with ids of its own, straight into MongoDB: a benchmark may, a service may not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bson import decode, encode
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.collection import Collection

from services.console.platform import Platform, running_platform
from shared.ids import new_id
from shared.servers import Servers, Supervisor
from shared.store.documents import slot_of
from tests.bench.referrals import Meter, new, prepare, run_linkway

FILLED = {
    "referral": ("referrals", "persons"),
    "outcomes": ("plans",),
}
_BATCH = 2_000
_AGE = timedelta(days=365)
_TURNS = 3

Step = Callable[[int], None]


@dataclass(frozen=True)
class Sized:
    """What one referral cost with so many documents in each collection."""

    documents: int
    per_second: float
    processor_ms: float
    memory_mb: dict[str, float]


async def measure(
    servers: Servers, processes: Supervisor, sizes: tuple[int, ...], count: int, step: Step
) -> list[Sized]:
    """One platform, filled up to each size in turn; the best of three turns counts at each."""
    found = []
    with TemporaryDirectory() as folder:
        async with running_platform(
            servers, Path(folder), prefix="growth-", settings={"LINKWAY_LOG_LEVEL": "WARNING"}
        ) as platform:
            await prepare(platform, 500)
            for size in sizes:
                fill(platform, size, step)
                found.append(await _cost(platform, processes, size, count))
    return found


async def _cost(platform: Platform, processes: Supervisor, size: int, count: int) -> Sized:
    await run_linkway(platform, new(200))
    turns = []
    for _ in range(_TURNS):
        meter = Meter(platform.processes, processes)
        load = await run_linkway(platform, new(count))
        meter.note("turn")
        used = sum(meter.used["turn"].values())
        turns.append((1000 * used / load.accepted, load.per_second))
    processor, rate = min(turns)
    memory = {name: used / 1e6 for name, used in platform.processes.memory().items()}
    return Sized(size, rate, processor, memory)


def fill(platform: Platform, size: int, step: Step) -> None:
    """Copy documents until each collection holds ``size``."""
    mongo: MongoClient[Any]
    with MongoClient(platform.servers.mongo_uri) as mongo:
        for service, names in FILLED.items():
            for name in names:
                kept: Collection[Any] = mongo[platform.databases[service]][name]
                samples = list(kept.find({"state": {"$exists": True}}, limit=200))
                if not samples:
                    raise RuntimeError(f"There is no document of {name} to copy.")
                missing = size - kept.estimated_document_count()
                made = _copies(samples)
                for start in range(0, missing, _BATCH):
                    batch = list(islice(made, min(_BATCH, missing - start)))
                    kept.insert_many(batch, ordered=False)
                    step(len(batch))


def _copies(samples: list[dict[str, Any]]) -> Iterator[RawBSONDocument]:
    # A million are made: reading one anew is many times as fast as copying it member by member.
    encoded = [encode(sample) for sample in samples]
    while True:
        for sample in encoded:
            yield RawBSONDocument(encode(_renamed(decode(sample))))


def _renamed(made: dict[str, Any]) -> dict[str, Any]:
    """The document under ids of its own, with nothing to send and nobody's duplicate.

    A million referrals come together in years: what looks at the last hours must not find them.
    """
    old = str(made["_id"])
    fresh = new_id()
    made["_id"] = fresh
    made["slot"] = slot_of(fresh)
    made["outbox"] = []
    made.pop("outbox_since", None)
    made.pop("due_at", None)
    for moment in ("created_at", "updated_at"):
        made[moment] -= _AGE
    for part in ("state", "facets"):
        _rename(made.get(part) or {}, old, fresh)
    return made


def _rename(value: dict[str, Any], old: str, fresh: str) -> None:
    """Give whatever names a record a name of its own, so that indexes vary as real ones do."""
    for name, each in value.items():
        if isinstance(each, dict):
            _rename(each, old, fresh)
        elif each == old:
            value[name] = fresh
        elif isinstance(each, (str, bytes)) and name in _VARIED:
            value[name] = new_id() if isinstance(each, str) else new_id().encode()


_VARIED = frozenset({"person_id", "match_key", "event_id", "subject", "key", "case_id"})
