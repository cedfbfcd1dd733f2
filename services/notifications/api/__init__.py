"""Notifications over HTTP: routes, requests, views and status codes."""

from services.notifications.api import (
    confirming,
    deliveries,
    export,
    messages_back,
    notify_callbacks,
    people,
    subscription_commands,
    subscriptions,
    templates,
)

routers = (
    subscriptions.router,
    subscription_commands.router,
    deliveries.router,
    confirming.router,
    people.router,
    messages_back.router,
    export.router,
    templates.router,
    notify_callbacks.router,
)
