"""Real servers, the four services as processes, receivers and a load: what faults are done to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from aiokafka import TopicPartition

from services.console.demo.figures import read_listening
from services.console.demo.settling import UnderWay, settle
from services.console.demo.stores import open_stores
from services.console.demo.topics import open_topics
from services.console.platform import TENANT, Platform, client, running_platform
from shared.bus import DEAD_LETTERS, TopicReader
from shared.ids import new_id
from shared.servers import Servers, Supervisor, free_port
from shared.servers.apache import local_apache
from shared.testing import eventually
from tests.faults.load import GROUP_ORGANISATION, PRACTICE, TEAM_ORGANISATION, Load
from tests.faults.replica_set import ReplicaSet, replica_set
from tests.notifications.receivers import WebReceiver, web_receiver

ROOT = Path(__file__).resolve().parent.parent.parent
PARTITIONS = 4


@dataclass
class Stage:
    """Everything a fault may be done to."""

    platform: Platform
    servers: Supervisor
    mongo: ReplicaSet
    http: httpx.AsyncClient
    hook: WebReceiver
    load: Load
    prefix: str
    subscription: str
    listening: Mapping[str, AbstractSet[str]]
    """The topics each consumer group reads."""

    def child(self, name: str) -> Any:
        """The process of a service, with its command and environment."""
        return self.platform.processes._children[name]

    async def add_replica(self, service: str) -> str:
        """A second process of the service, on the same database and in the same groups."""
        name = f"{service}-{new_id()[-6:]}"
        port = free_port()
        first = self.child(service)
        command = [str(port) if part == _port_of(first) else part for part in first.command]
        await self.platform.processes.start(name, command, env=first.env, cwd=ROOT)
        await self.platform.processes.wait_ready(name, f"http://127.0.0.1:{port}/ready")
        self.load.urls[service].append(f"http://127.0.0.1:{port}")
        return name

    async def remove_replica(self, service: str, name: str) -> None:
        """Stop a process that was added, as a platform does."""
        self.load.urls[service].pop()
        await self.platform.processes.stop(name)

    async def settled(self, within: float = 180.0) -> UnderWay:
        """Wait until nothing is under way; gives what still is when time is up."""
        bootstrap = self.platform.servers.kafka_bootstrap
        async with (
            open_stores(self.platform) as stores,
            open_topics(bootstrap, self.prefix, self.listening) as topics,
        ):
            return await settle(stores, topics, show=lambda _: None, within=within)

    async def dead_letters(self) -> list[Any]:
        """The records that were set aside."""
        return await self.records(DEAD_LETTERS)

    async def records(self, topic: str) -> list[Any]:
        """Every record of a topic, repeats included, in order within each partition."""
        partitions = [
            TopicPartition(f"{self.prefix}{topic}", number) for number in range(PARTITIONS)
        ]
        async with TopicReader(self.platform.servers.kafka_bootstrap, partitions) as reader:
            return await reader.read_on()


def _port_of(child: Any) -> str:
    return str(child.command[child.command.index("--port") + 1])


@asynccontextmanager
async def staged(
    folder: Path,
    *,
    members: int = 1,
    per_second: float = 4.0,
    host: str = "127.0.0.1",
    mongo_data: Path | None = None,
    kafka_folder: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Stage]:
    """Start all of it, with a team, a group and their subscription to what concerns them."""
    prefix = f"faults-{new_id()[-6:]}-"
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(Supervisor(folder / "logs"))
        mongo, kafka = await asyncio.gather(
            replica_set(servers, folder, members=members, host=host, data=mongo_data),
            local_apache(servers, kafka_folder or folder, kept=False, host=host),
        )
        hook = await stack.enter_async_context(web_receiver())
        platform = await stack.enter_async_context(
            running_platform(
                Servers(
                    mongo.uri, kafka.bootstrap, True, f"{mongo.description}, {kafka.description}"
                ),
                folder,
                prefix=prefix,
                settings={
                    "LINKWAY_TOPIC_PARTITIONS": str(PARTITIONS),
                    "LINKWAY_RETRY_SCHEDULE_SECONDS": "[0, 0.2, 0.5, 1, 2, 5, 10, 10, 10, 10]",
                    "LINKWAY_WEBHOOK_TIMEOUT_SECONDS": "5",
                    "LINKWAY_LOG_LEVEL": "INFO",
                    **(settings or {}),
                },
            )
        )
        http = await stack.enter_async_context(client())
        team, group = new_id(), new_id()
        load = Load(
            urls={name: [url] for name, url in platform.urls.items()},
            headers={
                "practice": platform.headers("referrer", PRACTICE),
                "worker": platform.headers("link_worker", TEAM_ORGANISATION),
                "provider": platform.headers("provider", GROUP_ORGANISATION),
            },
            team=team,
            group=group,
            per_second=per_second,
        )
        yield Stage(
            platform=platform,
            servers=servers,
            mongo=mongo,
            http=http,
            hook=hook,
            load=load,
            prefix=prefix,
            subscription=await _prepare(platform, http, load, hook.url),
            listening={
                consumer: frozenset(topics)
                for consumer, topics in (await read_listening(platform, http)).items()
            },
        )


async def _prepare(platform: Platform, http: httpx.AsyncClient, load: Load, hook: str) -> str:
    """Publish a team and a group; the team hears of each referral, meeting and goal."""
    listings = [
        {
            "id": service,
            "name": name,
            "description": "Made up for a fault run.",
            "status": "active",
            "organization": {"id": organisation, "name": name},
            "service_role": role,
            **more,
        }
        for service, name, organisation, role, more in (
            (load.team, "Link workers", TEAM_ORGANISATION, "link_worker_team", {}),
            (
                load.group,
                "Lunch club",
                GROUP_ORGANISATION,
                "community",
                {"capacity": {"unit": "places", "maximum": 1_000_000}},
            ),
        )
    ]
    answer = await http.put(
        f"{platform.urls['directory']}/services",
        headers=platform.headers("directory_curator", "icb"),
        json=listings,
    )
    assert answer.status_code == HTTPStatus.OK, answer.text
    answer = await http.post(
        f"{platform.urls['notifications']}/subscriptions",
        headers=load.headers["worker"],
        json={
            "channel": "webhook",
            "url": hook,
            "event_types": ["referral-created", "appointment-attended", "goal-updated"],
        },
    )
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    subscription: str = answer.json()["id"]

    async def known() -> bool:
        async with platform.database("referral") as database:
            ids = [f"{TENANT}/{load.team}", f"{TENANT}/{load.group}"]
            return len(await database.collection("listings").read(ids)) == len(ids)

    await eventually(known, within=60)
    return subscription
