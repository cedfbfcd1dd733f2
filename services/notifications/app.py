"""Notifications, put together."""

from __future__ import annotations

from datetime import timedelta

from fastapi import FastAPI

from services.notifications import api
from services.notifications.consumers import consumer
from services.notifications.guard import Guard
from services.notifications.mail import MailSender
from services.notifications.messages import Links
from services.notifications.settings import Settings
from services.notifications.store import Deliveries, Stores, Subscriptions
from services.notifications.webhooks import WebhookSender
from services.notifications.worker import DeliveryWorker
from shared.events import ALL_EVENTS, NotificationEvent
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
    return runtime.app(
        title="Linkway notifications",
        summary="Who wants to hear of what, and how telling them went.",
        stores=stores,
        routers=api.routers,
        consumer=consumer,
        publishes=[event for event in ALL_EVENTS if event.topic == NotificationEvent.topic],
        workers=[_worker(settings, stores).run],
    )


def _worker(settings: Settings, stores: Stores) -> DeliveryWorker:
    links = Links(
        referrals=settings.referral_base_url,
        directory=settings.directory_base_url,
        outcomes=settings.outcomes_base_url,
    )
    password = settings.smtp_password
    return DeliveryWorker(
        stores,
        {
            "webhook": WebhookSender(
                guard=Guard(allow_loopback=settings.webhook_allow_loopback),
                links=links,
                timeout=timedelta(seconds=settings.webhook_timeout_seconds),
            ),
            "email": MailSender(
                host=settings.smtp_host,
                port=settings.smtp_port,
                mail_from=settings.mail_from,
                links=links,
                timeout=timedelta(seconds=settings.smtp_timeout_seconds),
                starttls=settings.smtp_starttls,
                username=settings.smtp_username,
                password=password.get_secret_value() if password else None,
            ),
        },
        policy=settings.retry_policy,
        send_timeout=settings.send_timeout,
        lane=settings.delivery_concurrency,
        capacity=settings.delivery_capacity,
        poll=timedelta(seconds=settings.delivery_poll_seconds),
        graceful=timedelta(seconds=settings.graceful_seconds),
    )
