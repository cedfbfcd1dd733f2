"""Client credentials: one token for each tenant, asked for once, renewed in time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from shared.errors import Unavailable
from shared.identity import clients
from shared.identity.clients import ClientTokens


class Endpoint:
    """A token endpoint over HTTP, of Keycloak's shape; ``answer`` is changed by tests."""

    def __init__(self) -> None:
        self.status = 200
        self.expires_in = 300
        self.more: dict[str, Any] = {}
        self.asked: list[tuple[str, str]] = []
        self.turn = Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                scope = parse_qs(body)["scope"][0]
                with endpoint.turn:
                    endpoint.asked.append((self.headers["authorization"], scope))
                    number = len(endpoint.asked)
                self.send_response(endpoint.status)
                self.end_headers()
                answer = {
                    "access_token": f"token-{number}",
                    "expires_in": endpoint.expires_in,
                    "refresh_expires_in": 0,
                    "token_type": "Bearer",
                    "not-before-policy": 0,
                    "scope": scope,
                    **endpoint.more,
                }
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/token"

    def tokens(self, url: str | None = None) -> ClientTokens:
        return ClientTokens(
            token_url=url or self.url,
            client_id="notifications",
            client_secret=SecretStr("a:b%c"),
            timeout=timedelta(seconds=5),
        )


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    own = Endpoint()
    thread = Thread(target=own.server.serve_forever, args=(0.01,))
    thread.start()
    yield own
    own.server.shutdown()
    own.server.server_close()
    thread.join()


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    later = 0.0

    def seconds(more: float) -> None:
        nonlocal later
        later += more

    monkeypatch.setattr(clients, "time", SimpleNamespace(monotonic=lambda: 1_000.0 + later))
    return seconds


async def test_many_at_once_ask_once_and_each_tenant_has_its_own(endpoint: Endpoint) -> None:
    tokens = endpoint.tokens()
    found = await asyncio.gather(*(tokens.token(f"icb-{n % 2}") for n in range(20)))
    assert sorted(scope for _, scope in endpoint.asked) == ["tenant:icb-0", "tenant:icb-1"]
    assert len(set(found[::2])) == len(set(found[1::2])) == 1
    assert found[0] != found[1]


@pytest.mark.parametrize(("expires_in", "used_for"), [(300, 270), (40, 20)])
async def test_a_token_is_renewed_before_it_expires(
    endpoint: Endpoint, pass_time: Callable[[float], None], expires_in: int, used_for: int
) -> None:
    endpoint.expires_in = expires_in
    tokens = endpoint.tokens()
    assert await tokens.token("icb-a") == "token-1"
    pass_time(used_for - 1)
    assert await tokens.token("icb-a") == "token-1"
    pass_time(1)
    assert await tokens.token("icb-a") == "token-2"


async def test_id_and_secret_are_encoded_before_they_are_put_together(endpoint: Endpoint) -> None:
    await endpoint.tokens().token("icb-a")
    # base64 of "notifications:a%3Ab%25c"
    assert endpoint.asked[0][0] == "Basic bm90aWZpY2F0aW9uczphJTNBYiUyNWM="


async def test_a_refused_token_is_replaced_and_a_newer_one_is_kept(endpoint: Endpoint) -> None:
    tokens = endpoint.tokens()
    old = await tokens.token("icb-a")
    tokens.forget("icb-a", old)
    new = await tokens.token("icb-a")
    tokens.forget("icb-a", old)
    assert await tokens.token("icb-a") == new == "token-2"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"scope": "tenant:icb-other"}, "another scope"),
        ({"scope": ""}, "another scope"),
        ({"token_type": "mac"}, "not agreed on"),
        ({"access_token": ""}, "not agreed on"),
        ({"expires_in": 0}, "not agreed on"),
    ],
)
async def test_a_token_that_is_not_what_was_asked_for_is_not_used(
    endpoint: Endpoint, more: dict[str, Any], why: str
) -> None:
    endpoint.more = more
    with pytest.raises(Unavailable, match=why):
        await endpoint.tokens().token("icb-a")


async def test_a_failure_is_heard_by_all_who_wait_and_the_next_asks_again(
    endpoint: Endpoint,
) -> None:
    endpoint.status = 503
    tokens = endpoint.tokens()
    found = await asyncio.gather(
        *(tokens.token("icb-a") for _ in range(20)), return_exceptions=True
    )
    assert all(isinstance(each, Unavailable) for each in found)
    assert len(endpoint.asked) == 1
    endpoint.status = 200
    assert await tokens.token("icb-a") == "token-2"


async def test_an_issuer_that_cannot_be_reached_is_unavailable(endpoint: Endpoint) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        await endpoint.tokens("http://127.0.0.1:1/token").token("icb-a")
