import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import structlog
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import generate_latest

from shared.settings import ServiceSettings
from shared.telemetry import (
    Telemetry,
    Work,
    accepted_traceparent,
    child_traceparent,
    configure_logging,
    current_request,
    new_traceparent,
    working_on,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{SPAN}-01"
UNSAMPLED = f"00-{TRACE}-{SPAN}-00"


def made(**more: object) -> ServiceSettings:
    given = {
        "service": "garden",
        "mongo_uri": "mongodb://unused/?tls=true",
        "kafka_bootstrap": "unused",
        "kafka_security_protocol": "SSL",
    }
    return ServiceSettings.model_validate({**given, "jwks": "unused", "issuer": "unused", **more})


@pytest.fixture
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("sent", "accepted"),
    [
        (SAMPLED, SAMPLED),
        (UNSAMPLED, UNSAMPLED),
        (f"00-{TRACE}-{SPAN}-ff", SAMPLED),
        (f"00-{TRACE}-{SPAN}-fe", UNSAMPLED),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", SAMPLED),
        (f"cc-{TRACE}-{SPAN}-01", SAMPLED),
        (f"00-{TRACE}-{SPAN}-01-extra", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}", None),
        (f" {SAMPLED}", None),
        (f"{SAMPLED}\n", None),
        ("", None),
        (None, None),
    ],
)
def test_a_traceparent_is_read_as_the_w3c_says(sent: str | None, accepted: str | None) -> None:
    assert accepted_traceparent(sent) == accepted


def test_a_new_trace_is_valid_and_not_recorded() -> None:
    first, second = new_traceparent(), new_traceparent()
    assert accepted_traceparent(first) == first
    assert first.endswith("-00")
    assert first != second


def test_a_child_stays_in_the_trace_under_another_span() -> None:
    child = child_traceparent(SAMPLED)
    assert child[:36] == SAMPLED[:36]
    assert child[36:52] != SPAN
    assert child.endswith("-01")
    assert accepted_traceparent(child_traceparent("nonsense"))


def test_one_trace_id_spans_producer_and_consumer_even_when_nothing_is_recorded() -> None:
    exporter = InMemorySpanExporter()
    telemetry = Telemetry(made(), span_exporter=exporter)
    with telemetry.send_span("topic", event_id="e", key="c", traceparent=UNSAMPLED) as sent:
        pass
    with telemetry.process_span(
        "topic", event_id="e", key="c", group="g", partition=0, offset=1, traceparent=sent
    ) as processed:
        pass
    assert sent == processed == UNSAMPLED
    assert exporter.get_finished_spans() == ()


def test_a_recorded_trace_runs_from_producer_to_consumer() -> None:
    exporter = InMemorySpanExporter()
    telemetry = Telemetry(made(), span_exporter=exporter)
    with telemetry.send_span("topic", event_id="e-1", key="case-1", traceparent=SAMPLED) as sent:
        pass
    with telemetry.process_span(
        "topic", event_id="e-1", key="case-1", group="g", partition=3, offset=17, traceparent=sent
    ):
        pass
    send, process = exporter.get_finished_spans()

    assert (send.name, send.kind) == ("send topic", SpanKind.PRODUCER)
    assert send.parent is not None
    assert f"{send.parent.span_id:016x}" == SPAN
    assert sent == f"00-{TRACE}-{send.context.span_id:016x}-01"
    assert dict(send.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "topic",
        "messaging.message.id": "e-1",
        "messaging.message.conversation_id": "case-1",
        "messaging.kafka.message.key": "case-1",
    }

    assert (process.name, process.kind) == ("process topic", SpanKind.CONSUMER)
    assert f"{process.context.trace_id:032x}" == TRACE
    assert process.parent is not None
    assert process.parent.span_id == send.context.span_id
    assert [link.context.span_id for link in process.links] == [send.context.span_id]
    attributes = dict(process.attributes or {})
    assert attributes["messaging.operation.type"] == "process"
    assert attributes["messaging.consumer.group.name"] == "g"
    assert attributes["messaging.destination.partition.id"] == "3"
    assert attributes["messaging.kafka.offset"] == 17
    assert process.resource.attributes["service.name"] == "garden"


def test_a_failed_span_keeps_the_class_of_the_error_and_not_its_words() -> None:
    exporter = InMemorySpanExporter()
    telemetry = Telemetry(made(), span_exporter=exporter)
    with (
        pytest.raises(ValueError, match="quoted"),
        telemetry.send_span("topic", event_id="e", key="c", traceparent=SAMPLED),
    ):
        raise ValueError("quoted")
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert "quoted" not in span.to_json()


@pytest.mark.parametrize(("ratio", "recorded"), [(0.0, 0), (1.0, 1)])
def test_the_ratio_decides_for_new_traces(ratio: float, recorded: int) -> None:
    exporter = InMemorySpanExporter()
    telemetry = Telemetry(made(trace_ratio=ratio), span_exporter=exporter)
    with telemetry.send_span("topic", event_id="e", key="c", traceparent=None) as sent:
        pass
    assert len(exporter.get_finished_spans()) == recorded
    assert sent.endswith(f"-0{recorded}")


def test_the_ratio_does_not_overrule_a_trace_already_under_way() -> None:
    exporter = InMemorySpanExporter()
    telemetry = Telemetry(made(trace_ratio=1.0), span_exporter=exporter)
    with telemetry.send_span("topic", event_id="e", key="c", traceparent=UNSAMPLED):
        pass
    assert exporter.get_finished_spans() == ()


def test_spans_reach_a_collector_over_http() -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/v1/traces"
        telemetry = Telemetry(made(otlp_endpoint=url))
        with telemetry.send_span("topic", event_id="e", key="c", traceparent=SAMPLED):
            pass
        telemetry.close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    ((path, body),) = received
    assert path == "/v1/traces"
    assert bytes.fromhex(TRACE) in body
    assert b"send topic" in body


def test_two_applications_in_one_process_count_apart() -> None:
    one, two = Telemetry(made()), Telemetry(made())
    one.metrics.events_published_total.labels("bed-dug").inc()
    assert 'events_published_total{type="bed-dug"} 1.0' in generate_latest(one.registry).decode()
    assert "bed-dug" not in generate_latest(two.registry).decode()


def test_the_figures_operators_ask_for_are_there_from_the_start() -> None:
    shown = generate_latest(Telemetry(made()).registry).decode()
    for name in (
        "http_requests_total",
        "http_request_duration_seconds",
        "events_published_total",
        "events_consumed_total",
        "outbox_pending",
        "outbox_oldest_unsent_seconds",
        "dead_letters_total",
        "duplicate_effects_suppressed_total",
        "process_resident_memory_bytes",
    ):
        assert f"# TYPE {name} " in shown


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.usefixtures("logging_restored")
def test_a_log_line_is_one_json_object_that_names_service_work_and_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(made())
    with working_on(Work(SAMPLED, event_id="e-1")):
        structlog.get_logger().info("bed dug\nand raked", size=3)
    (line,) = _lines(capsys)
    assert str(line.pop("time")).endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "bed dug\nand raked",
        "service": "garden",
        "event_id": "e-1",
        "trace_id": TRACE,
        "size": 3,
    }
    assert current_request() is None


@pytest.mark.usefixtures("logging_restored")
def test_libraries_log_in_the_same_form_and_only_what_matters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(made())
    logging.getLogger("aiokafka.consumer").info("fetched %d", 3)
    logging.getLogger("aiokafka.consumer").warning("broker %s is away", "b-1")
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("uvicorn.access").info("GET /referrals?name=somebody")
    structlog.get_logger().debug("too small")
    lines = _lines(capsys)
    assert [(line["level"], line["event"], line["logger"]) for line in lines] == [
        ("warning", "broker b-1 is away", "aiokafka.consumer"),
        ("info", "started", "uvicorn.error"),
    ]


@pytest.mark.usefixtures("logging_restored")
def test_a_library_says_the_same_once_in_ten_seconds_and_then_how_often_it_did_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_logging(made())
    library = logging.getLogger("aiokafka.conn")
    for at, node in ((100.0, "b-1"), (100.1, "b-2"), (109.9, "b-1"), (110.0, "b-3")):
        monkeypatch.setattr("shared.telemetry.logs.monotonic", lambda at=at: at)
        library.error("no connection to %s", node)
        if node == "b-2":
            library.warning("coordinator dead: %s", node)
        logging.getLogger("uvicorn.error").warning("ours: %s", node)
    told = [(line["event"], line.get("unsaid")) for line in _lines(capsys)]
    assert told == [
        ("no connection to b-1", None),
        ("ours: b-1", None),
        ("coordinator dead: b-2", None),
        ("ours: b-2", None),
        ("ours: b-1", None),
        ("no connection to b-3", 2),
        ("ours: b-3", None),
    ]


@pytest.mark.usefixtures("logging_restored")
def test_asyncios_report_of_a_lost_task_does_not_quote_its_error_in_production(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(made(env="production"))
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <quoted>")
    assert [line["event"] for line in _lines(capsys)] == ["Task exception was never retrieved"]


@pytest.mark.usefixtures("logging_restored")
def test_configuring_twice_does_not_write_twice(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(made())
    configure_logging(made(service="orchard", log_level="WARNING"))
    logging.getLogger("anything").warning("once")
    structlog.get_logger().info("not at all")
    assert [(line["event"], line["service"]) for line in _lines(capsys)] == [("once", "orchard")]


def _fail(number: str, postcode: str) -> None:
    try:
        dict[str, str]()[number]
    except KeyError as error:
        raise ExceptionGroup("several", [ValueError(postcode)]) from error


@pytest.mark.parametrize(("env", "quoted"), [("development", 2), ("production", 0)])
@pytest.mark.usefixtures("logging_restored")
def test_a_traceback_shows_where_and_in_production_never_what(
    capsys: pytest.CaptureFixture[str], env: str, quoted: int
) -> None:
    configure_logging(made(env=env))
    number, postcode = "999" + "0" * 7, "ZZ1" + " 1AA"
    try:
        _fail(number, postcode)
    except ExceptionGroup as error:
        structlog.get_logger().error("failed", exc_info=error)
        logging.getLogger("library").exception("failed too")
    lines = _lines(capsys)
    assert [line["event"] for line in lines] == ["failed", "failed too"]
    for line in lines:
        shown = str(line["exception"])
        assert shown.index("KeyError") < shown.index("ExceptionGroup") < shown.index("ValueError")
        assert "in _fail" in shown
        assert shown.count(number) + shown.count(postcode) == quoted
