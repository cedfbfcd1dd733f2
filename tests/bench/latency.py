"""How soon a referral that was accepted is applied everywhere, at a part of the most possible.

Referrals are sent when they are due, at 10, 25, 50 and 75 % of the most that can go on: accepted,
applied everywhere, and every message about them sent, as measured before on the same platform.
When each service applied each event is read from its own log lines, which are those for debugging.
"""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

from aiokafka import TopicPartition

from services.console.platform import Platform, client, running_platform
from shared.bus import TopicReader
from shared.servers import Servers, Supervisor
from shared.testing import eventually
from tests.bench.load import post_at
from tests.bench.referrals import (
    ORGANISATION,
    PRACTICE,
    Meter,
    new,
    prepare,
    run_linkway,
    told,
    worked_off,
)
from tests.notifications.receivers import web_receiver

SHARES = (0.1, 0.25, 0.5, 0.75)
ROUNDS = 3
"""Of one round the slowest hundredth are half a dozen referrals, and differ by a half."""
CONSUMERS = ("directory", "outcomes", "notifications")


@dataclass(frozen=True)
class Latency:
    """Milliseconds from the answer to the application, for each referral, by service.

    ``processor_ms`` is what all processes took for one, until every message was sent: the services,
    the servers, and what they take at rest.
    """

    share: float
    per_second: float
    processor_ms: float
    to_answer: list[float]
    to_applied: Mapping[str, list[float]]

    @property
    def everywhere(self) -> list[float]:
        """Until the last service had applied it."""
        return [max(each) for each in zip(*self.to_applied.values(), strict=True)]


async def measure(
    servers: Servers, processes: Supervisor, seconds: float, turn: int
) -> list[Latency]:
    """One platform; the most by ``turn`` referrals at once, then the shares one after another."""
    with TemporaryDirectory() as folder:
        async with (
            web_receiver() as hook,
            running_platform(
                servers,
                Path(folder),
                prefix="latency-",
                settings={"LINKWAY_LOG_LEVEL": "DEBUG"},
            ) as platform,
        ):
            await prepare(platform, 200)
            await _subscribe(platform, hook.url)
            load = await run_linkway(platform, new(turn))
            most = load.accepted / (load.told_seconds or load.seconds)
            rounds = [
                [await _at(platform, processes, share, most * share, seconds) for share in SHARES]
                for _ in range(ROUNDS)
            ]
            return [_together(each) for each in zip(*rounds, strict=True)]


def _together(rounds: Sequence[Latency]) -> Latency:
    """All referrals of one share, whichever round they were sent in."""
    first = rounds[0]
    return Latency(
        first.share,
        first.per_second,
        statistics.fmean(each.processor_ms for each in rounds),
        [took for each in rounds for took in each.to_answer],
        {
            service: [took for each in rounds for took in each.to_applied[service]]
            for service in first.to_applied
        },
    )


async def _at(
    platform: Platform, processes: Supervisor, share: float, per_second: float, seconds: float
) -> Latency:
    await worked_off(platform)
    await told(platform)
    meter = Meter(platform.processes, processes)
    port = int(platform.urls["referral"].rsplit(":", 1)[1])
    headers = f"Authorization: Bearer {platform.token('referrer', PRACTICE)}\r\n"
    answered = await post_at(
        port,
        "/referrals",
        new(int(per_second * seconds)),
        headers=headers,
        per_second=per_second,
    )
    await worked_off(platform)
    await told(platform)
    meter.note("sending")
    at = {json.loads(each.body)["id"]: each.answered_at for each in answered}
    events = await _created(platform, set(at))
    applied: dict[str, dict[str, float]] = {}

    def all_applied() -> bool:
        for service in CONSUMERS:
            applied[service] = _applied(platform.processes.log(service))
        return all(events.keys() <= applied[service].keys() for service in CONSUMERS)

    await eventually(all_applied, within=60)
    return Latency(
        share,
        per_second,
        1000 * sum(meter.used["sending"].values()) / len(answered),
        [1000 * (each.answered_at - each.due_at) for each in answered],
        {
            service: [
                1000 * max(0.0, applied[service][event] - at[referral])
                for event, referral in events.items()
            ]
            for service in CONSUMERS
        },
    )


async def _created(platform: Platform, referrals: set[str]) -> dict[str, str]:
    """The event that told of each referral, from the topic."""
    topic = f"{platform.topic_prefix}referral-events"
    partitions = [TopicPartition(topic, number) for number in range(12)]
    async with TopicReader(platform.servers.kafka_bootstrap, partitions) as reader:
        found = [dict(each.headers) for each in await reader.read_on()]
    return {
        each["ce_id"].decode(): each["ce_subject"].decode()
        for each in found
        if each["ce_type"] == b"referral-created" and each["ce_subject"].decode() in referrals
    }


def _applied(log: Path) -> dict[str, float]:
    """When each event was last applied, in Unix seconds, by the service's log."""
    found = {}
    for line in log.read_text().splitlines():
        if '"event applied"' in line:
            said = json.loads(line)
            found[said["event_id"]] = datetime.fromisoformat(said["time"]).timestamp()
    return found


async def _subscribe(platform: Platform, url: str) -> None:
    """The team hears of each referral, so that notifications has something to apply."""
    async with client() as http:
        answer = await http.post(
            f"{platform.urls['notifications']}/subscriptions",
            headers=platform.headers("link_worker", ORGANISATION),
            json={"channel": "webhook", "url": url, "event_types": ["referral-created"]},
        )
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    await asyncio.sleep(6)  # notifications looks for new subscriptions every five seconds
