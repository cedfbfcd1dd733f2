"""What is done for every request, in one pure ASGI layer because every request pays for it."""

from __future__ import annotations

import re
from time import perf_counter

import structlog
from opentelemetry.trace import Span, SpanKind, StatusCode
from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.ids import new_id
from shared.telemetry import Telemetry, Work, accepted_traceparent, new_traceparent
from shared.telemetry.context import WORK
from shared.telemetry.tracing import traceparent_of
from shared.web.problems import internal_error, problem, too_large

_WANTED = frozenset({b"content-length", b"traceparent", b"x-request-id"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_PROBES = frozenset({"/live", "/ready", "/metrics"})
"""Asked every few seconds by machines: their access lines are for debugging only."""
_CLIENT_LEFT = 499
"""Logged, as web servers commonly do, where nobody waited for the answer."""
_OURS = 500


class Requests:
    """Names, bounds, times, counts and logs each request, and answers when the app fails.

    Log lines, metrics and spans hold the route's template, never path, query or body.
    """

    def __init__(self, app: ASGIApp, *, telemetry: Telemetry, max_body_bytes: int) -> None:
        self._app = app
        self._telemetry = telemetry
        self._most = max_body_bytes
        self._meters: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._log = structlog.get_logger("web").bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of scope pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        given = {name: value for name, value in scope["headers"] if name in _WANTED}
        work, span = self._begin(given)
        token = WORK.set(work)
        answer = _Answer(send, work)
        try:
            if _declared_length(given) > self._most:
                await problem(too_large(self._most))(scope, receive, answer)
            else:
                await self._app(scope, _Bounded(receive, self._most), answer)
        except ClientDisconnect:
            pass  # nobody is left to answer; recorded below as such
        except Exception as error:
            self._log.error("request-failed", route=_route(scope), exc_info=error)
            if answer.status:
                raise  # half an answer is out: the server must break the connection
            await internal_error()(scope, receive, answer)
        finally:
            self._record(scope, answer.status or _CLIENT_LEFT, perf_counter() - started, span)
            WORK.reset(token)

    def _begin(self, given: dict[bytes, bytes]) -> tuple[Work, Span | None]:
        parent = None
        if b"traceparent" in given:
            parent = accepted_traceparent(given[b"traceparent"].decode("latin-1"))
        span = self._telemetry.start_span("HTTP", SpanKind.SERVER, parent, {})
        if span is None:
            traceparent = parent or new_traceparent()
        else:
            traceparent = traceparent_of(span.get_span_context())
        request_id = given.get(b"x-request-id", b"")
        sane = _REQUEST_ID.fullmatch(request_id)
        return Work(traceparent, request_id.decode() if sane else new_id()), span

    def _record(self, scope: Scope, status: int, seconds: float, span: Span | None) -> None:
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        key = (method, route, status)
        meters = self._meters.get(key)
        if meters is None:
            metrics = self._telemetry.metrics
            labels = (method, route, str(status))
            meters = self._meters[key] = (
                metrics.http_requests.labels(*labels),
                metrics.http_request_duration_seconds.labels(*labels),
            )
        meters[0].inc()
        meters[1].observe(seconds)
        write = self._log.debug if route in _PROBES else self._log.info
        write("request", method=method, route=route, status=status, ms=round(seconds * 1000, 2))
        if span is not None:
            span.update_name(f"{method} {route}")
            span.set_attributes(
                {
                    "http.request.method": method,
                    "http.route": route,
                    "http.response.status_code": status,
                }
            )
            if status >= _OURS:
                span.set_status(StatusCode.ERROR)
            span.end()


class _Bounded:
    """Receives the request's body up to a limit, however it is sent."""

    __slots__ = ("_left", "_most", "_receive")

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = self._left = most

    async def __call__(self) -> Message:
        """The next part; raises Starlette's 413, which FastAPI lets through unchanged."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, too_large(self._most).detail)
        return message


class _Answer:
    """Sends the answer with the headers every answer has; ``status`` is 0 until it begins."""

    __slots__ = ("_send", "_work", "status")

    def __init__(self, send: Send, work: Work) -> None:
        self._send = send
        self._work = work
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"]
            ours = [
                (b"x-request-id", (self._work.request_id or "").encode()),
                (b"x-content-type-options", b"nosniff"),
            ]
            if not any(name == b"cache-control" for name, _ in headers):
                ours.append((b"cache-control", b"no-store"))
            message["headers"] = [*headers, *ours]
        await self._send(message)


def _declared_length(given: dict[bytes, bytes]) -> int:
    length = given.get(b"content-length", b"")
    return int(length) if _LENGTH.fullmatch(length) else 0


def _route(scope: Scope) -> str:
    """The template of the route that took the request, such as ``/referrals/{id}``."""
    return getattr(scope.get("route"), "path", "unmatched")
