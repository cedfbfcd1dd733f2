"""One application's metrics and traces; none of it global, so that two can share a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
)
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanKind, StatusCode
from prometheus_client import CollectorRegistry

from shared.settings import ServiceSettings
from shared.telemetry.metrics import Metrics
from shared.telemetry.tracing import (
    accepted_traceparent,
    is_sampled,
    new_traceparent,
    parent_context,
    span_context_of,
    traceparent_of,
)

Attributes = Mapping[str, str | int]

_EXPORT_SECONDS = 2.0
"""A collector that is away delays a shutdown by this and no more."""


class Telemetry:
    """``metrics`` in their own ``registry``, and spans exported over OTLP where configured.

    ``span_exporter`` takes the place of OTLP, for tests. Call ``close`` at shutdown: it
    sends the last spans.
    """

    def __init__(
        self, settings: ServiceSettings, *, span_exporter: SpanExporter | None = None
    ) -> None:
        self.registry = CollectorRegistry()
        self.metrics = Metrics.registered(self.registry)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.trace_ratio)),
            resource=Resource.create(
                {"service.name": settings.service, "service.namespace": "linkway"}
            ),
            shutdown_on_exit=False,
        )
        self.tracer = self._provider.get_tracer("linkway")
        if span_exporter is not None:
            self._provider.add_span_processor(SimpleSpanProcessor(span_exporter))
        elif settings.otlp_endpoint:
            # Imported here: most installations export nothing, and it brings protobuf along.
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter(settings.otlp_endpoint, timeout=_EXPORT_SECONDS)
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._exports = span_exporter is not None or settings.otlp_endpoint is not None
        self._starts_traces = settings.trace_ratio > 0

    def start_span(
        self, name: str, kind: SpanKind, parent: str | None, attributes: Attributes
    ) -> Span | None:
        """A span under the accepted traceparent ``parent``, or None if it is not recorded.

        A consumer's span is also linked to its parent, as the messaging conventions ask.
        The caller ends it.
        """
        if not self._records(parent):
            return None
        linked = parent is not None and kind is SpanKind.CONSUMER
        return self.tracer.start_span(
            name,
            context=parent_context(parent),
            kind=kind,
            attributes=attributes,
            links=(Link(span_context_of(parent)),) if linked and parent else (),
        )

    def _records(self, parent: str | None) -> bool:
        """Whether a span under this accepted traceparent goes anywhere."""
        return self._exports and (is_sampled(parent) if parent else self._starts_traces)

    def _span(
        self,
        name: str,
        kind: SpanKind,
        traceparent: str | None,
        attributes: Callable[[], Attributes],
    ) -> AbstractContextManager[str]:
        """Record the block; gives the traceparent to hand on to whatever follows from it.

        Where nothing is recorded, as of most, that is the traceparent given, or a new one.
        """
        parent = accepted_traceparent(traceparent)
        if not self._records(parent):
            return nullcontext(parent or new_traceparent())
        return self._recorded(name, kind, parent, attributes())

    @contextmanager
    def _recorded(
        self, name: str, kind: SpanKind, parent: str | None, attributes: Attributes
    ) -> Iterator[str]:
        """Of an error only its class is kept: a message may quote what somebody sent."""
        span = self.start_span(name, kind, parent, attributes)
        if span is None:  # the sampler has the last word
            yield parent or new_traceparent()
            return
        try:
            yield traceparent_of(span.get_span_context())
        except BaseException as error:
            span.set_status(StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__qualname__)
            raise
        finally:
            span.end()

    def send_span(
        self, topic: str, *, event_id: str, key: str, traceparent: str | None
    ) -> AbstractContextManager[str]:
        """Producing one event; gives the traceparent for the Kafka record's headers."""
        return self._span(
            f"send {topic}",
            SpanKind.PRODUCER,
            traceparent,
            lambda: {
                **_messaging("send", topic, event_id, key),
                "messaging.operation.type": "send",
            },
        )

    def process_span(
        self,
        topic: str,
        *,
        event_id: str,
        key: str,
        group: str,
        partition: int,
        offset: int,
        traceparent: str | None,
    ) -> AbstractContextManager[str]:
        """Applying one event; gives the traceparent of whatever it causes."""
        return self._span(
            f"process {topic}",
            SpanKind.CONSUMER,
            traceparent,
            lambda: {
                **_messaging("process", topic, event_id, key),
                "messaging.operation.type": "process",
                "messaging.consumer.group.name": group,
                "messaging.destination.partition.id": str(partition),
                "messaging.kafka.offset": offset,
            },
        )

    def close(self) -> None:
        """Send what is waiting and stop; blocks for two seconds if the collector is away."""
        self._provider.shutdown()


def _messaging(operation: str, topic: str, event_id: str, key: str) -> dict[str, str | int]:
    """Attributes of OpenTelemetry's messaging conventions (1.44, in development)."""
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.destination.name": topic,
        "messaging.message.id": event_id,
        "messaging.message.conversation_id": key,
        "messaging.kafka.message.key": key,
    }
