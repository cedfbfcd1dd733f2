"""A small HTTP/1.1 load generator: a fixed number of connections, each with one request at a time.

Written by hand because a general client costs more processor time than the server measured,
on the cores that both share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of load found."""

    accepted: int
    seconds: float
    latencies_ms: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return self.accepted / self.seconds

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


async def _connection(
    port: int, path: str, bodies: Iterator[bytes], headers: str, latencies: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}"
    for number, body in enumerate(bodies):
        started = time.perf_counter()
        writer.write(
            f"{head}Idempotency-Key: {id(writer)}-{started}-{number}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        status, _ = await _answer(reader)
        assert status == 201, f"{path} answered {status}"
        latencies.append((time.perf_counter() - started) * 1000)
    writer.close()
    await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return int(head[9:12]), await reader.readexactly(length)
