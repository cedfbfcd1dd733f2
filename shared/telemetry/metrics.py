"""The figures every service shows at ``/metrics``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Metrics:
    """Labels hold route templates, event types and reasons, never an id or a value sent."""

    http_requests: Counter
    http_request_duration_seconds: Histogram
    events_published_total: Counter
    events_consumed_total: Counter
    outbox_pending: Gauge
    outbox_oldest_unsent_seconds: Gauge
    dead_letters_total: Counter
    duplicate_effects_suppressed_total: Counter
    dlq_open: Gauge
    dlq_waiting: Gauge
    dlq_oldest_seconds: Gauge

    @classmethod
    def registered(cls, registry: CollectorRegistry) -> Self:
        """All of them in ``registry``, with the process's own (memory, CPU, open files)."""
        ProcessCollector(registry=registry)
        return cls(
            http_requests=Counter(
                "http_requests_total",
                "Requests answered.",
                ("method", "route", "status"),
                registry=registry,
            ),
            http_request_duration_seconds=Histogram(
                "http_request_duration_seconds",
                "Time from the request's head to the end of its answer.",
                ("method", "route", "status"),
                buckets=_SECONDS,
                registry=registry,
            ),
            events_published_total=Counter(
                "events_published_total",
                "Events acknowledged by Kafka.",
                ("type",),
                registry=registry,
            ),
            events_consumed_total=Counter(
                "events_consumed_total",
                "Events taken from Kafka by each consumer, by what became of them.",
                ("consumer", "type", "result"),
                registry=registry,
            ),
            outbox_pending=Gauge(
                "outbox_pending", "Records with events not yet on Kafka.", registry=registry
            ),
            outbox_oldest_unsent_seconds=Gauge(
                "outbox_oldest_unsent_seconds",
                "Age of the oldest event not yet on Kafka; the figure to alert on.",
                registry=registry,
            ),
            dead_letters_total=Counter(
                "dead_letters_total",
                "Records set aside because they can never be applied.",
                ("reason",),
                registry=registry,
            ),
            duplicate_effects_suppressed_total=Counter(
                "duplicate_effects_suppressed_total",
                "Causes that came again and changed nothing.",
                registry=registry,
            ),
            dlq_open=Gauge(
                "dlq_open",
                "Dead letters that nobody has replayed or discarded, as kept by this service.",
                ("group", "type", "reason"),
                registry=registry,
            ),
            dlq_waiting=Gauge(
                "dlq_waiting",
                "Events that wait behind a dead letter of the same key.",
                registry=registry,
            ),
            dlq_oldest_seconds=Gauge(
                "dlq_oldest_seconds",
                "Age of the oldest dead letter that is open or waits.",
                registry=registry,
            ),
        )
