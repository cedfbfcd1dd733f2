"""Kill -9 of each service in the middle of a load: all that was acknowledged is applied, once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pytest
from aiokafka import TopicPartition

from services.console.platform import SERVICES, TENANT, Platform, client, running_platform
from shared.audit.chain import verify
from shared.audit.lines import read_line
from shared.bus import TopicReader
from shared.ids import new_id
from shared.servers import Kafka, Servers
from shared.testing import eventually
from tests.e2e.conftest import confirm_by_mail
from tests.notifications.receivers import MailReceiver, mail_receiver

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults-kill"), pytest.mark.timeout(300)]

REFERRALS = 300
SENDERS = 16
PARTITIONS = 4
TEAM = new_id()


@dataclass
class Sent:
    """What the senders know: the id of each referral that was acknowledged, by its key."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    """The ids of requests that were shown a referral."""
    retried: int = 0

    def reached(self, count: int) -> bool:
        return len(self.acknowledged) >= count


async def test_each_service_killed_once_under_load_loses_nothing_and_repeats_nothing(
    mongo_uri: str, kafka: Kafka, tmp_path: Path
) -> None:
    servers = Servers(mongo_uri, kafka.bootstrap, kafka.idempotent, kafka.description)
    async with AsyncExitStack() as stack:
        mail = await stack.enter_async_context(mail_receiver())
        platform = await stack.enter_async_context(
            running_platform(
                servers,
                tmp_path,
                prefix=f"kill-{new_id()[-8:]}-",
                settings={
                    "LINKWAY_SMTP_PORT": str(mail.port),
                    "LINKWAY_TOPIC_PARTITIONS": str(PARTITIONS),
                },
            )
        )
        http = await stack.enter_async_context(client())
        await prepare(platform, http, mail)
        sent = Sent()
        keys = iter([f"referral-{number}" for number in range(REFERRALS)])
        senders = [asyncio.create_task(send(platform, http, keys, sent)) for _ in range(SENDERS)]
        for place, service in enumerate(SERVICES, start=1):
            due = place * REFERRALS // (len(SERVICES) + 1)
            await eventually(partial(sent.reached, due), within=60)
            await platform.processes.kill(service)
            await platform.restart(service)
        await asyncio.gather(*senders)
        assert len(sent.acknowledged) == REFERRALS
        await eventually(lambda: settled(platform), within=90)
        await counts_agree(platform, mail, set(sent.acknowledged.values()))
        await eventually(lambda: all_readings_told(platform, sent.read), within=30)
        for service in platform.databases:
            async with platform.database(service) as database:
                await database.drop()


async def prepare(platform: Platform, http: httpx.AsyncClient, mail: MailReceiver) -> None:
    """A team to refer to; its practice hears of each referral by mail."""
    answer = await http.put(
        f"{platform.urls['directory']}/services",
        headers=platform.headers("directory_curator", "icb"),
        json=[
            {
                "id": TEAM,
                "name": "Link workers",
                "description": "They listen first.",
                "status": "active",
                "organization": {"id": "team-org", "name": "Link workers"},
                "service_role": "link_worker_team",
            }
        ],
    )
    assert answer.status_code == 200, answer.text
    answer = await http.post(
        f"{platform.urls['notifications']}/subscriptions",
        headers=platform.headers("referrer", "Y90001"),
        json={
            "channel": "email",
            "email": "practice@example.org",
            "event_types": ["referral-created"],
        },
    )
    assert answer.status_code == 201, answer.text
    practice = platform.headers("referrer", "Y90001")
    await confirm_by_mail(platform, http, mail, practice, answer.json()["id"])

    async def heard_of() -> bool:
        async with platform.database("referral") as database:
            return bool(await database.collection("listings").read([f"{TENANT}/{TEAM}"]))

    await eventually(heard_of, within=30)


async def send(
    platform: Platform, http: httpx.AsyncClient, keys: Iterator[str], sent: Sent
) -> None:
    """Post until acknowledged, with the same key each time, as a careful client does."""
    headers = platform.headers("referrer", "Y90001")
    for key in keys:
        while True:
            try:
                answer = await http.post(
                    f"{platform.urls['referral']}/referrals",
                    headers={**headers, "Idempotency-Key": key},
                    json=referral(),
                    timeout=5,
                )
            except httpx.TransportError:
                sent.retried += 1
            else:
                if answer.status_code == 201:
                    sent.acknowledged[key] = answer.json()["id"]
                    await read(platform, http, answer.json()["id"], sent)
                    break
                assert answer.status_code == 503, answer.text
                sent.retried += 1
            await asyncio.sleep(random.uniform(0.05, 0.2))


async def read(platform: Platform, http: httpx.AsyncClient, id_: str, sent: Sent) -> None:
    """Read a referral once, whether it is shown or not."""
    request_id = new_id()
    headers = {**platform.headers("referrer", "Y90001"), "X-Request-ID": request_id}
    try:
        url = f"{platform.urls['referral']}/referrals/{id_}"
        answer = await http.get(url, headers=headers, timeout=5)
    except httpx.TransportError:
        return
    if answer.status_code == 200:
        sent.read.add(request_id)


async def all_readings_told(platform: Platform, shown: set[str]) -> bool:
    """Whether the audit, which is whole, tells of every reading that was answered."""
    async with platform.database("referral") as database:
        verdict = await verify(database.book().walk(), "referral")
        assert verdict.finding is None, verdict.finding
        told = {
            line.request_id
            async for sheet in database.book().walk()
            for line in (read_line(sheet.first, text) for text in sheet.lines)
            if line.action == "read"
        }
    assert len(shown) > REFERRALS // 2
    assert shown <= told
    return True


def referral() -> dict[str, object]:
    return {
        "kind": "intake",
        "service_id": TEAM,
        "person": {
            "given_names": "Sample",
            "family_name": "Testperson",
            "birth_date": "1957-03-14",
        },
        "need_codes": ["loneliness"],
        "reason": "Would like company.",
        "consent": {"given": True, "method": "verbal"},
    }


async def settled(platform: Platform) -> bool:
    """Whether nothing waits: no event unsent, a plan for each referral, each mail delivered."""
    async with (
        platform.database("referral") as referral,
        platform.database("outcomes") as outcomes,
        platform.database("notifications") as notifications,
    ):
        unsent = await referral.collection("referrals").unsent_stats()
        plans = await outcomes.collection("plans").count({"tenant": TENANT})
        delivered = await notifications.collection("deliveries").count(
            {"tenant": TENANT, "state.status": "delivered"}
        )
        return (unsent.pending, plans, delivered) == (0, REFERRALS, REFERRALS)


async def counts_agree(platform: Platform, mail: MailReceiver, accepted: set[str]) -> None:
    async with platform.database("referral") as database:
        stored = await database.collection("referrals").find({"tenant": TENANT}, 1000, None)
    assert {document["_id"] for document in stored} == accepted
    told = {tuple(line["type"] for line in document["history"]) for document in stored}
    assert told == {("referral-created", "case-profiled")}

    events = await created_events(platform)
    by_referral: dict[str, set[str]] = {}
    for subject, event_id in events:
        by_referral.setdefault(subject, set()).add(event_id)
    assert set(by_referral) == accepted
    assert {len(event_ids) for event_ids in by_referral.values()} == {1}

    async with platform.database("outcomes") as database:
        plans = await database.collection("plans").find({"tenant": TENANT}, 1000, None)
    assert {plan["_id"] for plan in plans} == accepted
    assert {plan["version"] for plan in plans} == {1}

    async with platform.database("notifications") as database:
        deliveries = await database.collection("deliveries").find({"tenant": TENANT}, 1000, None)
    messages_about = Counter(document["state"]["about"]["subject"] for document in deliveries)
    assert set(messages_about) == accepted
    assert set(messages_about.values()) == {1}

    # A receiver may see a message twice after a crash; its id says that it is the same one.
    messages = {each["Message-ID"] for each in mail.mails}
    assert len(messages) == REFERRALS


async def created_events(platform: Platform) -> list[tuple[str, str]]:
    """The subject and id of each referral-created on the topic, repeats included."""
    topic = f"{platform.topic_prefix}referral-events"
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    async with TopicReader(platform.servers.kafka_bootstrap, partitions) as reader:
        headers = [dict(record.headers) for record in await reader.read_on()]
    return [
        (each["ce_subject"].decode(), each["ce_id"].decode())
        for each in headers
        if each["ce_type"] == b"referral-created"
    ]
