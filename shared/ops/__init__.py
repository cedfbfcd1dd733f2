"""The operations API that every service serves under ``/ops``, for the role *operations*.

It shows how the service's plumbing does: what waits, what was applied, what differs. It
knows records by their ids only, and never shows what stands in one.
"""

from shared.ops.operations import Operations
from shared.ops.router import operations_routers
from shared.ops.routing import OPERATIONS, TAG, Operator, operations_router

__all__ = [
    "OPERATIONS",
    "TAG",
    "Operations",
    "Operator",
    "operations_router",
    "operations_routers",
]
