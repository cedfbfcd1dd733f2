"""Notifications, put together."""

from __future__ import annotations

from datetime import timedelta

from fastapi import FastAPI

from services.notifications import api
from services.notifications.consumers import consumer
from services.notifications.guard import Guard
from services.notifications.keyring import Keyring
from services.notifications.mail import MailSender, MailServer
from services.notifications.messages import Links
from services.notifications.settings import Settings
from services.notifications.store import Deliveries, Stores, Subscriptions
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
    )
    keyring = Keyring(settings.secret_keys)
    signed_links = SignedLinks(settings.link_keys, settings.public_url)
    webhooks = _webhooks(settings, keyring)
    app = runtime.app(
        title="Linkway notifications",
        summary="Who wants to hear of what, and how telling them went.",
        stores=stores,
        routers=api.routers,
        consumers=[consumer],
        publishes=[event for event in ALL_EVENTS if event.topic == NotificationEvent.topic],
        workers=[
            _worker(settings, stores, webhooks).run,
            _subscription_worker(settings, stores, webhooks, signed_links).run,
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


def _worker(settings: Settings, stores: Stores, webhooks: WebhookSender) -> DeliveryWorker:
    mail = MailSender(_mail_server(settings), mail_from=settings.mail_from, links=_links(settings))
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
        mail=SubscriptionMail(_mail_server(settings), mail_from=settings.mail_from, links=links),
        policy=settings.retry_policy,
        send_timeout=settings.send_timeout,
        poll=timedelta(seconds=settings.delivery_poll_seconds),
    )


def _mail_server(settings: Settings) -> MailServer:
    password = settings.smtp_password
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        timeout=timedelta(seconds=settings.smtp_timeout_seconds),
        starttls=settings.smtp_starttls,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
    )
