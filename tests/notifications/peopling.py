"""A person, whoever carries messages to them, and a clock: what tests of it all need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.console.notify_standin import NotifyStandIn, notify_standin
from services.notifications.carrying import Carrying
from services.notifications.domain.outcomes import RetryPolicy
from services.notifications.domain.person_messages import (
    PersonMessage,
)
from services.notifications.handlers import people
from services.notifications.mail import MailServer
from services.notifications.notify import GovUkNotify
from services.notifications.people_worker import PeopleWorker
from services.notifications.store import Stores
from services.notifications.wording import wording
from shared.devissuer import DevIssuer
from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentReminderDue,
    Event,
    EventActor,
    PersonDeceased,
    PersonDeceasedRevoked,
    PersonEvent,
)
from tests.notifications.examples import NOON, PERSON, TEAM, TENANT, fact, heard, seconds
from tests.notifications.owning import OwnersApi, owners_api
from tests.notifications.receivers import MailReceiver

IN_THREE_DAYS = NOON + timedelta(days=3)
MINUTE = timedelta(minutes=1)


@dataclass
class Stage:
    """A worker with a clock that tests set, and everybody it talks to."""

    stores: Stores
    api: OwnersApi
    notify: NotifyStandIn
    mailbox: MailReceiver
    worker: PeopleWorker
    now: datetime

    async def hear(self, event: Event, event_id: str = "event-1") -> None:
        cause = heard(event_id, at=self.now)
        await people.tell_person(self.stores, event, cause)

    async def death(self, event: PersonEvent, event_id: str) -> None:
        await people.heard_of_death(self.stores, event, heard(event_id, at=self.now))

    async def work(self, *, after: timedelta = timedelta(0)) -> int:
        """Let time pass, then send what is due, at most ten rounds of it."""
        self.now += after
        worked = 0
        for _ in range(10):
            done = await self.worker.work_off()
            worked += done
            if not done:
                break
        return worked

    async def messages(self) -> list[PersonMessage]:
        """All of them, oldest first."""
        found = await self.stores.person_messages.find(TENANT, {})
        return [saved.state for saved in reversed(found.items)]

    async def message(self) -> PersonMessage:
        [only] = await self.messages()
        return only

    async def published(self) -> list[str]:
        unsent = await self.stores.person_messages.collection.unsent(range(16), 100)
        return sorted(entry.type for each in unsent for entry in each.entries)


@asynccontextmanager
async def staged(stores: Stores, mailbox: MailReceiver, issuer: DevIssuer) -> AsyncIterator[Stage]:
    async with owners_api(issuer) as api, notify_standin() as notify:
        stage: Stage

        def now() -> datetime:
            return stage.now

        carrying = Carrying(
            notify=GovUkNotify(
                api_key=notify.api_key,
                base_url=notify.url,
                timeout=seconds(2),
                sms_template_id="sms",
                letter_template_id="letter",
                neutral_sender_id="neutral",
            ),
            server=MailServer(host="127.0.0.1", port=mailbox.port, timeout=seconds(2)),
            mail_from="Linkway <no-reply@linkway.example>",
            neutral_from="Messages <no-reply@messages.example>",
        )
        worker = PeopleWorker(
            stores,
            owners=api.owners(),
            carrying=carrying,
            wording=wording(),
            policy=RetryPolicy(waits=(seconds(0), seconds(60))),
            lease=seconds(120),
            poll=seconds(0.05),
            graceful=seconds(2),
            now=now,
        )
        stage = Stage(stores, api, notify, mailbox, worker, NOON)
        yield stage


def booked(appointment_id: str = "appointment-1", **said: Any) -> AppointmentBooked:
    own = {"appointment_id": appointment_id, "start": IN_THREE_DAYS, "mode": "telephone"}
    return fact(AppointmentBooked, **{**own, **said})


def reminder(**said: Any) -> AppointmentReminderDue:
    own = {"appointment_id": "appointment-1", "start": IN_THREE_DAYS, "mode": "telephone"}
    return fact(AppointmentReminderDue, **{**own, **said})


def cancelled(**said: Any) -> AppointmentCancelled:
    own = {"appointment_id": "appointment-1", "cancelled_by": "provider"}
    return fact(AppointmentCancelled, **{**own, **said})


def _about_person(event: type[PersonEvent], seq: int, **said: Any) -> PersonEvent:
    own: dict[str, Any] = {
        "tenant": TENANT,
        "seq": seq,
        "occurred_at": NOON,
        "actor": EventActor(role="link_worker", organisation=TEAM),
        "person_id": PERSON,
    }
    return event.model_validate({**own, **said})


def deceased(seq: int = 5) -> PersonEvent:
    return _about_person(PersonDeceased, seq)


def revoked(seq: int = 6) -> PersonEvent:
    return _about_person(PersonDeceasedRevoked, seq)


def about_person(event: type[PersonEvent], **said: Any) -> PersonEvent:
    return _about_person(event, 5, **said)
