"""All services as processes of their own, on real servers, with receivers for mail and webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import httpx
import pytest
import pytest_asyncio

from services.console.platform import TENANT, Platform, client, running_platform
from shared.ids import new_id
from shared.servers import Kafka, Servers
from shared.testing import eventually
from tests.notifications.receivers import MailReceiver, WebReceiver, mail_receiver, web_receiver

PRACTICE, TEAM_ORGANISATION, GROUP_ORGANISATION = "Y90001", "team-org", "group-org"


@dataclass(frozen=True)
class World:
    """The running platform, its receivers, and the two services that were published."""

    platform: Platform
    http: httpx.AsyncClient
    mail: MailReceiver
    hook: WebReceiver
    hook_secret: str
    team: str
    group: str

    @property
    def practice(self) -> dict[str, str]:
        return self.platform.headers("referrer", PRACTICE)

    @property
    def link_worker(self) -> dict[str, str]:
        return self.platform.headers("link_worker", TEAM_ORGANISATION)

    @property
    def provider(self) -> dict[str, str]:
        return self.platform.headers("provider", GROUP_ORGANISATION)

    @property
    def curator(self) -> dict[str, str]:
        return self.platform.headers("directory_curator", "icb")

    async def post(
        self, service: str, path: str, who: dict[str, str], body: object = None, **headers: str
    ) -> httpx.Response:
        return await self.http.post(
            self.platform.urls[service] + path, json=body, headers={**who, **headers}
        )

    async def get(
        self, service: str, path: str, who: dict[str, str], **params: str | int
    ) -> object:
        answer = await self.http.get(self.platform.urls[service] + path, headers=who, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def intake(self, **changes: object) -> dict[str, object]:
        return {
            "kind": "intake",
            "service_id": self.team,
            "person": {
                "given_names": "Sample",
                "family_name": "Testperson",
                "birth_date": "1957-03-14",
                "contact": {"telephone": "07700 900123", "postal_code": "ZZ1 2AB"},
            },
            "need_codes": ["loneliness"],
            "reason": "Would like company.",
            "consent": {"given": True, "method": "verbal"},
        } | changes

    def onward(self, case_id: str) -> dict[str, object]:
        body = self.intake(kind="onward", case_id=case_id, service_id=self.group)
        del body["person"]
        return body

    async def accepted_case(self) -> dict[str, str]:
        made = await self.post("referral", "/referrals", self.practice, self.intake())
        assert made.status_code == 201, made.text
        case: dict[str, str] = made.json()
        taken = await self.post(
            "referral",
            f"/referrals/{case['id']}/accept",
            self.link_worker,
            {"assigned_to": "worker-1"},
        )
        assert taken.status_code == 200, taken.text
        return case

    async def available(self) -> int:
        """Free places of the group."""
        found = await self.get("directory", f"/services/{self.group}", self.provider)
        assert isinstance(found, dict)
        return int(found["capacity"]["available"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    mongo_uri: str, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    servers = Servers(mongo_uri, kafka.bootstrap, kafka.idempotent, kafka.description)
    async with AsyncExitStack() as stack:
        mail = await stack.enter_async_context(mail_receiver())
        settings = {
            "LINKWAY_SMTP_PORT": str(mail.port),
            "LINKWAY_RETRY_SCHEDULE_SECONDS": "[0, 0.2, 0.5, 1, 2]",
            "LINKWAY_TOPIC_PARTITIONS": "4",
            "LINKWAY_LOG_LEVEL": "DEBUG",
        }
        world = World(
            platform=await stack.enter_async_context(
                running_platform(
                    servers,
                    tmp_path_factory.mktemp("platform"),
                    prefix=f"e2e-{new_id()[-8:]}-",
                    settings=settings,
                )
            ),
            http=await stack.enter_async_context(client()),
            mail=mail,
            hook=await stack.enter_async_context(web_receiver()),
            hook_secret="",
            team=new_id(),
            group=new_id(),
        )
        yield replace(world, hook_secret=await _publish(world))
        for service in world.platform.databases:
            async with world.platform.database(service) as database:
                await database.drop()


async def _publish(world: World) -> str:
    """Two services in the directory; the practice hears by mail, the group by webhook."""
    answer = await world.http.put(
        f"{world.platform.urls['directory']}/districts",
        headers=world.curator,
        json=[{"id": "ZZ1", "latitude": 54.0, "longitude": 0.5, "town": "Sampleton"}],
    )
    assert answer.status_code == 200, answer.text
    services = [
        {
            "id": world.team,
            "name": "Link workers",
            "description": "They listen first.",
            "status": "active",
            "organization": {"id": TEAM_ORGANISATION, "name": "Link workers"},
            "service_role": "link_worker_team",
        },
        {
            "id": world.group,
            "name": "Lunch club",
            "description": "A shared meal on Tuesdays.",
            "status": "active",
            "organization": {"id": GROUP_ORGANISATION, "name": "Lunch club"},
            "service_role": "community",
            "need_codes": ["loneliness"],
            "locations": [{"name": "Hall", "latitude": 54.01, "longitude": 0.5}],
            "capacity": {"unit": "places", "maximum": 3},
        },
    ]
    answer = await world.http.put(
        f"{world.platform.urls['directory']}/services", headers=world.curator, json=services
    )
    assert answer.status_code == 200, answer.text
    assert [each["outcome"] for each in answer.json()["results"]] == ["created", "created"]
    for who, body in (
        (
            world.practice,
            {
                "channel": "email",
                "email": "practice@example.org",
                "event_types": ["referral-created", "referral-declined", "referral-completed"],
            },
        ),
        (
            world.provider,
            {
                "channel": "webhook",
                "url": world.hook.url,
                "event_types": ["referral-created", "referral-withdrawn"],
            },
        ),
    ):
        subscribed = await world.post("notifications", "/subscriptions", who, body)
        assert subscribed.status_code == 201, subscribed.text
        made = subscribed.json()["id"]
        if body["channel"] == "email":
            await confirm_by_mail(world.platform, world.http, world.mail, who, made)

        async def active(path: str = f"/subscriptions/{made}", who: dict[str, str] = who) -> bool:
            found = await world.get("notifications", path, who)
            return isinstance(found, dict) and found["status"] == "active"

        await eventually(active, within=30)
    await eventually(lambda: _heard_of(world), within=30)
    secret: str = subscribed.json()["secret"]
    return secret


async def confirm_by_mail(
    platform: Platform,
    http: httpx.AsyncClient,
    mail: MailReceiver,
    who: dict[str, str],
    subscription: str,
) -> None:
    """Give back the code that the practice was mailed."""
    code = await eventually(lambda: mail.code_for("practice@example.org"), within=30)
    path = f"{platform.urls['notifications']}/subscriptions/{subscription}/confirm"
    confirmed = await http.post(path, headers=who, json={"challenge": code})
    assert confirmed.status_code == 200, confirmed.text


async def _heard_of(world: World) -> bool:
    """Whether the referral service has consumed that both services exist."""
    async with world.platform.database("referral") as database:
        return (
            len(
                await database.collection("listings").read(
                    [f"{TENANT}/{world.team}", f"{TENANT}/{world.group}"]
                )
            )
            == 2
        )
