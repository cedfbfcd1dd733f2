"""The referral service without events: the same tokens, rules, encryption and audit, nothing told.

What events cost is measured against it. Its records state no facts, so that its outboxes stay
empty and no consumer hears of them.
"""

from __future__ import annotations

import sys

from fastapi import FastAPI

from services.console.platform import Platform
from services.referral import app
from shared.ids import new_id
from shared.servers import free_port
from shared.store import Database, codec, fold
from tests.bench.audit import know_team
from tests.bench.referrals import ROOT, TEAM


def create_app() -> FastAPI:
    """The same application, where what a record states is dropped before it is stored."""
    for place in (codec, fold):
        place.stamp = lambda events, seq: []  # type: ignore[attr-defined]  # noqa: ARG005
    return app.create_app()


async def start(platform: Platform) -> int:
    """Start it beside the others, on a database and topics of its own; gives its port."""
    port, name = free_port(), f"eventless-{new_id()[-12:]}"
    env = platform.processes.environment("referral") | {
        "LINKWAY_MONGO_DATABASE": name,
        "LINKWAY_TOPIC_PREFIX": f"{name}-",
    }
    database = Database.connect(platform.servers.mongo_uri, name)
    try:
        await know_team(database, TEAM)
    finally:
        await database.close()
    await platform.processes.start(
        "eventless",
        [
            *(sys.executable, "-m", "uvicorn", "--factory", "tests.bench.eventless:create_app"),
            *("--host", "127.0.0.1", "--port", str(port), "--no-access-log"),
        ],
        env=env,
        cwd=ROOT,
    )
    await platform.processes.wait_ready("eventless", f"http://127.0.0.1:{port}/ready")
    return port
