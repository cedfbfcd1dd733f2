"""The figures of the audit at ``/metrics``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge


@dataclass(frozen=True, slots=True)
class Figures:
    """They count, and say nothing of who did what."""

    audit_lines_total: Counter
    audit_failures_total: Counter
    audit_anchored_timestamp_seconds: Gauge

    @classmethod
    def registered(cls, registry: CollectorRegistry) -> Self:
        """All of them in ``registry``."""
        return cls(
            audit_lines_total=Counter(
                "audit_lines_total", "Lines of the audit written.", registry=registry
            ),
            audit_failures_total=Counter(
                "audit_failures_total",
                "Times that the audit could not be written, so that a request was not answered, a "
                "change not made, or the daybook waits.",
                registry=registry,
            ),
            audit_anchored_timestamp_seconds=Gauge(
                "audit_anchored_timestamp_seconds",
                "When all lines there were had last been told outside of their database.",
                registry=registry,
            ),
        )
