"""What all routers under ``/ops`` have in common."""

from __future__ import annotations

from fastapi import APIRouter

from shared.policy import Role, Table, may
from shared.web import Acting
from shared.web.access import operations_of

Operator = Acting
"""Who asks, for routes that must know the tenant or write down who acted."""

TAG = {"operations": "How the service's plumbing does, for operations staff: no person's data."}


def operations_router() -> APIRouter:
    """An empty router whose routes only operations may use; each states its path in full."""
    return APIRouter(tags=["operations"])


def operations_rows(router: APIRouter) -> Table:
    """The rows of such a router's routes: all for operations, and for no one else."""
    return {
        operation: [may((Role.OPERATIONS,))]
        for route in router.routes
        for operation in operations_of(route).values()
    }
