"""The routes under ``/ops``, put together; each part of the operations API has its own module."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from shared.ops.about import about_router
from shared.ops.dead_letters import dead_letters_router
from shared.ops.doctor import doctor_router
from shared.ops.operations import Operations
from shared.ops.pipeline import pipeline_router
from shared.ops.rebuilds import rebuilds_router
from shared.ops.reconcile import reconcile_router
from shared.ops.reconciler import Reconciler
from shared.ops.repairs import repairs_router
from shared.ops.trace import trace_router


def operations_routers(operations: Operations, reconciler: Reconciler) -> Sequence[APIRouter]:
    """Every part of a service's operations API. A new part adds its router here."""
    return [
        about_router(operations),
        pipeline_router(operations),
        trace_router(operations),
        reconcile_router(operations, reconciler),
        dead_letters_router(operations),
        repairs_router(operations),
        rebuilds_router(operations),
        doctor_router(operations),
    ]
