"""Erasing a person in four services, and what a replay of every topic brings back: nothing."""

from __future__ import annotations

import asyncio
import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from typer.testing import CliRunner, Result

from services.console.app import app
from services.console.platform import SERVICES, TENANT
from shared.testing import eventually
from tests.e2e.conftest import TEAM_ORGANISATION, World

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("e2e-erasure"),
]

TOPICS = ("referral-events", "directory-events", "outcome-events", "notification-events")
WORDS = ("Sample", "Testperson", "1957-03-14", "900123", "ZZ1 2AB", "company", "Eat with others")
KEPT = {
    "referral": ("persons", "referrals", "notes", "concerns", "person_keys", "erasures"),
    "directory": ("services", "unmet", "erasures"),
    "outcomes": ("plans", "cases", "aliases", "person_keys", "erasures"),
    "notifications": ("deliveries", "person_messages", "messages_back", "erasures"),
}


async def test_an_erased_person_is_nowhere_and_no_replay_brings_them_back(
    world: World, tmp_path: Path
) -> None:
    case = (await world.accepted_case())["id"]
    onward = (
        await world.post("referral", "/referrals", world.link_worker, world.onward(case))
    ).json()["id"]
    await world.post("referral", f"/referrals/{onward}/accept", world.provider, {})
    goal = {"wording": "Eat with others once a week.", "need_code": "loneliness", "confidence": 5}
    await eventually(lambda: set_goal(world, case, goal), within=30)
    free = await eventually(lambda: free_places(world, 2), within=30)
    assert free
    person = await person_of(world, case)
    assert any(
        "Sample" in str(each)
        for each in [await world.get("referral", f"/persons/{person}", world.link_worker)]
    )

    lead = Caller(world, "team_lead", TEAM_ORGANISATION)
    admin = Caller(world, "tenant_admin", "icb")
    await exported(lead, person, tmp_path)
    asked = await lead.linkway("erase", "request", person, "--ground", "objection", "--json")
    assert asked.exit_code == 0, asked.output
    erasure = json.loads(asked.stdout)["id"]
    waiting = await admin.linkway("erase", "status", erasure)
    assert (waiting.exit_code, "requested" in waiting.stdout) == (1, True)
    granted = await admin.linkway(
        *("erase", "decide", erasure, "--grant", "--yes", "--json"),
        *("--reason", "ground_applies", "--basis", "art_17_1"),
        *("--note", "Nothing stands against it."),
    )
    assert (granted.exit_code, json.loads(granted.stdout)["status"]) == (0, "granted")

    async def finished() -> Any:
        told = await admin.linkway("erase", "status", erasure, "--json")
        return told.exit_code == 0 and json.loads(told.stdout)

    status = await eventually(finished, within=60)
    assert set(status["acknowledged"]) == set(SERVICES)
    before = await gone(world, case, onward, person)
    assert await free_places(world, 3)

    count = await replay(world)
    assert count > 10
    await eventually(lambda: nothing_lags(world), within=60)

    assert await gone(world, case, onward, person) == before
    assert await free_places(world, 3)
    for service in SERVICES:
        async with world.platform.database(service) as database:
            dead = await database.collection("dead_letters").count({})
        assert dead == 0, service


@dataclass(frozen=True)
class Caller:
    """Someone at the console."""

    world: World
    role: str
    organisation: str

    async def linkway(self, *arguments: str) -> Result:
        urls = self.world.platform.urls
        env = {f"LINKWAY_{name.upper()}_URL": url for name, url in urls.items()}
        env |= {
            "LINKWAY_TOKEN": self.world.platform.token(self.role, self.organisation),
            "COLUMNS": "200",
        }
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=env)


async def exported(lead: Caller, person: str, folder: Path) -> None:
    """What is held is handed over whole, in words, and readable by its owner alone."""
    done = await lead.linkway("export-person", person, "--out", str(folder / "copy"))
    assert done.exit_code == 0, done.output
    page = (folder / "copy" / "person.html").read_text()
    held = json.loads((folder / "copy" / "person.json").read_text())
    for words in ("Sample", "Testperson", "14 March 1957", "07700 900123", "ZZ1 2AB"):
        assert words in page, words
    for words in ("Lunch club", "Would like company.", "“Eat with others once a week.”"):
        assert words in page, words
    assert "place in use" in page
    ids = {each["id"] for each in held["referral"]["referrals"]} | {person}
    assert not any(each in page for each in ids), "an id says nothing to anybody"
    assert "worker-1" not in json.dumps(held), "staff are somebody else"
    assert len(held["referral"]["referrals"]) == 2
    assert [each["service"] for each in held["directory"]["places"]] == ["Lunch club"]
    assert stat.S_IMODE((folder / "copy" / "person.html").stat().st_mode) == 0o600


async def gone(world: World, case: str, onward: str, person: str) -> dict[str, int]:
    """How many tombstones each collection has, once nothing readable is left of the person."""
    tombstones: dict[str, int] = {}
    for service, names in KEPT.items():
        async with world.platform.database(service) as database:
            for name in names:
                documents = await database.collection(name).find({"tenant": TENANT}, 500, None)
                text = json.dumps(documents, default=str)
                for words in WORDS:
                    assert words not in text, (service, name, words)
                graves = {each["_id"] for each in documents if "erased_at" in each}
                live = [each for each in documents if "erased_at" not in each]
                tombstones[f"{service}.{name}"] = len(graves)
                if name == "persons":
                    assert person in graves
                if name == "referrals":
                    assert {case, onward} <= graves
                if name == "plans":
                    assert case in graves
                if name == "cases":
                    (kept,) = [each["state"] for each in live if each["_id"] == case]
                    assert (kept["erased"], kept["opening"], kept["referrals"]) == (True, None, {})
                if name in {"deliveries", "person_messages", "messages_back"}:
                    assert case not in json.dumps(live, default=str), name
    return tombstones


async def replay(world: World) -> int:
    """Send every record of every topic again, as it was."""
    bootstrap = world.platform.servers.kafka_bootstrap
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await producer.start()
    await reader.start()
    count = 0
    try:
        for topic in TOPICS:
            name = f"{world.platform.topic_prefix}{topic}"
            partitions = [
                TopicPartition(name, number) for number in await producer.partitions_for(name)
            ]
            ends = await reader.end_offsets(partitions)
            reader.assign(partitions)
            await reader.seek_to_beginning(*partitions)
            left = sum(ends.values())
            while left > 0:
                for records in (await reader.getmany(timeout_ms=1000)).values():
                    for record in records:
                        if record.offset < ends[TopicPartition(name, record.partition)]:
                            await producer.send_and_wait(
                                name,
                                record.value,
                                key=record.key,
                                headers=list(record.headers),
                                partition=record.partition,
                            )
                            left -= 1
                            count += 1
    finally:
        await reader.stop()
        await producer.stop()
    return count


async def nothing_lags(world: World) -> bool:
    """Whether every consumer group has read all there is."""
    bootstrap = world.platform.servers.kafka_bootstrap
    prefix = world.platform.topic_prefix
    groups = {
        "referral": TOPICS,
        "directory": ("referral-events", "directory-events"),
        "outcomes": ("referral-events",),
        "outcomes-reports": ("referral-events", "outcome-events", "directory-events"),
        "notifications": ("referral-events", "directory-events", "outcome-events"),
    }
    for group, topics in groups.items():
        reader = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, group_id=f"{prefix}{group}", enable_auto_commit=False
        )
        await reader.start()
        try:
            partitions = [
                TopicPartition(f"{prefix}{topic}", number)
                for topic in topics
                for number in range(4)
            ]
            ends = await reader.end_offsets(partitions)
            for partition, end in ends.items():
                if end and (await reader.committed(partition) or 0) < end:
                    return False
        finally:
            await reader.stop()
    return True


async def person_of(world: World, case: str) -> str:
    found: Any = await world.get("referral", f"/referrals/{case}", world.link_worker)
    return str(found["person"]["id"])


async def set_goal(world: World, case: str, goal: dict[str, object]) -> bool:
    made = await world.post("outcomes", f"/plans/{case}/goals", world.link_worker, goal)
    assert made.status_code == 201, made.text
    return True


async def free_places(world: World, places: int) -> bool:
    async def has() -> bool:
        return await world.available() == places

    return bool(await eventually(has, within=30))
