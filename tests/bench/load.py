"""A small HTTP/1.1 load generator: a fixed number of connections, each with one request at a time.

Written by hand because a general client costs more processor time than the server measured,
on the cores that both share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

CREATED = 201
_OPEN_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of load found.

    ``whole_seconds`` is until all it led to was applied, ``told_seconds`` until every message
    about it was sent as well.
    """

    accepted: int
    seconds: float
    latencies_ms: tuple[float, ...]
    whole_seconds: float | None = None
    told_seconds: float | None = None

    @property
    def per_second(self) -> float:
        return self.accepted / self.seconds

    @property
    def applied_per_second(self) -> float:
        """Accepted and applied everywhere; accepted, where nobody applies anything."""
        return self.accepted / (self.whole_seconds or self.seconds)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def post_all(
    port: int, path: str, bodies: Iterator[bytes], *, headers: str, connections: int
) -> Load:
    """Post each body once and expect 201 for each; raises AssertionError otherwise."""
    latencies: list[float] = []
    started = time.perf_counter()
    await asyncio.gather(
        *(_connection(port, path, bodies, headers, latencies) for _ in range(connections))
    )
    return Load(len(latencies), time.perf_counter() - started, tuple(latencies))


@dataclass(frozen=True, slots=True)
class Answered:
    """One acknowledged request: when it was due and answered (Unix seconds), and its answer."""

    due_at: float
    answered_at: float
    body: bytes


async def post_at(
    port: int, path: str, bodies: Iterator[bytes], *, headers: str, per_second: float
) -> list[Answered]:
    """Post each body when its time has come, however long others take; expects 201 for each."""
    waiting: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    answered: list[Answered] = []
    # About one a second each: a server closes those that say nothing for five seconds.
    open_connections = min(_OPEN_CONNECTIONS, max(2, ceil(per_second)))
    connections = [
        asyncio.create_task(_on_time(port, path, waiting, headers, answered))
        for _ in range(open_connections)
    ]
    started = time.time()
    for number, body in enumerate(bodies):
        due = started + number / per_second
        await asyncio.sleep(max(0.0, due - time.time()))
        waiting.put_nowait((due, body))
    for _ in connections:
        waiting.put_nowait(None)
    await asyncio.gather(*connections)
    return answered


async def _on_time(
    port: int,
    path: str,
    waiting: asyncio.Queue[tuple[float, bytes] | None],
    headers: str,
    answered: list[Answered],
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (given := await waiting.get()) is not None:
        due, body = given
        writer.write(_request(path, headers, f"{id(writer)}-{due}", body))
        status, answer = await _answer(reader)
        assert status == CREATED, f"{path} answered {status}: {answer.decode()}"
        answered.append(Answered(due, time.time(), answer))
    writer.close()
    await writer.wait_closed()


async def _connection(
    port: int, path: str, bodies: Iterator[bytes], headers: str, latencies: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, body in enumerate(bodies):
        started = time.perf_counter()
        writer.write(_request(path, headers, f"{id(writer)}-{started}-{number}", body))
        status, _ = await _answer(reader)
        assert status == CREATED, f"{path} answered {status}"
        latencies.append((time.perf_counter() - started) * 1000)
    writer.close()
    await writer.wait_closed()


def _request(path: str, headers: str, key: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return int(head[9:12]), await reader.readexactly(length)
