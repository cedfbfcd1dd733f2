"""Reads as a load: a fixed number of connections, each with one request at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from tests.bench.load import Load, _answer


async def get_all(port: int, paths: Iterator[str], *, headers: str, connections: int) -> Load:
    """Get each path once and expect 200 for each; raises AssertionError otherwise."""
    latencies: list[float] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for path in paths:
            began = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode())
            status, _ = await _answer(reader)
            assert status == 200, f"{path} answered {status}"
            latencies.append((time.perf_counter() - began) * 1000)
        writer.close()
        await writer.wait_closed()

    started = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(connections)))
    return Load(len(latencies), time.perf_counter() - started, tuple(latencies))
