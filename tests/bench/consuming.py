"""How fast each service works off a backlog, against a consumer with no domain."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from aiokafka import TopicPartition

from services.console.demo.figures import read_listening
from services.console.demo.topics import open_topics
from services.console.platform import Platform, client, running_platform
from shared.bus import TopicReader
from shared.servers import Servers
from shared.testing import eventually
from tests.bench.referrals import ROOT, new, prepare, run_linkway

CONSUMERS = ("directory", "outcomes", "notifications")


@dataclass(frozen=True)
class Consuming:
    """Records on ``referral-events``, and how many a second were worked off by whom."""

    records: int
    raw_per_second: float
    per_second: dict[str, float]


async def measure(servers: Servers, referrals: int) -> Consuming:
    """Build a backlog with the consumers stopped; then each works it off, one after another."""
    with TemporaryDirectory() as folder:
        async with running_platform(
            servers, Path(folder), prefix="backlog-", settings={"LINKWAY_LOG_LEVEL": "WARNING"}
        ) as platform:
            await prepare(platform, 50)
            async with client() as http:
                listening = await read_listening(platform, http)
            for service in CONSUMERS:
                await platform.processes.stop(service)
            await run_linkway(platform, new(referrals), to_the_end=False)
            topic = f"{platform.topic_prefix}referral-events"
            reads = {
                group: ["referral-events"]
                for group, topics in listening.items()
                if "referral-events" in topics
            }
            partitions = [TopicPartition(topic, number) for number in range(12)]
            async with TopicReader(servers.kafka_bootstrap, partitions) as reader:
                records = len(await reader.read_on())
            raw = await asyncio.to_thread(_raw, servers, topic, records)
            rates = {}
            for service in CONSUMERS:
                groups = {name: kinds for name, kinds in reads.items() if name.startswith(service)}
                rates[service] = await _work_off(platform, service, groups)
                await platform.processes.stop(service)
    return Consuming(records, records / raw, rates)


async def _work_off(platform: Platform, service: str, groups: dict[str, list[str]]) -> float:
    """Records a second, over all the service's groups that read the topic."""
    await platform.processes.restart(service)
    async with open_topics(
        platform.servers.kafka_bootstrap, platform.topic_prefix, groups
    ) as topics:
        at_first = await topics.unread()

        async def begun() -> bool:
            return await topics.unread() < at_first

        async def done() -> bool:
            return not await topics.unread()

        await eventually(begun, within=60)
        started, left = time.perf_counter(), await topics.unread()
        await eventually(done, within=600)
        return left / (time.perf_counter() - started)


def _raw(servers: Servers, topic: str, records: int) -> float:
    said = subprocess.run(
        [
            *(sys.executable, "-m", "tests.bench.raw_consumer"),
            *(servers.kafka_bootstrap, servers.mongo_uri, topic, str(records)),
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return float(said.stdout)
