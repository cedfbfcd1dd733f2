"""Notifications, put together."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from services.notifications import api, handlers
from services.notifications.api import about
from services.notifications.assembling import mail_server, owners_of, people_worker
from services.notifications.consumers import consumer, people_consumer
from services.notifications.domain.policy import POLICY
from services.notifications.domain.scopes import SCOPES
from services.notifications.guard import Guard
from services.notifications.handlers.erasing import keep_settling
from services.notifications.keyring import Keyring
from services.notifications.mail import MailSender
from services.notifications.messages import Links
from services.notifications.owners import Owners
from services.notifications.projections import REBUILDABLE
from services.notifications.returns_worker import ReturnsWorker
from services.notifications.settings import Settings
from services.notifications.store import (
    Deliveries,
    Erasures,
    MessagesBack,
    PersonMarks,
    PersonMessages,
    Stores,
    Subscriptions,
)
from services.notifications.subscription_mail import SubscriptionMail
from services.notifications.subscription_worker import SubscriptionWorker
from services.notifications.webhooks import WebhookSender
from services.notifications.worker import DeliveryWorker
from shared.events import ALL_EVENTS, NotificationEvent
from shared.links import Links as SignedLinks
from shared.runtime import Runtime


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an application; settings come from the environment unless given."""
    settings = settings or Settings.model_validate({})
    runtime = Runtime(settings)
    stores = Stores(
        subscriptions=Subscriptions(
            runtime.collection("subscriptions"),
            fresh_for=timedelta(seconds=settings.subscription_cache_seconds),
        ),
        deliveries=Deliveries(runtime.collection("deliveries")),
        messages_back=MessagesBack(
            runtime.collection("messages_back"), working_days=settings.message_back_working_days
        ),
        person_messages=PersonMessages(runtime.collection("person_messages")),
        person_marks=PersonMarks(runtime.collection("person_marks")),
        erasures=Erasures(runtime.collection("erasures")),
    )
    owners = owners_of(settings)
    keyring = Keyring(settings.secret_keys)
    signed_links = SignedLinks(settings.link_keys, settings.public_url)
    webhooks = _webhooks(settings, keyring)
    app = runtime.app(
        title="Linkway notifications",
        summary="Who wants to hear of what, and how telling them went.",
        description=about.DESCRIPTION,
        tags=about.TAGS,
        policy=POLICY,
        stores=stores,
        routers=api.routers,
        scopes=SCOPES,
        consumers=[consumer, *([people_consumer] if owners else [])],
        rebuildable=REBUILDABLE,
        publishes=[event for event in ALL_EVENTS if event.topic == NotificationEvent.topic],
        count_waiting=handlers.waiting_in(stores, runtime.clock.now),
        workers=[
            _worker(settings, stores, webhooks, owners).run,
            _subscription_worker(settings, stores, webhooks, signed_links).run,
            ReturnsWorker(
                stores,
                now=runtime.clock.now,
                poll=timedelta(seconds=settings.delivery_poll_seconds),
            ).run,
            partial(
                keep_settling,
                stores,
                runtime.clock.now,
                timedelta(seconds=settings.delivery_poll_seconds),
            ),
            *([people_worker(settings, stores, owners, runtime.clock.now).run] if owners else []),
        ],
    )
    app.state.keyring = keyring
    app.state.links = signed_links
    return app


def _links(settings: Settings) -> Links:
    return Links(
        referrals=settings.referral_base_url,
        directory=settings.directory_base_url,
        outcomes=settings.outcomes_base_url,
    )


def _webhooks(settings: Settings, keyring: Keyring) -> WebhookSender:
    return WebhookSender(
        guard=Guard(allow_loopback=settings.webhook_allow_loopback),
        keyring=keyring,
        links=_links(settings),
        timeout=timedelta(seconds=settings.webhook_timeout_seconds),
    )


def _worker(
    settings: Settings, stores: Stores, webhooks: WebhookSender, owners: Owners | None
) -> DeliveryWorker:
    mail = MailSender(
        mail_server(settings), mail_from=settings.mail_from, links=_links(settings), owners=owners
    )
    return DeliveryWorker(
        stores,
        {"webhook": webhooks, "email": mail},
        policy=settings.retry_policy,
        send_timeout=settings.send_timeout,
        lane=settings.delivery_concurrency,
        capacity=settings.delivery_capacity,
        poll=timedelta(seconds=settings.delivery_poll_seconds),
        graceful=timedelta(seconds=settings.graceful_seconds),
    )


def _subscription_worker(
    settings: Settings, stores: Stores, webhooks: WebhookSender, links: SignedLinks
) -> SubscriptionWorker:
    return SubscriptionWorker(
        stores,
        webhooks=webhooks,
        mail=SubscriptionMail(mail_server(settings), mail_from=settings.mail_from, links=links),
        policy=settings.retry_policy,
        send_timeout=settings.send_timeout,
        poll=timedelta(seconds=settings.delivery_poll_seconds),
    )
