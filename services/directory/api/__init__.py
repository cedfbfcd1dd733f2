"""The directory over HTTP: services and their places, organisations, districts, needs."""

from services.directory.api import (
    assurance,
    capacity,
    confirming,
    export,
    finding,
    matching,
    needs,
    problems,
    registers,
    services,
    tree,
    unmet,
)

routers = (
    services.router,
    finding.router,
    matching.router,
    registers.router,
    tree.router,
    needs.router,
    assurance.router,
    problems.router,
    capacity.router,
    unmet.router,
    export.router,
    confirming.router,
)

__all__ = ["routers"]
