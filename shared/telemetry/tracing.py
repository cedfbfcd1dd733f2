"""Trace ids as they travel: the ``traceparent`` of W3C Trace Context, level 1.

A trace keeps one id from the HTTP request through outbox and Kafka to every consumer,
recorded or not. Spans are only made for traces that are recorded.
"""

from __future__ import annotations

import re
import secrets

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)

_TRACEPARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})"
    r"-(?!0{16})(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<rest>-.*)?"
)
_SAMPLED = 1


def new_traceparent() -> str:
    """The start of a trace that is not recorded."""
    digits = secrets.token_hex(24)
    return f"00-{digits[:32]}-{digits[32:]}-00"


def accepted_traceparent(value: str | None) -> str | None:
    """``value`` in version 00 if it is a valid traceparent, else None.

    A later version is read as the specification demands: by its first four fields.
    """
    found = _TRACEPARENT.fullmatch(value) if value else None
    if found is None or (found["version"] == "00" and found["rest"]):
        return None
    sampled = int(found["flags"], 16) & _SAMPLED
    return f"00-{found['trace']}-{found['span']}-0{sampled}"


def child_traceparent(traceparent: str | None) -> str:
    """A new span id in the same trace, or a new trace when there is none."""
    known = accepted_traceparent(traceparent)
    if known is None:
        return new_traceparent()
    return f"{known[:36]}{secrets.token_hex(8)}{known[52:]}"


def is_sampled(traceparent: str) -> bool:
    """Whether the trace is being recorded, by an accepted traceparent."""
    return traceparent.endswith("1")


def traceparent_of(span: SpanContext) -> str:
    """The traceparent that names this span as the parent."""
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-0{span.trace_flags & _SAMPLED}"


def span_context_of(traceparent: str) -> SpanContext:
    """The span an accepted traceparent names, in another process."""
    return SpanContext(
        trace_id=int(traceparent[3:35], 16),
        span_id=int(traceparent[36:52], 16),
        is_remote=True,
        trace_flags=TraceFlags(_SAMPLED if is_sampled(traceparent) else 0),
    )


def parent_context(traceparent: str | None) -> Context:
    """The OpenTelemetry context in which a span is made: under that parent, or a root."""
    if traceparent is None:
        return Context()
    return set_span_in_context(NonRecordingSpan(span_context_of(traceparent)), Context())
