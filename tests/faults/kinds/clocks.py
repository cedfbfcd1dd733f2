"""A service whose clock is an hour off, either way, and jumps: by libfaketime."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt

from services.console.platform import SERVICES, TENANT, Platform
from shared.ids import new_id
from tests.faults.fault import Fault, Run
from tests.faults.load import GROUP_ORGANISATION, PRACTICE, TEAM_ORGANISATION
from tests.faults.stage import ROOT, staged

_LIBRARY = "faketime/libfaketimeMT.so.1"
_BETWEEN = (3.0, 6.0)


def _library() -> Path | None:
    return next(Path("/usr/lib").glob(f"*/{_LIBRARY}"), None)


def cannot_run() -> str | None:
    """Needs Debian's package faketime, or its like elsewhere."""
    return None if _library() else "libfaketime is not installed (Debian: apt install faketime)"


async def move_clocks(run: Run) -> None:
    """Each service's clock jumps an hour on, back, and right again, others staying right."""
    run.result.done = "clock of each service +1 h, -1 h and right again, {times} times"
    async with staged(run.folder) as stage:
        # Tokens good for as long as any of the clocks may think it is.
        stage.load.headers = _long_lived(stage.platform)
        files = {service: run.folder / f"{service}.clock" for service in SERVICES}
        for service, file in files.items():
            file.write_text("+0")
            await _under(stage.platform, service, file)
        async with run.loaded(stage):
            for _ in range(run.times):
                for file in files.values():
                    for shift in ("+1h", "-1h", "+0"):
                        since = time.monotonic()
                        file.write_text(shift)
                        await asyncio.sleep(run.chance.uniform(*_BETWEEN))
                        await run.recovered(stage, since)
                run.step()


async def _under(platform: Platform, service: str, clock: Path) -> None:
    child = platform.processes._children[service]
    await platform.processes.stop(service)
    env = {
        **child.env,
        "LD_PRELOAD": str(_library()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    await platform.processes.start(service, [sys.executable, *child.command[1:]], env=env, cwd=ROOT)
    await platform.wait_ready(service)


def _long_lived(platform: Platform) -> dict[str, dict[str, str]]:
    now = datetime.now(UTC)
    actors = {
        "practice": ("referrer", PRACTICE),
        "worker": ("link_worker", TEAM_ORGANISATION),
        "provider": ("provider", GROUP_ORGANISATION),
    }
    issuer = platform.issuer
    found = {}
    for name, (role, organisation) in actors.items():
        claims = {
            "iss": issuer.issuer,
            "aud": issuer.audience,
            "sub": f"{role}-of-{organisation}",
            "iat": now - timedelta(hours=3),
            "nbf": now - timedelta(hours=3),
            "exp": now + timedelta(hours=12),
            "jti": new_id(),
            "role": role,
            "organisation": organisation,
            "tenant": TENANT,
        }
        token = jwt.encode(
            claims, issuer._key, algorithm="ES256", headers={"kid": issuer.kid, "typ": "at+jwt"}
        )
        found[name] = {"Authorization": f"Bearer {token}"}
    return found


FAULTS = (Fault("move-clocks", "Clocks are an hour off", 5, 1, move_clocks, cannot_run),)
