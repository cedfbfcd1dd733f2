"""The request or event in hand, so that every log line written meanwhile can name it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """One HTTP request (``request_id``) or one event (``event_id``), and its trace."""

    traceparent: str
    request_id: str | None = None
    event_id: str | None = None

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits, the same in every service the work passes through."""
        return self.traceparent[3:35]


WORK: ContextVar[Work | None] = ContextVar("linkway_work", default=None)


def current_request() -> Work | None:
    """What this task is working on; None outside requests and events."""
    return WORK.get()


@contextmanager
def working_on(work: Work) -> Iterator[None]:
    """Name ``work`` in every log line written inside the block."""
    token = WORK.set(work)
    try:
        yield
    finally:
        WORK.reset(token)
