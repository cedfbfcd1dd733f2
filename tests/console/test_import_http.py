"""The client of the directory's public API against a real HTTP server that misbehaves."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import stamina

from services.console.importing.directory import Fault, PublicDirectory, Refused, Result
from services.console.importing.records import District
from shared.testing import free_port

Answer = tuple[int, dict[str, str], Any]


@dataclass
class Server:
    """Answers each request as told, and keeps them."""

    answer: Callable[[list[Any]], Answer]
    url: str = ""
    requests: list[tuple[str, str, list[Any]]] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[list[Any]], Answer]) -> Iterator[Server]:
    server = Server(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            server.requests.append((self.path, self.headers["authorization"], body))
            status, headers, said = server.answer(body)
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clear."""

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_port}"
        thread = Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def created(body: list[Any]) -> Answer:
    return 200, {}, {"results": [{"id": each["id"], "outcome": "created"} for each in body]}


def districts(count: int) -> list[District]:
    return [District(id=f"ZZ{n}", latitude=54.0, longitude=0.5) for n in range(1, count + 1)]


@pytest.fixture(autouse=True)
def quick_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


def test_a_batch_is_put_with_the_token_and_without_what_is_not_known() -> None:
    with serving(created) as server, PublicDirectory(server.url, "a-token") as directory:
        results = directory.put("/districts", districts(2))

    assert results == [Result(outcome="created"), Result(outcome="created")]
    assert server.requests == [
        (
            "/districts",
            "Bearer a-token",
            [
                {"id": "ZZ1", "latitude": 54.0, "longitude": 0.5},
                {"id": "ZZ2", "latitude": 54.0, "longitude": 0.5},
            ],
        )
    ]


def test_what_was_wrong_with_a_record_comes_back() -> None:
    wrong = {"outcome": "invalid", "errors": [{"pointer": "/id", "reason": "is not one"}]}

    with (
        serving(lambda _: (200, {}, {"results": [wrong]})) as server,
        PublicDirectory(server.url, "t") as directory,
    ):
        results = directory.put("/districts", districts(1))

    assert results == [
        Result(outcome="invalid", errors=(Fault(pointer="/id", reason="is not one"),))
    ]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_directory_is_asked_again(status: int) -> None:
    answers: Iterator[Answer] = iter([(status, {"retry-after": "0"}, {}), (status, {}, {})])

    with (
        serving(lambda body: next(answers, None) or created(body)) as server,
        PublicDirectory(server.url, "t") as directory,
    ):
        results = directory.put("/districts", districts(1))

    assert [result.outcome for result in results] == ["created"]
    assert len(server.requests) == 3


def test_a_directory_that_stays_busy_refuses() -> None:
    with (
        serving(lambda _: (503, {}, {"detail": "Too much to do."})) as server,
        PublicDirectory(server.url, "t") as directory,
        pytest.raises(Refused, match=r"^The directory refused with status 503: Too much to do\.$"),
    ):
        directory.put("/districts", districts(1))

    assert len(server.requests) == 3


def test_a_token_that_is_not_taken_is_not_tried_again() -> None:
    with (
        serving(lambda _: (401, {}, {"detail": "The token has expired."})) as server,
        PublicDirectory(server.url, "t") as directory,
        pytest.raises(Refused, match=r"status 401: The token has expired\.$"),
    ):
        directory.put("/districts", districts(1))

    assert len(server.requests) == 1


def test_an_answer_that_is_no_problem_document_is_told_by_its_status() -> None:
    with (
        serving(lambda _: (404, {}, b"<html>")) as server,
        PublicDirectory(server.url, "t") as directory,
        pytest.raises(Refused, match=r"status 404: Not Found$"),
    ):
        directory.put("/districts", districts(1))


def test_an_answer_that_is_not_the_directorys_is_refused() -> None:
    with (
        serving(lambda _: (200, {}, b"<html>")) as server,
        PublicDirectory(server.url, "t") as directory,
        pytest.raises(Refused, match="is the address right"),
    ):
        directory.put("/districts", districts(1))


def test_where_nobody_answers_the_reason_says_so() -> None:
    with (
        PublicDirectory(f"http://127.0.0.1:{free_port()}", "t") as directory,
        pytest.raises(Refused, match=r"does not answer \(ConnectError\)"),
    ):
        directory.put("/districts", districts(1))


def test_a_batch_too_large_for_the_directory_is_halved_until_it_fits() -> None:
    def at_most_two(body: list[Any]) -> Answer:
        return created(body) if len(body) <= 2 else (413, {}, {"detail": "Too large."})

    with serving(at_most_two) as server, PublicDirectory(server.url, "t") as directory:
        results = directory.put("/districts", districts(5))

    assert [result.outcome for result in results] == ["created"] * 5
    taken = [body for _, _, body in server.requests if len(body) <= 2]
    assert [[each["id"] for each in body] for body in taken] == [
        ["ZZ1", "ZZ2"],
        ["ZZ3"],
        ["ZZ4", "ZZ5"],
    ]
