"""Outcomes over HTTP: routes, receipts, views and status codes."""

from services.outcomes.api import assessments, export, goals, measures, plans, recounting, reports

routers = (
    plans.router,
    assessments.router,
    goals.router,
    measures.router,
    recounting.router,
    reports.router,
    export.router,
)
