"""Where the wire matters: a real uvicorn, and bytes as a careless or hostile client sends them."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from shared.settings import ServiceSettings
from shared.testing import eventually
from shared.web import JsonBody, wire
from tests.shared.web.garden import garden, listening, problem_of

END = b" HTTP/1.1\r\nHost: garden\r\nConnection: close\r\n\r\n"


class Bed(BaseModel):
    name: str


router = APIRouter()


@router.post("/beds")
async def dig(bed: Annotated[Bed, JsonBody(Bed)]) -> str:
    return bed.name


@pytest.fixture
async def port(settings: ServiceSettings) -> AsyncIterator[int]:
    async with listening(garden(settings, router)) as port:
        yield port


async def said(port: int, *parts: bytes) -> bytes:
    """What the server answers to these bytes, until it closes or has been silent for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    answer = await asyncio.wait_for(reader.read(65_536), 30)
    try:
        while part := await asyncio.wait_for(reader.read(65_536), 0.3):
            answer += part
    except TimeoutError:
        pass  # it keeps the connection open for the next request
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_streamed_body_is_refused_at_the_bound_and_not_at_its_end(port: int) -> None:
    answer = await said(
        port,
        b"POST /beds HTTP/1.1\r\nHost: garden\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"200\r\n" + b"x" * 512 + b"\r\n",
        b"200\r\n" + b"x" * 512 + b"\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"content-type: application/problem+json\r\n" in answer


async def test_a_client_that_sends_on_regardless_still_gets_its_answer(port: int) -> None:
    async def far_too_much() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 65_536

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.post("/beds", content=far_too_much())
    assert answer.status_code == 413
    assert problem_of(answer)["type"].endswith("/too-large")


async def test_a_declared_length_is_refused_before_any_of_the_body_is_sent(port: int) -> None:
    answer = await said(
        port,
        b"POST /beds HTTP/1.1\r\nHost: garden\r\nExpect: 100-continue\r\n"
        b"Content-Length: 1001\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"content-type: application/problem+json\r\n" in answer
    assert b"100 Continue" not in answer


async def test_a_connection_is_usable_after_a_refused_body(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(3):
            assert (await client.post("/beds", content=b"x" * 100_000)).status_code == 413
            answer = await client.post("/beds", json={"name": "north"})
            assert (answer.status_code, answer.json()) == (200, "north")


TWO_LENGTHS = (
    b"POST /beds HTTP/1.1\r\nHost: garden\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"NONSENSE\r\n\r\n",
        b"POST /beds HTTP/1.1\r\nHost: garden\r\nContent-Length: many\r\n\r\n",
        TWO_LENGTHS,
        b"POST /beds HTTP/1.1\r\nHost: garden\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: garden\r\nno colon here\r\n\r\n",
    ],
    ids=["no HTTP", "length no number", "two lengths", "bad chunk", "bad header"],
)
async def test_malformed_http_is_refused_and_the_next_client_is_served(
    port: int, request_bytes: bytes
) -> None:
    assert (await said(port, request_bytes)).startswith(b"HTTP/1.1 400 ")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.post("/beds", json={"name": "north"})).status_code == 200


@pytest.mark.parametrize(
    "path",
    [b"/%ff%00", b"/beds/../beds/..", b"//", b"/" + b"n" * 5_000, b"/beds%0d%0aX:y", b"/beds/"],
)
async def test_a_strange_path_is_just_not_found(port: int, path: bytes) -> None:
    answer = await said(port, b"GET " + path + END)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"application/problem+json" in answer


async def test_bytes_outside_ascii_in_headers_do_no_harm(port: int) -> None:
    answer = await said(
        port,
        b"POST /beds HTTP/1.1\r\nHost: garden\r\nX-Request-Id: \xff\xfe\xff\xfe\xff\xfe\xff\xfe\r\n"
        b"traceparent: \xe9\r\nContent-Length: 16\r\nConnection: close\r\n\r\n"
        b'{"name":"north"}',
    )
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\xff" not in answer


async def test_a_client_that_leaves_in_the_middle_is_no_error_of_ours(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /beds HTTP/1.1\r\nHost: garden\r\nContent-Length: 500\r\n\r\nhalf")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    seen: list[dict[str, Any]] = []

    def logged() -> list[dict[str, Any]]:
        lines = map(json.loads, capsys.readouterr().out.splitlines())
        seen.extend(line for line in lines if line["event"] in {"request", "request-failed"})
        return seen

    await eventually(logged)
    assert [(line["event"], line["status"]) for line in seen] == [("request", 499)]


POST = b"POST /beds HTTP/1.1\r\nHost: garden\r\n"
BODY = b'Content-Length: 16\r\n\r\n{"name":"north"}'
ROOM = 32 * 1024 - len(b"/beds") - len(b"HostgardenContent-Length16") - 3 * 4 - len(b"X-Long")


async def test_a_head_at_the_bound_is_taken_and_one_byte_more_is_not(port: int) -> None:
    fits = POST + b"X-Long: " + b"x" * ROOM + b"\r\n" + BODY
    assert (await said(port, fits)).startswith(b"HTTP/1.1 200 ")
    answer = await said(port, POST + b"X-Long: " + b"x" * (ROOM + 1) + b"\r\n" + BODY)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"content-type: application/problem+json\r\n" in answer
    assert b"must not exceed 32768 bytes" in answer


@pytest.mark.parametrize(
    "part",
    [b"X-Long: " + b"x" * 1_000, b"x" * 1_000, b"X-9: y\r\n" * 100],
    ids=["longest of many", "one header", "many headers"],
)
async def test_a_head_without_an_end_is_refused_at_the_bound(port: int, part: bytes) -> None:
    parts = [part] * (32 * 1024 // len(part) + 1)
    assert (await said(port, POST, *parts)).startswith(b"HTTP/1.1 431 ")


async def test_requests_one_after_another_are_each_bounded_alone(port: int) -> None:
    one = POST + b"X-Long: " + b"x" * 20_000 + b"\r\n" + BODY
    assert (await said(port, one, one, one)).count(b"HTTP/1.1 200 ") == 3


async def test_a_head_that_does_not_come_is_not_waited_for(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.5)
    async with listening(garden(settings, router)) as port:
        assert await said(port) == b""
        assert (await said(port, POST)).startswith(b"HTTP/1.1 408 ")
        good = POST + BODY
        assert (await said(port, good)).startswith(b"HTTP/1.1 200 ")


async def test_a_body_that_does_not_come_is_not_waited_for(settings: ServiceSettings) -> None:
    quick = settings.model_copy(update={"request_seconds": 0.3})
    async with listening(garden(quick, router)) as port:
        answer = await said(port, POST + b'Content-Length: 16\r\n\r\n{"name":')
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"within 0.3 seconds" in answer
        assert (await said(port, POST + BODY)).startswith(b"HTTP/1.1 200 ")


async def test_an_answer_does_not_say_what_made_it(port: int) -> None:
    for request in (POST + BODY, b"NONSENSE\r\n\r\n"):
        assert b"\nserver:" not in (await said(port, request)).lower()
