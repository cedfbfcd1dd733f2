"""How many trips to the database it takes to tell organisations and persons of what happened.

    PYTHONPATH=. .venv/bin/python -m tests.bench.notifications

Made-up cases of six facts each go through the handlers of both consumer groups, many cases at
once and each in order, as Kafka brings them; the worker then sends every message to a receiver
on this machine, and each delivery's own fact is heard again. Counted are the commands sent to a
real MongoDB, which no load on the machine changes; seconds are of this process's own work.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
import uvloop
from pymongo import monitoring
from rich.console import Console
from rich.table import Table

from services.notifications import handlers
from services.notifications.consumers import consumer, people_consumer
from services.notifications.domain import RetryPolicy
from services.notifications.messages import Links
from services.notifications.store import (
    Deliveries,
    Erasures,
    MessagesBack,
    PersonMarks,
    PersonMessages,
    Stores,
    Subscriptions,
)
from services.notifications.webhooks import WebhookSender
from services.notifications.worker import DeliveryWorker
from shared.bus import Consumer
from shared.cause import Actor
from shared.events import (
    AppointmentAttended,
    AppointmentBooked,
    ContactAttempted,
    Event,
    NotificationDelivered,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
)
from shared.ids import new_id
from shared.servers import Finder
from shared.store import Database
from shared.testing import eventually
from tests.notifications.examples import GROUP, KEYRING, TEAM, TENANT, asked, fact, heard
from tests.notifications.receivers import web_receiver
from tests.notifications.working import GUARD, confirm

TOLD = ["referral-created", "referral-accepted", "appointment-booked", "referral-completed"]

AT_ONCE = 100
"""Cases whose facts lie in one batch from Kafka."""


class Commands(monitoring.CommandListener):
    """Counts what is sent to the database."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.sent[event.command_name] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to count."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to count."""


def facts_of(case: str, at: datetime) -> Sequence[Event]:
    """What becomes of one onward referral."""
    own: dict[str, Any] = {"case_id": case, "referral_id": f"{case}-on", "occurred_at": at}
    appointment = {**own, "appointment_id": f"{case}-app"}
    start = at + timedelta(days=3)
    return [
        fact(ReferralCreated, need_codes=("loneliness",), **own),
        fact(ReferralAccepted, assigned_to="worker-1", **own),
        fact(ContactAttempted, attempt_id="a", channel="sms", outcome_code="no_answer", **own),
        fact(AppointmentBooked, start=start, mode="in_person", **appointment),
        fact(AppointmentAttended, **appointment),
        fact(ReferralCompleted, outcome_code="goals_met", **own),
    ]


async def hear(stores: Stores, events: Sequence[Event]) -> None:
    """Both groups apply the facts of one case, each in order."""

    async def by(group: Consumer[Stores]) -> None:
        for event, event_id in zip(events, ids, strict=True):
            listening = group.listening.get(event.type)
            if listening is not None:
                await listening.handler(event, heard(event_id, at=datetime.now(UTC)), stores)

    ids = [new_id() for _ in events]
    await asyncio.gather(by(consumer), by(people_consumer))


async def send_all(stores: Stores, receiver_links: Links) -> None:
    """The worker, until nothing waits."""
    worker = DeliveryWorker(
        stores,
        {
            "webhook": WebhookSender(
                guard=GUARD, keyring=KEYRING, links=receiver_links, timeout=timedelta(seconds=10)
            )
        },
        policy=RetryPolicy(waits=(timedelta(0),)),
        send_timeout=timedelta(seconds=10),
        lane=20,
        capacity=200,
        poll=timedelta(seconds=1),
        graceful=timedelta(seconds=5),
    )
    task = asyncio.create_task(worker.run())

    async def sent() -> bool:
        return not await stores.deliveries.count(TENANT, {"state.status": "queued"})

    await eventually(sent, within=600)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def hear_of_deliveries(stores: Stores) -> int:
    """Each delivery's own fact, as the relay would have sent it; how many."""
    found = await stores.deliveries.aggregate([{"$match": {"tenant": TENANT}}])
    events = [
        NotificationDelivered.model_validate_json(entry["data"])
        for document in found
        for entry in document["outbox"]
    ]
    for start in range(0, len(events), AT_ONCE):
        some = events[start : start + AT_ONCE]
        await asyncio.gather(*(hear(stores, [event]) for event in some))
    return len(events)


async def main(cases: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    commands = Commands()
    monitoring.register(commands)
    links = Links(
        referrals="https://referrals.example.org",
        directory="https://directory.example.org",
        outcomes="https://outcomes.example.org",
    )
    table = Table("", "number", "commands", "commands each", "own work, ms each")

    async def measured(name: str, number: int, work: Awaitable[int | None]) -> None:
        commands.sent.clear()
        began = time.process_time()
        number = (await work) or number
        each = 1000 * (time.process_time() - began) / number
        total = commands.sent.total()
        table.add_row(name, f"{number:,}", f"{total:,}", f"{total / number:.2f}", f"{each:.1f}")

    async with Finder() as finder, web_receiver() as receiver:
        database = Database.connect((await finder.mongo()).uri, f"bench-{new_id()[-12:]}")
        stores = Stores(
            subscriptions=Subscriptions(database.collection("subscriptions")),
            deliveries=Deliveries(database.collection("deliveries")),
            messages_back=MessagesBack(database.collection("messages_back")),
            person_messages=PersonMessages(database.collection("person_messages")),
            person_marks=PersonMarks(database.collection("person_marks")),
            erasures=Erasures(database.collection("erasures")),
        )
        try:
            for store in (stores.subscriptions, stores.deliveries, stores.messages_back):
                await store.ensure_indexes()
            await stores.person_messages.ensure_indexes()
            await stores.person_marks.ensure_indexes()
            for organisation in (GROUP, TEAM):
                actor = Actor("bench", "provider", organisation, TENANT)
                wish = handlers.Wish("webhook", f"{receiver.url}/{organisation}", TOLD)
                made = await handlers.subscribe(
                    stores, GUARD, KEYRING, wish, asked(actor, at=datetime.now(UTC))
                )
                await confirm(stores, made, actor)

            async def all_facts() -> None:
                at = datetime.now(UTC)
                for start in range(0, cases, AT_ONCE):
                    some = range(start, min(cases, start + AT_ONCE))
                    await asyncio.gather(*(hear(stores, facts_of(f"case-{n}", at)) for n in some))

            await measured("facts heard by both groups", 6 * cases, all_facts())
            queued = await stores.deliveries.count(TENANT, {"state.status": "queued"})
            await measured("messages sent", queued, send_all(stores, links))
            await measured("deliveries' own facts heard", 1, hear_of_deliveries(stores))
        finally:
            await database.drop()
            await database.close()
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--cases", type=int, default=300)
    uvloop.run(main(parser.parse_args().cases))
