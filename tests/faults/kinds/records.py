"""Records repeated, out of order, damaged, and poisonous."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer

from services.console.platform import TENANT
from shared.servers import free_port
from shared.testing import eventually
from tests.faults.fault import Fault, Run
from tests.faults.stage import ROOT, Stage, staged

_TOPICS = ("referral-events", "directory-events", "outcome-events")
_COPIES = 10
_LOAD_SECONDS = 8.0
_MEGABYTE = 1_000_000
_POISON_SHARE = 20
"""One record in so many is poison: five in a hundred."""
_PACE = 0.8
"""The least share of the usual pace that must be left."""


async def repeat(run: Run) -> None:
    """Every record again, ten times, shuffled: no document of any consumer may differ.

    Then a second outcomes service, with a database of its own, hears the same records for
    the first time in shuffled order, each ten times: its plans must be those of the first.
    """
    run.result.done = f"every record {_COPIES} times more, shuffled and late, {{times}}"
    async with staged(run.folder) as stage:
        async with run.loaded(stage):
            await asyncio.sleep(_LOAD_SECONDS)
        before = await _states(stage)
        for _ in range(run.times):
            for topic in _TOPICS:
                records = list(await stage.records(topic))
                originals = list({dict(each.headers)["ce_id"]: each for each in records}.values())
                copies = originals * _COPIES
                run.chance.shuffle(copies)
                await _send(stage, topic, copies)
            await stage.settled()
            _compare(run, before, await _states(stage), "after repeats")
            run.step()
        await _hear_shuffled(run, stage, before)


async def _hear_shuffled(run: Run, stage: Stage, before: Mapping[str, Any]) -> None:
    prefix = f"{stage.prefix}shuffled-"
    child = stage.child("outcomes")
    port = str(free_port())
    usual = child.command
    command = [port if part == usual[usual.index("--port") + 1] else part for part in usual]
    env = {
        **child.env,
        "LINKWAY_TOPIC_PREFIX": prefix,
        "LINKWAY_MONGO_DATABASE": f"{prefix}outcomes",
    }
    processes = stage.platform.processes
    await processes.start("outcomes-shuffled", command, env=env, cwd=ROOT)
    await processes.wait_ready("outcomes-shuffled", f"http://127.0.0.1:{port}/ready")
    for topic in ("directory-events", "referral-events"):
        records = list(await stage.records(topic))
        originals = list({dict(each.headers)["ce_id"]: each for each in records}.values())
        copies = originals * _COPIES
        run.chance.shuffle(copies)
        await _send(stage, topic, copies, prefix=prefix)
    from shared.store import Database

    database = Database.connect(stage.platform.servers.mongo_uri, f"{prefix}outcomes")

    async def heard() -> bool:
        return await _heard_of(database) == _heard_in(before)

    try:
        await eventually(heard, within=120)
    except AssertionError:
        run.result.wrong.append("heard in shuffled order, the plans tell of something else")
    finally:
        await database.close()
        await processes.stop("outcomes-shuffled")


async def _heard_of(database: Any) -> dict[str, Any]:
    found = await database.collection("plans").aggregate([{"$match": {"tenant": TENANT}}])
    return {each["_id"]: _heard(each["state"]) for each in found}


def _heard_in(before: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key.removeprefix("outcomes/plans/"): _heard(state)
        for key, state in before.items()
        if key.startswith("outcomes/plans/")
    }


def _heard(state: Mapping[str, Any]) -> Any:
    """What a plan knows from others' facts alone; goals are what people told it."""
    return {name: state[name] for name in ("referrals", "attendance", "attempts")}


async def _states(stage: Stage) -> dict[str, Any]:
    """The state of every document that consumers write."""
    kept = {
        "outcomes": ("plans",),
        "directory": ("services",),
        "referral": ("referrals", "listings"),
        "notifications": ("deliveries",),
    }
    found = {}
    for service, collections in kept.items():
        async with stage.platform.database(service) as database:
            for name in collections:
                documents = await database.collection(name).aggregate([])
                for each in documents:
                    if "state" in each:
                        found[f"{service}/{name}/{each['_id']}"] = each["state"]
    return found


def _compare(run: Run, before: Mapping[str, Any], after: Mapping[str, Any], when: str) -> None:
    for key in before.keys() | after.keys():
        if before.get(key) != after.get(key):
            run.result.twice += 1
            run.result.wrong.append(f"{key} differs {when}")


async def _send(
    stage: Stage, topic: str, records: Sequence[Any], *, prefix: str | None = None
) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=stage.platform.servers.kafka_bootstrap,
        acks="all",
        max_request_size=4 * _MEGABYTE,
    )
    await producer.start()
    name = f"{stage.prefix if prefix is None else prefix}{topic}"
    try:
        sending = [
            await producer.send(name, key=each.key, value=each.value, headers=list(each.headers))
            for each in records
        ]
        await asyncio.gather(*sending)
    finally:
        await producer.stop()


class _Damaged:
    """A record as the network or a bug might have left it."""

    def __init__(self, record: Any, **changed: Any) -> None:
        self.key = changed.get("key", record.key)
        self.value = changed.get("value", record.value)
        self.headers = changed.get("headers", record.headers)


def _flip(record: Any) -> _Damaged:
    """The first bit of the first brace, so that it is JSON no more."""
    return _Damaged(record, value=bytes([record.value[0] ^ 0x80]) + record.value[1:])


def _truncate(record: Any) -> _Damaged:
    return _Damaged(record, value=record.value[: len(record.value) // 2])


def _misshape(record: Any) -> _Damaged:
    return _Damaged(record, value=json.dumps({"tenant": TENANT, "seq": "many"}).encode())


def _swell(record: Any) -> _Damaged:
    return _Damaged(record, value=b'{"tenant": "' + b"x" * (_MEGABYTE // 2) + b'"}')


def _garble(record: Any) -> _Damaged:
    return _Damaged(record, value=b"\xff\xfe" + record.value)


def _unnamed(record: Any) -> _Damaged:
    kept = [each for each in record.headers if each[0] != "ce_id"]
    return _Damaged(record, headers=kept)


DAMAGE: Mapping[str, Callable[[Any], _Damaged]] = {
    "a flipped bit": _flip,
    "cut short": _truncate,
    "of the wrong shape": _misshape,
    "half a megabyte": _swell,
    "not UTF-8": _garble,
    "without an id": _unnamed,
}


async def corrupt(run: Run) -> None:
    """Damaged records among good ones: each is set aside with a reason, by each consumer."""
    run.result.done = f"{len(DAMAGE)} kinds of damage under load, each {{times}}"
    async with staged(run.folder) as stage:
        sent = 0
        async with run.loaded(stage):
            await eventually(lambda: len(stage.load.journeys) > 10, within=60)
            samples = [
                each
                for each in await stage.records("referral-events")
                if dict(each.headers)["ce_type"] == b"referral-created"
            ]
            for number in range(run.times):
                damaged = [make(samples[number % len(samples)]) for make in DAMAGE.values()]
                await _send(stage, "referral-events", damaged)
                sent += len(damaged)
                run.step()
        # Compared by what was set aside; the checker reads topics, and these are no events.
        letters = await stage.dead_letters()
        groups = Counter(dict(each.headers)["dl_group"].decode() for each in letters)
        listeners = [
            group for group, topics in stage.listening.items() if "referral-events" in topics
        ]
        for group in listeners:
            if groups[stage.prefix + group] != sent:
                run.result.wrong.append(
                    f"{group} set {groups[stage.prefix + group]} of {sent} damaged records aside"
                )
        if any(not dict(each.headers).get("dl_reason") for each in letters):
            run.result.wrong.append("a dead letter gives no reason")


async def poison(run: Run) -> None:
    """A backlog with one poison record in twenty takes hardly longer than one without."""
    run.result.done = "a backlog with 5 % poison against one without, {times}"
    async with staged(run.folder) as stage:
        async with run.loaded(stage):
            await asyncio.sleep(_LOAD_SECONDS)
        records = list(await stage.records("referral-events"))
        clean = poisoned = 0.0
        for _ in range(run.times):
            clean += await _backlog(stage, records * 5)
            mixed = [
                _flip(each) if number % _POISON_SHARE == 0 else each
                for number, each in enumerate(records * 5)
            ]
            poisoned += await _backlog(stage, mixed)
            run.step()
        pace = clean / poisoned
        run.result.notes.append(
            f"With 5 % poison a backlog was consumed at {pace:.0%} of the pace without."
        )
        if pace < _PACE:
            run.result.wrong.append(f"the pace with poison is below {_PACE:.0%}")


async def _backlog(stage: Stage, records: Sequence[Any]) -> float:
    """Seconds that all consumers take for it, started behind it."""
    await _send(stage, "referral-events", records)
    started = time.monotonic()
    await stage.settled()
    return time.monotonic() - started


FAULTS = (
    Fault("repeats", "Records come again and out of order", 3, 1, repeat),
    Fault("corruption", "Records are damaged", 50, 3, corrupt),
    Fault("poison", "One record in twenty is poison", 3, 1, poison),
)
