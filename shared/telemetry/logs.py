"""Logs: one JSON object a line on standard output, also for the libraries' own messages."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import structlog
from pydantic_core import to_json

from shared.settings import ServiceSettings
from shared.telemetry.context import WORK

_QUIET = ("aiokafka", "faststream", "httpcore", "httpx", "motor", "opentelemetry", "pymongo")
"""Libraries that at INFO write a line a message or a request; only their warnings are kept."""
_AGAIN_SECONDS = 10.0
"""How long a library's message is not repeated: while Kafka is away aiokafka tells of each of
its attempts to reach it, some sixty a second in each service."""
_MESSAGES_KNOWN = 1_000
"""A library that puts its numbers into the message itself must not fill the memory."""

_process = {"service": "", "with_messages": False}


def configure_logging(settings: ServiceSettings) -> None:
    """Send structlog and the standard library's logging through one renderer.

    Holds for the whole process; calling it again replaces the earlier configuration.
    """
    _process.update(service=settings.service, with_messages=not settings.is_production)
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=_PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Stdout,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not isinstance(h, _Handler)] + [_Handler()]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # The middleware writes the access line: with route templates, without query strings.
    logging.getLogger("uvicorn.access").propagate = False


def _render(_logger: object, level: str, fields: MutableMapping[str, Any]) -> str:
    line: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "event": fields.pop("event", ""),
        "service": _process["service"],
    }
    work = WORK.get()
    if work is not None:
        if work.request_id:
            line["request_id"] = work.request_id
        if work.event_id:
            line["event_id"] = work.event_id
        line["trace_id"] = work.trace_id
    error = fields.pop("exc_info", None)
    line.update(fields)
    if error:
        line["exception"] = "".join(_frames(_exception(error)))
    return to_json(line, fallback=str, inf_nan_mode="strings").decode()


_PROCESSORS: list[structlog.typing.Processor] = [_render]


class _Stdout:
    """Writes to whatever ``sys.stdout`` is at that moment."""

    def __init__(self, *_names: object) -> None:
        pass

    def msg(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    debug = info = warning = error = critical = exception = msg


class _Handler(logging.Handler):
    """Renders a standard library log record as the services' own lines are rendered."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(_Sparing())

    def emit(self, record: logging.LogRecord) -> None:
        event = record.getMessage()
        if record.name == "asyncio" and not _process["with_messages"]:
            event = event.partition("\n")[0]  # what follows shows the error, words and all
        fields: dict[str, Any] = {"event": event, "logger": record.name}
        if unsaid := getattr(record, "unsaid", 0):
            fields["unsaid"] = unsaid
        if record.exc_info and record.exc_info[1]:
            fields["exc_info"] = record.exc_info[1]
        _Stdout().msg(_render(None, record.levelname.lower(), fields))


class _Sparing(logging.Filter):
    """Lets a library say the same but once in a while; ``unsaid`` is how often it wanted to.

    The same is one message of the library's code, whatever is put into it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in _QUIET:
            return True
        message = (record.name, str(record.msg))
        at, unsaid = self._said.get(message, (float("-inf"), 0))
        now = monotonic()
        if len(self._said) > _MESSAGES_KNOWN:
            self._said.clear()
        if now - at < _AGAIN_SECONDS:
            self._said[message] = (at, unsaid + 1)
            return False
        self._said[message] = (now, 0)
        record.unsaid = unsaid
        return True


def _exception(given: object) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exception()


def _frames(error: BaseException | None) -> Iterator[str]:
    """The traceback, oldest cause first.

    In production without the messages: a driver's or a validator's message may quote a
    person's data (a duplicate key, a rejected value).
    """
    if error is None:
        return
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _frames(cause)
        yield "then\n"
    yield from traceback.format_tb(error.__traceback__)
    yield type(error).__qualname__
    yield f": {error}\n" if _process["with_messages"] else "\n"
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _frames(part)
