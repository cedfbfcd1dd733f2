"""What a running service tells about itself: log lines, metrics, traces."""

from shared.telemetry.context import Work, current_request, working_on
from shared.telemetry.logs import configure_logging
from shared.telemetry.metrics import Metrics
from shared.telemetry.telemetry import Telemetry
from shared.telemetry.tracing import accepted_traceparent, child_traceparent, new_traceparent

__all__ = [
    "Metrics",
    "Telemetry",
    "Work",
    "accepted_traceparent",
    "child_traceparent",
    "configure_logging",
    "current_request",
    "new_traceparent",
    "working_on",
]
