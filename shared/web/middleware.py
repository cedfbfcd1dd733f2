"""What is done for every request, in one pure ASGI layer because every request pays for it."""

from __future__ import annotations

import asyncio
import re
from time import perf_counter

import structlog
from opentelemetry.trace import Span, SpanKind, StatusCode
from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.audit import DEFAULT_PURPOSE, PURPOSES, Trail
from shared.audit.journal import Journal
from shared.audit.trail import TRAIL
from shared.errors import FieldError, Invalid, LinkwayError, Unavailable
from shared.ids import new_id
from shared.telemetry import Telemetry, Work, accepted_traceparent, new_traceparent
from shared.telemetry.context import WORK
from shared.telemetry.tracing import traceparent_of
from shared.web.deadline import DEADLINE, Deadline
from shared.web.gate import RATE, rate_headers
from shared.web.problems import internal_error, problem, timed_out, too_large, too_slow
from shared.web.security import Header, completed, security_headers

_WANTED = frozenset({b"content-length", b"purpose-of-use", b"traceparent", b"x-request-id"})
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
    ``max_seconds`` is for the request to arrive and its answer to begin; one that has begun
    may take its time. What was read about persons is in ``journal`` before any of it is sent.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        telemetry: Telemetry,
        max_body_bytes: int,
        max_seconds: float,
        production: bool,
        journal: Journal | None = None,
    ) -> None:
        self._app = app
        self._telemetry = telemetry
        self._most = max_body_bytes
        self._seconds = max_seconds
        self._headers = security_headers(production=production)
        self._journal = journal
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
        purpose = given.get(b"purpose-of-use", b"").decode("latin-1") or DEFAULT_PURPOSE
        trail = None
        if self._journal is not None:
            trail = Trail(self._journal, work.request_id or "", purpose)
        followed = TRAIL.set(trail)
        deadline = Deadline(self._seconds)
        timed = DEADLINE.set(deadline)
        answer = _Answer(send, work, self._headers, trail, scope)
        body = _Bounded(receive, self._most)
        try:
            refused = self._refused(given, purpose)
            if refused is not None:
                await problem(refused)(scope, receive, answer)
            else:
                async with answer.within(deadline):
                    await self._app(scope, body, answer)
        except ClientDisconnect:
            pass  # nobody is left to answer; recorded below as such
        except Exception as error:
            answer.end_deadline()
            if isinstance(error, TimeoutError) and deadline.timeout.expired():
                self._log.warning("request-given-up", route=_route(scope), arriving=body.arriving)
                late = too_slow if body.arriving else _given_up
                await late(deadline.seconds)(scope, receive, answer)
                return
            self._log.error("request-failed", route=_route(scope), exc_info=error)
            if answer.status:
                raise  # half an answer is out: the server must break the connection
            await internal_error()(scope, receive, answer)
        finally:
            self._record(scope, answer.status or _CLIENT_LEFT, perf_counter() - started, span)
            DEADLINE.reset(timed)
            TRAIL.reset(followed)
            WORK.reset(token)

    def _refused(self, given: dict[bytes, bytes], purpose: str) -> LinkwayError | None:
        """What is wrong with a request whatever it asks for."""
        if _declared_length(given) > self._most:
            return too_large(self._most)
        if purpose not in PURPOSES:
            reason = f"must be one of {', '.join(PURPOSES)}"
            error = FieldError("/headers/purpose-of-use", reason)
            return Invalid(f"Purpose-Of-Use {reason}.", errors=(error,))
        return None

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

    __slots__ = ("_left", "_most", "_receive", "arriving")

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = self._left = most
        self.arriving = False
        """Whether a part of it is being waited for."""

    async def __call__(self) -> Message:
        """The next part; raises Starlette's 413, which FastAPI lets through unchanged."""
        self.arriving = True
        message = await self._receive()
        self.arriving = False
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, too_large(self._most).detail)
        return message


class _Answer:
    """Sends the answer with the headers every answer has; ``status`` is 0 until it begins.

    No part of it leaves before it is written down what was read for it. Where that cannot be
    done, an answer that has not begun is refused, and one that has is broken off.
    """

    __slots__ = (
        "_deadline",
        "_headers",
        "_refused",
        "_scope",
        "_send",
        "_trail",
        "_work",
        "status",
    )

    def __init__(
        self,
        send: Send,
        work: Work,
        headers: tuple[Header, ...],
        trail: Trail | None,
        scope: Scope,
    ) -> None:
        self._send = send
        self._work = work
        self._headers = headers
        self._trail = trail
        self._scope = scope
        self._refused = False
        self._deadline: Deadline | None = None
        self.status = 0

    def within(self, deadline: Deadline) -> asyncio.Timeout:
        """What to work in; the deadline counts no more once the answer begins."""
        self._deadline = deadline
        return deadline.timeout

    def end_deadline(self) -> None:
        """It is over, and cannot be changed any more."""
        self._deadline = None

    async def __call__(self, message: Message) -> None:
        """Pass one message on."""
        if self._refused:
            return
        if self._trail is not None and self._trail.pending:
            try:
                await self._audit(self._trail, message)
            except Unavailable:
                if self.status:
                    raise
                self._refused = True
                for each in _parts(problem(_UNAUDITED)):
                    await self._pass(each)
                return
        await self._pass(message)

    async def _audit(self, trail: Trail, message: Message) -> None:
        status = self.status or message.get("status", _OURS)
        await trail.close(status, f"{self._scope['method']} {_route(self._scope)}")

    async def _pass(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._deadline is not None:
                self._deadline.end()
            headers = completed(message["headers"], self._headers)
            headers.append((b"x-request-id", (self._work.request_id or "").encode()))
            if (level := self._scope.get(RATE)) is not None:
                headers += rate_headers(level)
            message["headers"] = headers
        await self._send(message)


def _given_up(seconds: float) -> Response:
    return problem(timed_out(seconds))


_UNAUDITED = Unavailable(
    "The audit cannot be written just now, so nothing is shown. Send the same request again."
)


def _parts(response: Response) -> tuple[Message, Message]:
    """A response as the messages that send it."""
    start = {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": response.raw_headers,
    }
    return start, {"type": "http.response.body", "body": response.body}


def _declared_length(given: dict[bytes, bytes]) -> int:
    length = given.get(b"content-length", b"")
    return int(length) if _LENGTH.fullmatch(length) else 0


def _route(scope: Scope) -> str:
    """The template of the route that took the request, such as ``/referrals/{id}``."""
    return getattr(scope.get("route"), "path", "unmatched")
