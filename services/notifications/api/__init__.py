"""Notifications over HTTP: routes, requests, views and status codes."""

from services.notifications.api import deliveries, subscriptions

routers = (subscriptions.router, deliveries.router)
