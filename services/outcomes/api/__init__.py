"""Outcomes over HTTP: routes, receipts, views and status codes."""

from services.outcomes.api import commands, plans

routers = (plans.router, commands.router)
