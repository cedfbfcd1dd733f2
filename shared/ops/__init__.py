"""The operations API that every service serves under ``/ops``, for the role *operations*.

It shows how the service's plumbing does: what waits, what was applied, what differs. It
knows records by their ids only, and never shows what stands in one.
"""

from shared.ops.gauges import Gauges
from shared.ops.operations import Operations
from shared.ops.reconciler import Reconciler
from shared.ops.reconciling import Reconciling
from shared.ops.router import operations_routers
from shared.ops.routing import TAG, Operator, operations_router, operations_rows
from shared.ops.sampler import Sampler
from shared.ops.waiting import CountWaiting, Waiting

__all__ = [
    "TAG",
    "CountWaiting",
    "Gauges",
    "Operations",
    "Operator",
    "Reconciler",
    "Reconciling",
    "Sampler",
    "Waiting",
    "operations_router",
    "operations_routers",
    "operations_rows",
]
