"""What operations do to every service: repair what it could not apply, and rebuild."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer

from services.console.platform import SERVICES
from shared.ids import new_id
from shared.testing import eventually
from tests.e2e.pasting.docs import OPERATIONS, Docs, walk

_LETTERS = """
    POST /ops/dead-letters/foresee
    POST /ops/dead-letters/replay
    POST /ops/dead-letters/discard
    POST /ops/dead-letters/{letter_id}/unmask
"""
_REBUILDS = """
    POST /ops/rebuilds
    POST /ops/rebuilds/{rebuild_id}/swap
    POST /ops/rebuilds/{rebuild_id}/cancel
"""
_UNREADABLE = {"referral-events": "referral-created", "directory-events": "service-published"}
"""Between them these topics are heard by all services."""


@walk(**dict.fromkeys(SERVICES, _LETTERS))
async def what_a_service_could_not_apply_is_looked_into_and_settled(docs: Docs) -> None:
    """Records that cannot be read lie on Kafka; each service set aside one at least."""
    await _publish_what_cannot_be_read(docs)
    await asyncio.gather(*(_settle(docs, service) for service in SERVICES))


async def _settle(docs: Docs, service: str) -> None:
    async def letters(status: str) -> Any:
        listed = await docs.read(OPERATIONS, service, f"/ops/dead-letters?status={status}")
        return [each["id"] for each in listed["items"]]

    [letter, *_] = await eventually(partial(letters, "open"), within=20)
    done = partial(docs.paste, OPERATIONS, service)
    for name in ("example-1", "example-2"):
        foreseen = await done("/ops/dead-letters/foresee", named=name)
    seen = await done("/ops/dead-letters/{letter_id}/unmask", letter_id=letter)
    assert seen["payload"] == {}
    for name in ("example-1", "example-2"):
        await done("/ops/dead-letters/replay", named=name, put_in={"as_of": foreseen["as_of"]})
    meant = {"chosen": {"ids": [letter]}, "as_of": foreseen["as_of"]}
    await done("/ops/dead-letters/discard", put_in=meant)

    async def settled() -> bool:
        return letter in await letters("discarded")

    await eventually(settled, within=20)


async def _publish_what_cannot_be_read(docs: Docs) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=docs.platform.servers.kafka_bootstrap)
    await producer.start()
    try:
        for topic, event_type in _UNREADABLE.items():
            key = new_id()
            headers = {
                "content-type": "application/json",
                "ce_specversion": "1.0",
                "ce_id": new_id(),
                "ce_type": event_type,
                "ce_source": "/linkway/nobody",
                "ce_time": "2026-03-02T09:30:00Z",
                "ce_subject": key,
                "ce_partitionkey": key,
            }
            await producer.send_and_wait(
                f"{docs.platform.topic_prefix}{topic}",
                b"{}",
                key=key.encode(),
                headers=[(name, value.encode()) for name, value in headers.items()],
            )
    finally:
        await producer.stop()


@walk(**dict.fromkeys(SERVICES, _REBUILDS))
async def what_is_made_of_events_is_rebuilt(docs: Docs) -> None:
    """By the two services that have such state; the other two say that they have none."""
    await asyncio.gather(
        _rebuild(docs, "referral"),
        _rebuild(docs, "outcomes"),
        _has_nothing_to_rebuild(docs, "directory"),
        _has_nothing_to_rebuild(docs, "notifications"),
    )


async def _rebuild(docs: Docs, service: str) -> None:
    """Given up once, then done: of one projection one rebuild is under way at a time."""
    done = partial(docs.paste, OPERATIONS, service)
    path = "/ops/rebuilds/{rebuild_id}"

    async def reached(rebuild_id: str, phase: str) -> bool:
        found = await docs.read(OPERATIONS, service, path.format(rebuild_id=rebuild_id))
        return bool(found["phase"] == phase)

    given_up = (await done("/ops/rebuilds"))["id"]
    await done(f"{path}/cancel", rebuild_id=given_up)
    await eventually(partial(reached, given_up, "cancelled"), within=30)
    wanted = (await done("/ops/rebuilds"))["id"]
    await eventually(partial(reached, wanted, "ready"), within=30)
    await done(f"{path}/swap", rebuild_id=wanted)


async def _has_nothing_to_rebuild(docs: Docs, service: str) -> None:
    """Its bodies are taken for valid, and there is nothing to do it to."""
    done = partial(docs.paste, OPERATIONS, service, refused=404)
    await done("/ops/rebuilds")
    for step in ("swap", "cancel"):
        await done(f"/ops/rebuilds/{{rebuild_id}}/{step}", rebuild_id=new_id())
