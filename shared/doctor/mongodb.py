"""Examining MongoDB as the service itself reaches it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.doctor.finding import Finding, fail, ok, warn, worse
from shared.errors import Unavailable
from shared.settings import ServiceSettings
from shared.store import Database, Refused, Store

OLDEST, NEWEST = (6, 0), (8, 99)
"""MongoDB versions that Linkway is tried with or is meant for."""

_SKEW_WARN, _SKEW_FAIL = 1.0, 5.0
"""Seconds; leases of the relay last longer, tokens are believed for thirty more."""
_FULL_WARN, _FULL_FAIL = 0.8, 0.9
_SLOW = 1.0
_SERVICES = ("referral", "directory", "outcomes", "notifications")


async def examine_mongodb(
    database: Database,
    stores: Sequence[Store[Any]],
    settings: ServiceSettings,
    now: datetime,
) -> AsyncIterator[Finding]:
    """Address, version, replica set, majority writes, indexes, clock, disk, rights."""
    try:
        hello = await database.command({"hello": 1})
    except Unavailable:
        yield fail(
            "mongodb address",
            "MongoDB does not answer, or has no primary",
            "see that mongod runs, that LINKWAY_MONGO_URI names it, and that the set has a primary",
        )
        return
    except Refused:
        yield fail(
            "mongodb address",
            "MongoDB answers and refuses the user or password",
            "put the right ones into LINKWAY_MONGO_URI",
        )
        return
    yield ok("mongodb address", "answers")
    yield _version(str((await database.command({"buildInfo": 1}))["version"]))
    yield _replica_set(hello, settings)
    yield _clock(hello, now)
    yield await _majority_write(database)
    yield await _indexes(database, stores)
    yield await _disk(database)
    yield await _rights(database, settings)


def _version(version: str) -> Finding:
    name = "mongodb version"
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < OLDEST:
        return fail(name, version, "use MongoDB 6.0 or newer")
    if numbers > NEWEST:
        return warn(name, version, "newer than any Linkway was tried with: run its tests on it")
    return ok(name, version)


def _replica_set(hello: Mapping[str, Any], settings: ServiceSettings) -> Finding:
    name = "replica set"
    if "setName" not in hello:
        return fail(
            name,
            "a standalone server: nothing can be acknowledged by a majority",
            "start mongod with --replSet and run rs.initiate()",
        )
    members = [*hello.get("hosts", ()), *hello.get("passives", ())]
    said = f"{hello['setName']}, {len(members)} members"
    if len(members) < 3:  # noqa: PLR2004 - the least of which one may be lost
        return worse(
            name,
            f"{said}: the loss of one stops or loses everything",
            "have three members on three machines",
            production=settings.is_production,
        )
    return ok(name, said)


def _clock(hello: Mapping[str, Any], now: datetime) -> Finding:
    name = "clock"
    skew = abs((hello["localTime"] - now).total_seconds())
    said = f"{skew:.1f} s between this service and MongoDB"
    if skew > _SKEW_FAIL:
        return fail(name, said, "set both clocks by NTP; tokens and clocks of referrals go wrong")
    if skew > _SKEW_WARN:
        return warn(name, said, "see that both machines keep time by NTP")
    return ok(name, said)


async def _majority_write(database: Database) -> Finding:
    name = "majority write"
    began = time.monotonic()
    try:
        await database.command(
            {
                "update": "doctor",
                "updates": [{"q": {"_id": "write"}, "u": {"$inc": {"n": 1}}, "upsert": True}],
                "writeConcern": {"w": "majority", "j": True, "wtimeout": 5_000},
            }
        )
    except (Unavailable, Refused):
        return fail(
            name,
            "not acknowledged by a majority from the journal",
            "see that most members are up (rs.status()) and that the user may write",
        )
    took = time.monotonic() - began
    if took > _SLOW:
        return warn(name, f"took {took:.1f} s", "see what the disk and the secondaries are doing")
    return ok(name, f"acknowledged in {took * 1000:.0f} ms")


async def _indexes(database: Database, stores: Sequence[Store[Any]]) -> Finding:
    name = "indexes"
    missing = []
    for store in stores:
        collection = store.collection.name
        wanted = {index.name for index in store.all_indexes}
        there = await database.index_names(collection)
        missing += [f"{collection}.{index}" for index in sorted(wanted - there)]
    if missing:
        return fail(
            name,
            f"missing: {', '.join(missing)}",
            "start the service anew: it makes what is missing",
        )
    return ok(name, f"all there, in {len(stores)} collections")


async def _disk(database: Database) -> Finding:
    name = "disk of MongoDB"
    stats = await database.command({"dbStats": 1})
    total = stats.get("fsTotalSize")
    if not total:
        return warn(name, "MongoDB does not tell", "watch its disk by other means")
    share = stats["fsUsedSize"] / total
    said = f"{share:.0%} of {total / 2**30:,.0f} GiB used"
    if share > _FULL_FAIL:
        return fail(name, said, "make room now: a full disk refuses every write")
    return warn(name, said, "make room soon") if share > _FULL_WARN else ok(name, said)


async def _rights(database: Database, settings: ServiceSettings) -> Finding:
    name = "database rights"
    prefix = settings.mongo_database.removesuffix(settings.service)
    others = [f"{prefix}{each}" for each in _SERVICES if each != settings.service]
    open_to_us = []
    for other in others:
        try:
            await database.command({"listCollections": 1, "nameOnly": True}, database=other)
        except Refused:
            continue
        open_to_us.append(other)
    if open_to_us:
        return worse(
            name,
            f"this service's user can look into {', '.join(open_to_us)}",
            "give each service a user of its own with readWrite on its own database alone",
            production=settings.is_production,
        )
    return ok(name, "only its own database is open to it")
