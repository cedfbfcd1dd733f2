import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter
from fastapi.responses import JSONResponse, StreamingResponse
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from pydantic import BaseModel

from shared.settings import ServiceSettings
from shared.telemetry import Telemetry, current_request
from shared.testing import serving
from shared.web import JsonBody, health_router
from tests.shared.web.garden import garden, problem_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-00"


class Bed(BaseModel):
    name: str


router = APIRouter()


@router.get("/work")
async def work() -> dict[str, str | None]:
    at_hand = current_request()
    assert at_hand is not None
    return {"request_id": at_hand.request_id, "traceparent": at_hand.traceparent}


@router.post("/beds/{bed_id}")
async def dig(bed_id: int, bed: Annotated[Bed, JsonBody(Bed)]) -> str:
    return f"{bed_id} {bed.name}"


@router.post("/plain-beds")
async def dig_plainly(bed: Bed) -> str:
    return bed.name


@router.post("/broken/{bed_id}")
async def broken(bed_id: int, bed: Annotated[Bed, JsonBody(Bed)]) -> str:
    del bed
    return str(1 // (bed_id - bed_id))


@router.get("/cached")
async def cached() -> JSONResponse:
    return JSONResponse({}, headers={"Cache-Control": "max-age=60"})


@router.get("/half")
async def half() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError

    return StreamingResponse(parts())


@pytest.fixture
def telemetry(settings: ServiceSettings) -> Telemetry:
    return Telemetry(settings)


@pytest.fixture
async def client(
    settings: ServiceSettings, telemetry: Telemetry
) -> AsyncIterator[httpx.AsyncClient]:
    app = garden(settings, router, health_router([]), telemetry=telemetry)
    async with serving(app) as client:
        yield client


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


async def test_a_request_keeps_the_id_it_came_with(client: httpx.AsyncClient) -> None:
    answer = await client.get("/work", headers={"X-Request-Id": "portal-0001.a_b"})
    assert answer.headers["x-request-id"] == "portal-0001.a_b"
    assert answer.json()["request_id"] == "portal-0001.a_b"
    assert current_request() is None


@pytest.mark.parametrize("given", [None, "", "short", "x" * 65, "two words", "<script>alert"])
async def test_a_request_without_a_usable_id_is_given_one(
    client: httpx.AsyncClient, given: str | None
) -> None:
    answer = await client.get("/work", headers={} if given is None else {"X-Request-Id": given})
    made = answer.headers["x-request-id"]
    assert len(made) == 36
    assert answer.json()["request_id"] == made


async def test_a_request_keeps_its_trace_and_starts_one_if_it_has_none(
    client: httpx.AsyncClient,
) -> None:
    kept = await client.get("/work", headers={"traceparent": TRACEPARENT})
    assert kept.json()["traceparent"] == TRACEPARENT
    for headers in ({}, {"traceparent": "nonsense"}):
        made = (await client.get("/work", headers=headers)).json()["traceparent"]
        assert len(made) == 55
        assert TRACE not in made


async def test_every_answer_forbids_sniffing_and_keeping(client: httpx.AsyncClient) -> None:
    for answer in (await client.get("/work"), await client.get("/nowhere")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert (await client.get("/cached")).headers.get_list("cache-control") == ["max-age=60"]


@pytest.mark.parametrize("path", ["/beds/1", "/plain-beds"])
async def test_a_body_at_the_bound_is_taken_and_one_byte_more_is_not(
    client: httpx.AsyncClient, path: str
) -> None:
    async def streamed(body: bytes) -> AsyncIterator[bytes]:
        yield body[:10]
        yield body[10:]

    headers = {"content-type": "application/json"}
    fits = json.dumps({"name": "n" * 988}).encode()
    assert len(fits) == 1_000
    for content in (fits, streamed(fits)):
        assert (await client.post(path, content=content, headers=headers)).status_code == 200
    for content in (fits + b" ", streamed(fits + b" ")):
        answer = await client.post(path, content=content, headers=headers)
        assert answer.status_code == 413
        assert problem_of(answer)["type"].endswith("/too-large")
        assert "1000 bytes" in answer.json()["detail"]


async def test_a_length_that_is_no_number_does_not_lift_the_bound(
    client: httpx.AsyncClient,
) -> None:
    for length in ("many", "9" * 30, "-1"):
        answer = await client.post(
            "/beds/1", content=b"x" * 2_000, headers={"content-length": length}
        )
        assert answer.status_code == 413


async def test_each_request_leaves_one_line_with_the_template_and_nothing_that_was_sent(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.post(
        "/beds/99012?name=query-name",
        json={"name": "body-name"},
        headers={"X-Request-Id": "portal-0001", "traceparent": TRACEPARENT},
    )
    (line,) = lines(capsys)
    assert 0 < line.pop("ms") < 60_000
    assert line.pop("time")
    assert line == {
        "level": "info",
        "event": "request",
        "service": "garden",
        "request_id": "portal-0001",
        "trace_id": TRACE,
        "method": "POST",
        "route": "/beds/{bed_id}",
        "status": 200,
    }


async def test_probes_leave_no_line(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("/live", "/ready", "/metrics"):
        assert (await client.get(path)).status_code == 200
    assert lines(capsys) == []


async def test_our_fault_is_a_500_problem_and_a_traceback_without_the_body(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await client.post("/broken/99012", json={"name": "body-name"})
    assert answer.status_code == 500
    document = problem_of(answer)
    assert document["type"] == "https://linkway.example/problems/internal"
    assert "ZeroDivisionError" not in answer.text
    failed, line = lines(capsys)
    assert (failed["level"], failed["event"]) == ("error", "request-failed")
    assert failed["route"] == "/broken/{bed_id}"
    assert failed["request_id"] == line["request_id"] == answer.headers["x-request-id"]
    assert "in broken\n" in failed["exception"]
    assert "ZeroDivisionError" in failed["exception"]
    assert "body-name" not in json.dumps(failed)
    assert line["status"] == 500


async def test_a_failure_after_the_answer_began_breaks_it_off_instead_of_ending_it_well(
    settings: ServiceSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    transport = httpx.ASGITransport(garden(settings, router))
    async with httpx.AsyncClient(transport=transport, base_url="http://garden") as client:
        with pytest.raises(RuntimeError):
            await client.get("/half")
    assert [line["event"] for line in lines(capsys)] == ["request-failed", "request"]


async def test_requests_are_counted_and_timed_by_template(
    client: httpx.AsyncClient, telemetry: Telemetry
) -> None:
    for bed in (1, 2, 3):
        await client.post(f"/beds/{bed}", json={"name": "n"})
    await client.post("/beds/4", json={})
    await client.get("/no/such/thing")
    await client.request("BREW", "/no/such/thing")

    def count(name: str, method: str, route: str, status: str) -> float | None:
        labels = {"method": method, "route": route, "status": status}
        return telemetry.registry.get_sample_value(name, labels)

    assert count("http_requests_total", "POST", "/beds/{bed_id}", "200") == 3
    assert count("http_requests_total", "POST", "/beds/{bed_id}", "422") == 1
    assert count("http_requests_total", "GET", "unmatched", "404") == 1
    assert count("http_requests_total", "OTHER", "unmatched", "404") == 1
    seconds = "http_request_duration_seconds"
    assert count(f"{seconds}_count", "POST", "/beds/{bed_id}", "200") == 3
    assert 0 < (count(f"{seconds}_sum", "POST", "/beds/{bed_id}", "200") or 0) < 60


async def test_a_recorded_trace_has_a_span_for_the_request(settings: ServiceSettings) -> None:
    exporter = InMemorySpanExporter()
    telemetry = Telemetry(settings, span_exporter=exporter)
    async with serving(garden(settings, router, telemetry=telemetry)) as client:
        await client.get("/work", headers={"traceparent": TRACEPARENT})
        assert exporter.get_finished_spans() == ()
        sampled = TRACEPARENT[:-2] + "01"
        inside = await client.get("/work", headers={"traceparent": sampled})
        await client.post("/broken/1", json={"name": "n"}, headers={"traceparent": sampled})
    span, failed = exporter.get_finished_spans()
    assert (span.name, span.kind) == ("GET /work", SpanKind.SERVER)
    assert f"{span.context.trace_id:032x}" == TRACE
    assert inside.json()["traceparent"] == f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/work",
        "http.response.status_code": 200,
    }
    assert span.status.is_unset
    assert not failed.status.is_ok
    assert (failed.attributes or {})["http.response.status_code"] == 500
