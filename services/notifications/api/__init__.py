"""Notifications over HTTP: routes, requests, views and status codes."""

from services.notifications.api import (
    confirming,
    deliveries,
    subscription_commands,
    subscriptions,
)

routers = (
    subscriptions.router,
    subscription_commands.router,
    deliveries.router,
    confirming.router,
)
