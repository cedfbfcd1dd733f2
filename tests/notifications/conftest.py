from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.notifications.app import create_app
from services.notifications.domain import RetryPolicy
from services.notifications.mail import MailSender, MailServer
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
from shared.cause import Actor
from shared.devissuer import DevIssuer
from shared.store import Database
from shared.testing import eventually, serving
from tests.notifications.examples import KEYRING, seconds
from tests.notifications.receivers import MailReceiver, WebReceiver, mail_receiver, web_receiver
from tests.notifications.working import GUARD


@pytest.fixture
async def stores(database: Database) -> Stores:
    own = Stores(
        subscriptions=Subscriptions(database.collection("subscriptions")),
        deliveries=Deliveries(database.collection("deliveries")),
        messages_back=MessagesBack(database.collection("messages_back")),
        person_messages=PersonMessages(database.collection("person_messages")),
        person_marks=PersonMarks(database.collection("person_marks")),
        erasures=Erasures(database.collection("erasures")),
    )
    await own.subscriptions.ensure_indexes()
    await own.deliveries.ensure_indexes()
    await own.messages_back.ensure_indexes()
    await own.person_messages.ensure_indexes()
    await own.person_marks.ensure_indexes()
    return own


@pytest.fixture
def links() -> Links:
    return Links(
        referrals="https://referrals.example.org/",
        directory="https://directory.example.org",
        outcomes="https://outcomes.example.org",
    )


@pytest.fixture
async def receiver() -> AsyncIterator[WebReceiver]:
    async with web_receiver() as own:
        yield own


@pytest.fixture
async def mailbox() -> AsyncIterator[MailReceiver]:
    async with mail_receiver() as own:
        yield own


@pytest.fixture
def webhooks(links: Links) -> WebhookSender:
    return WebhookSender(guard=GUARD, keyring=KEYRING, links=links, timeout=seconds(1))


@pytest.fixture
def make(
    stores: Stores, webhooks: WebhookSender, mailbox: MailReceiver, links: Links
) -> Callable[..., DeliveryWorker]:
    """Makes workers with short times; each test names what matters to it."""
    server = MailServer(host="127.0.0.1", port=mailbox.port, timeout=seconds(1))
    mail = MailSender(server, mail_from="no-reply@linkway.example", links=links)

    def worker(sender: Any = webhooks, **own: Any) -> DeliveryWorker:
        settings: dict[str, Any] = {
            "policy": RetryPolicy(waits=(seconds(0), seconds(0.1), seconds(0.2))),
            "send_timeout": seconds(1),
            "lane": 2,
            "capacity": 50,
            "poll": seconds(0.05),
            "graceful": seconds(3),
        }
        return DeliveryWorker(stores, {"webhook": sender, "email": mail}, **{**settings, **own})

    return worker


@pytest.fixture
def app(
    service_env: Callable[[str], Mapping[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    mailbox: MailReceiver,
) -> FastAPI:
    own = {
        "LINKWAY_WEBHOOK_ALLOW_LOOPBACK": "true",
        "LINKWAY_SMTP_PORT": str(mailbox.port),
        "LINKWAY_RETRY_SCHEDULE_SECONDS": "[0, 0.1, 0.2]",
        "LINKWAY_DELIVERY_POLL_SECONDS": "0.1",
        "LINKWAY_REFERRAL_BASE_URL": "https://referrals.example.org",
    }
    for name, value in {**service_env("notifications"), **own}.items():
        monkeypatch.setenv(name, value)
    return create_app()


@dataclass(frozen=True)
class Service:
    """The running service, asked as whoever is named."""

    client: httpx.AsyncClient
    issuer: DevIssuer
    stores: Stores

    async def get(self, path: str, actor: Actor, **query: str) -> httpx.Response:
        return await self._ask("GET", path, actor, params=query)

    async def post(
        self, path: str, actor: Actor, body: Any = None, *, key: str = ""
    ) -> httpx.Response:
        return await self._ask("POST", path, actor, json=body, key=key)

    async def delete(self, path: str, actor: Actor) -> httpx.Response:
        return await self._ask("DELETE", path, actor)

    async def _ask(
        self, method: str, path: str, actor: Actor, *, key: str = "", **more: Any
    ) -> httpx.Response:
        token = self.issuer.issue(
            subject=actor.subject,
            role=actor.role,
            organisation=actor.organisation,
            tenant=actor.tenant,
        )
        headers = {"authorization": f"Bearer {token}"} | ({"idempotency-key": key} if key else {})
        return await self.client.request(method, path, headers=headers, **more)


@pytest.fixture
async def service(app: FastAPI, issuer: DevIssuer) -> AsyncIterator[Service]:
    async with serving(app) as client:

        async def ready() -> bool:
            return (await client.get("/ready")).status_code == 200

        await eventually(ready, within=30)
        yield Service(client, issuer, app.state.stores)
