"""What letting a request in costs: token, limits and scopes, beside the token alone.

    .venv/bin/python -m tests.bench.gate

One process, no network: microseconds of processor time for each request of one partner's client,
and the share that is spent on limits and scopes. The turns alternate and the medians are compared.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console

from shared.devissuer import DevIssuer
from shared.settings import ServiceSettings
from shared.web.gate import Gate

_TIMES = 20_000
_ROUNDS = 9


async def main() -> None:
    """Take turns and print the ratio."""
    issuer = DevIssuer()
    with tempfile.TemporaryDirectory() as folder:
        settings = ServiceSettings(
            service="gate",
            mongo_uri="unused",
            kafka_bootstrap="unused",
            jwks=str(issuer.write_jwks(Path(folder) / "jwks.json")),
            issuer=issuer.issuer,
            rate_partner="1000000/1000000",
            rate_tenant="1000000/1000000",
        )
        gate = Gate(settings, {"referrals:read": ("GET /referrals",)})
        token = issuer.issue(
            subject="account",
            role="referrer",
            organisation="Y90001",
            tenant="icb-demo",
            client="example-partner",
            scope="referrals:read",
        )
        headers = [(f"x-{n}".encode(), b"something") for n in range(8)]
        headers.append((b"authorization", f"Bearer {token}".encode()))

        async def alone() -> None:
            await gate._authenticator.authenticate(token)

        async def whole() -> None:
            actor = await gate.admit({"headers": headers, "client": ("192.0.2.1", 1)})
            gate.check_scope(actor, "GET /referrals")

        turns: dict[str, list[float]] = {"token alone": [], "token, limits, scopes": []}
        for _ in range(_ROUNDS):
            for name, call in zip(turns, (alone, whole), strict=True):
                turns[name].append(await _microseconds(call))
        medians = {name: statistics.median(taken) for name, taken in turns.items()}
        for name, taken in medians.items():
            Console().print(f"{name:24}{taken:8.2f} µs")
        first, second = medians.values()
        Console().print(f"limits and scopes: {second - first:.2f} µs, {second / first:.2f} times")


async def _microseconds(call: Callable[[], Awaitable[None]]) -> float:
    began = time.process_time()
    for _ in range(_TIMES):
        await call()
    return (time.process_time() - began) / _TIMES * 1e6


if __name__ == "__main__":
    asyncio.run(main())
