"""A service whose clock is an hour off, either way, and jumps.

By a few lines of C put before the C library (``clock_shift.c``): libfaketime, the known way,
also takes sleeps and waits into its hands, and they fail when its clock jumps.
"""

from __future__ import annotations

import asyncio
import shutil
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

_SOURCE = Path(__file__).resolve().parent.parent / "clock_shift.c"
_BETWEEN = (3.0, 6.0)
_HOUR = 3600


def cannot_run() -> str | None:
    """Needs a C compiler."""
    return None if shutil.which("cc") else "there is no C compiler (Debian: apt install gcc)"


async def move_clocks(run: Run) -> None:
    """Each service's clock jumps an hour on, back, and right again, others staying right."""
    run.result.done = "clock of each service +1 h, -1 h and right again, {times}"
    async with staged(run.folder) as stage:
        # Tokens good for as long as any of the clocks may think it is.
        stage.load.headers = _long_lived(stage.platform)
        library = await _compiled(run.folder)
        shifts = {service: run.folder / f"{service}.shift" for service in SERVICES}
        for service, shift in shifts.items():
            _shift(shift, 0)
            await _under(stage.platform, service, library, shift)
        async with run.loaded(stage):
            for _ in range(run.times):
                for shift in shifts.values():
                    for seconds in (_HOUR, -_HOUR, 0):
                        since = time.monotonic()
                        _shift(shift, seconds)
                        await asyncio.sleep(run.chance.uniform(*_BETWEEN))
                        await run.recovered(stage, since)
                run.step()


async def _compiled(folder: Path) -> Path:
    library = folder / "clock_shift.so"
    command = ("cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE), "-ldl")
    compiling = await asyncio.create_subprocess_exec(*command)
    if await compiling.wait():
        raise RuntimeError(f"{' '.join(command)} ended with status {compiling.returncode}")
    return library


def _shift(file: Path, seconds: int) -> None:
    """Written in place: the processes have the file mapped."""
    with file.open("r+b" if file.exists() else "wb") as mapped:
        mapped.write(seconds.to_bytes(8, sys.byteorder, signed=True))


async def _under(platform: Platform, service: str, library: Path, shift: Path) -> None:
    child = platform.processes._children[service]
    await platform.processes.stop(service)
    env = {**child.env, "LD_PRELOAD": str(library), "CLOCK_SHIFT_FILE": str(shift)}
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
