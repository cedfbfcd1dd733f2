"""The demo as a client of the services: careful, and bounded in its patience."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from services.console.demo.api import Api, Unexpected, Who, until
from services.console.platform import Platform, client
from shared.devissuer import DevIssuer
from shared.servers import Servers, Supervisor

PRACTICE = Who("referrer", "Y90001")


@contextmanager
def answering(answers: Sequence[tuple[int, bytes]]) -> Iterator[tuple[str, list[str]]]:
    """A service that gives these answers one by one, and the Idempotency-Keys it was sent."""
    keys: list[str] = []
    waiting = iter(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            keys.append(self.headers["Idempotency-Key"])
            status, body = next(waiting)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clear."""

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}", keys
        finally:
            http.shutdown()
            thread.join()


def platform_at(url: str, folder: Path) -> Platform:
    servers = Servers(
        "mongodb://127.0.0.1", "127.0.0.1:9092", kafka_idempotent=True, description=""
    )
    return Platform(servers, Supervisor(folder), DevIssuer(), {"referral": url}, {}, "")


async def test_a_command_is_repeated_under_its_key_while_the_service_is_away(
    tmp_path: Path,
) -> None:
    answers = [(503, b"{}"), (429, b"{}"), (201, b'{"id": "referral-1"}')]
    with answering(answers) as (url, keys):
        async with client() as http:
            receipt = await Api(platform_at(url, tmp_path), http, "run").post(
                "referral", "/referrals", PRACTICE, {}, key="1-1", expect=201
            )
    assert receipt == {"id": "referral-1"}
    assert keys == ["run-1-1"] * 3


async def test_another_answer_is_told_with_what_the_service_says_and_without_ids(
    tmp_path: Path,
) -> None:
    problem = b'{"detail": "It is closed.", "errors": [{"pointer": "/a", "reason": "no"}]}'
    with answering([(409, problem)]) as (url, _):
        async with client() as http:
            api = Api(platform_at(url, tmp_path), http, "run")
            with pytest.raises(Unexpected) as raised:
                await api.post("referral", "/referrals/0193-77aa/accept", PRACTICE, {}, key="1-2")
    assert str(raised.value) == (
        "referral answered 409 instead of 200 to POST /referrals/…/accept: It is closed. /a no"
    )


async def test_waiting_ends_with_what_was_waited_for() -> None:
    async def never() -> None:
        return None

    with pytest.raises(Unexpected, match="waited 0 seconds for the plan to open"):
        await until(never, "the plan to open", within=0.1)
