"""What the referral service makes of what others say, over a real broker."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer

from shared.events import Envelope, Event, EventActor, GoalUpdated, ServiceClosed, ServicePublished
from shared.ids import new_id
from shared.testing import eventually
from tests.referral.conftest import TENANT, Referring, intake

CURATOR = EventActor(role="directory_curator", organisation="icb")


async def say(referring: Referring, event: Event) -> None:
    """Put a fact on its owner's topic, as the owner's relay would."""
    envelope = Envelope(
        id=new_id(),
        type=event.type,
        source="/linkway/another",
        time=event.occurred_at,
        subject=event.subject,
        key=event.key,
        data=event.model_dump_json().encode(),
    )
    producer = AIOKafkaProducer(bootstrap_servers=referring.settings.kafka_bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(
            f"{referring.settings.topic_prefix}{event.topic}",
            value=envelope.data,
            key=envelope.key.encode(),
            headers=[(name, value.encode()) for name, value in envelope.headers().items()],
        )
    finally:
        await producer.stop()


def service_fact(event: type[ServicePublished | ServiceClosed], service: str, seq: int) -> Event:
    return event(
        tenant=TENANT,
        seq=seq,
        occurred_at=datetime.now(UTC),
        actor=CURATOR,
        service_id=service,
        organisation_id="team-org",
        service_role="link_worker_team",
    )


async def test_a_service_can_be_referred_to_from_its_publication_to_its_closing(
    consuming: Referring,
) -> None:
    referring, service = consuming, new_id()

    async def refer() -> httpx.Response:
        return await referring.http.post(
            "/referrals", json=intake(service), headers=referring.practice
        )

    assert (await refer()).status_code == 422
    await say(referring, service_fact(ServicePublished, service, 1))

    async def listed(*, open_: bool) -> bool:
        found = await referring.stores.listings.get_many([f"{TENANT}/{service}"], TENANT)
        return [each.state.open for each in found.values()] == [open_]

    await eventually(lambda: listed(open_=True), within=20)
    assert (await refer()).status_code == 201
    await say(referring, service_fact(ServiceClosed, service, 2))
    await say(referring, service_fact(ServicePublished, service, 1))
    await eventually(lambda: listed(open_=False), within=20)


async def test_how_far_a_goal_has_come_is_shown_to_the_practice(consuming: Referring) -> None:
    referring = consuming
    case = (await referring.refer()).json()

    def goal(seq: int, achievement: str) -> GoalUpdated:
        return GoalUpdated.model_validate(
            {
                "tenant": TENANT,
                "seq": seq,
                "occurred_at": datetime.now(UTC),
                "actor": {"role": "link_worker", "organisation": "team-org"},
                "case_id": case["id"],
                "person_id": case["person_id"],
                "source_organisation_id": "Y90001",
                "team_organisation_id": "team-org",
                "goal_id": "goal-1",
                "change": "progressed",
                "lifecycle_status": "active",
                "achievement_status": achievement,
            }
        )

    async def shown() -> Any:
        answer = await referring.http.get(f"/referrals/{case['id']}", headers=referring.practice)
        goals = answer.json()["goals"]
        return goals and goals["goal-1"]["achievement_status"]

    for seq, achievement in ((2, "improving"), (1, "in-progress"), (2, "improving")):
        await say(referring, goal(seq, achievement))
    await eventually(shown, within=20)
    await say(referring, goal(3, "achieved"))

    async def achieved() -> bool:
        return bool(await shown() == "achieved")

    await eventually(achieved, within=20)
    saved = await referring.stores.referrals.get(case["id"], TENANT)
    # The referral, then two facts that were newer than what was known.
    assert saved.version == 3
    assert "wording" not in json.dumps(saved.state.model_dump(mode="json"))
