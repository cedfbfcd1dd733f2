"""What all routers under ``/ops`` have in common."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from shared.cause import Actor
from shared.web import require_role

OPERATIONS = "operations"
"""The role of those who look after the platform."""

Operator = Annotated[Actor, Depends(require_role(OPERATIONS))]
"""Who asks, for routes that must know the tenant or write down who acted."""

TAG = {"operations": "How the service's plumbing does, for operations staff: no person's data."}


def operations_router() -> APIRouter:
    """An empty router whose routes only operations may use; each states its path in full."""
    return APIRouter(tags=["operations"], dependencies=[Depends(require_role(OPERATIONS))])
