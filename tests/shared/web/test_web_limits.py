"""What every answer says to a browser, and how long and how large a request may be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter
from fastapi.responses import JSONResponse, StreamingResponse

from shared.settings import ServiceSettings
from shared.testing import serving
from shared.web import JsonBody, pages
from shared.web.deadline import allow_seconds
from tests.shared.web.garden import garden, problem_of

router = APIRouter()


@router.get("/plain")
async def plain() -> str:
    return "plain"


@router.get("/page")
async def page() -> Any:
    return pages.render("<p>{{ words }}</p>", title="A page", words="hello")


@router.get("/feed")
async def feed() -> JSONResponse:
    open_to_all = {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return JSONResponse([], headers=open_to_all)


@router.get("/slow")
async def slow() -> str:
    await asyncio.sleep(60)
    return "never"


@router.get("/much-to-read")
async def much_to_read(seconds: float) -> str:
    allow_seconds(seconds)
    await asyncio.sleep(0.6)
    return "read"


@router.get("/own-timeout")
async def own_timeout() -> str:
    raise TimeoutError


@router.get("/long")
async def long() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(6):
            await asyncio.sleep(0.1)
            yield b"part "

    return StreamingResponse(parts())


@router.post("/beds")
async def dig(bed: Annotated[dict[str, Any], JsonBody(dict[str, Any])]) -> int:
    return len(bed)


def bounded(settings: ServiceSettings, **more: Any) -> ServiceSettings:
    return settings.model_copy(update={"request_seconds": 0.3, **more})


@pytest.fixture
async def client(settings: ServiceSettings) -> AsyncIterator[httpx.AsyncClient]:
    small = bounded(settings, max_json_depth=3, max_json_values=5)
    async with serving(garden(small, router)) as client:
        yield client


JSON_ANSWER = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/plain", "/nowhere", "/openapi.json", "/metrics"])
async def test_every_answer_tells_a_browser_to_load_and_frame_nothing(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers={"Origin": "https://elsewhere.example.org"})
    assert {name: answer.headers.get_list(name) for name in JSON_ANSWER} == {
        name: [value] for name, value in JSON_ANSWER.items()
    }
    told = {name for name in answer.headers if name.startswith("access-control-")}
    assert told == set()
    assert "strict-transport-security" not in answer.headers


async def test_a_page_keeps_its_own_policy_and_gets_the_rest(client: httpx.AsyncClient) -> None:
    answer = await client.get("/page")
    (policy,) = answer.headers.get_list("content-security-policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    for name in JSON_ANSWER.keys() - {"content-security-policy"}:
        assert answer.headers.get_list(name) == [JSON_ANSWER[name]]


async def test_a_public_feed_may_open_itself_to_any_site_and_nothing_else_is(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/feed")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers.get_list("cross-origin-resource-policy") == ["cross-origin"]
    asked = await client.options(
        "/plain",
        headers={"Origin": "https://elsewhere.example.org", "Access-Control-Request-Method": "GET"},
    )
    assert asked.status_code == 405
    assert not any(name.startswith("access-control-") for name in asked.headers)


async def test_production_insists_on_https_for_a_year(settings: ServiceSettings) -> None:
    async with serving(garden(bounded(settings, env="production"), router)) as client:
        answer = await client.get("/plain")
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


async def test_work_that_takes_too_long_is_given_up_and_may_be_sent_again(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await client.get("/slow")
    assert answer.status_code == 503
    document = problem_of(answer)
    assert document["type"] == "https://linkway.example/problems/timed-out"
    assert "0.3 seconds" in document["detail"]
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["referrer-policy"] == "no-referrer"
    given_up, line = map(json.loads, capsys.readouterr().out.splitlines())
    assert (given_up["event"], given_up["route"]) == ("request-given-up", "/slow")
    assert (line["event"], line["status"]) == ("request", 503)


async def test_a_route_with_much_to_read_may_ask_for_longer(client: httpx.AsyncClient) -> None:
    assert (await client.get("/much-to-read", params={"seconds": 30})).json() == "read"
    too_little = await client.get("/much-to-read", params={"seconds": 0.4})
    assert too_little.status_code == 503
    assert "0.4 seconds" in problem_of(too_little)["detail"]


async def test_a_timeout_of_the_work_itself_is_still_our_fault(client: httpx.AsyncClient) -> None:
    assert (await client.get("/own-timeout")).status_code == 500


async def test_an_answer_that_has_begun_may_take_its_time(client: httpx.AsyncClient) -> None:
    answer = await client.get("/long")
    assert (answer.status_code, answer.text) == (200, "part " * 6)


async def test_a_body_that_is_too_deep_or_has_too_much_in_it_is_refused(
    client: httpx.AsyncClient,
) -> None:
    headers = {"content-type": "application/json"}
    fits = b'{"a": [{"b": 1}], "c": 2}'
    assert (await client.post("/beds", content=fits, headers=headers)).json() == 2
    deep = await client.post("/beds", content=b'{"a": [{"b": {}}]}', headers=headers)
    assert deep.status_code == 422
    assert problem_of(deep)["max_depth"] == 3
    many = await client.post("/beds", content=b'{"a": [1, 2, 3, 4, 5]}', headers=headers)
    assert many.status_code == 413
    assert problem_of(many)["max_values"] == 5
