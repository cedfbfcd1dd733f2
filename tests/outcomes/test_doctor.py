"""A running service examined: well, and with one thing after the other broken."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.cause import Actor
from shared.store import Database
from shared.testing import eventually, free_port
from tests.outcomes.asking import Service
from tests.outcomes.examples import WORKER

OPERATIONS = Actor("ops-1", "operations", "operations", "icb-demo")


async def examined(service: Service) -> dict[str, Any]:
    answer = await service.get("/ops/doctor", OPERATIONS)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def failing(found: Mapping[str, Any]) -> dict[str, str]:
    """What fails, and what was seen."""
    return {each["name"]: each["said"] for each in found["findings"] if each["level"] == "fail"}


async def test_each_thing_that_is_broken_is_named_with_what_to_do(
    *,
    connected: Service,
    service_env: Callable[[str], Mapping[str, str]],
    topic_prefix: str,
    mongo_uri: str,
    kafka_bootstrap: str,
    kafka_is_tansu: bool,
) -> None:
    env = service_env("outcomes")

    async def well() -> bool:
        assert failing(await examined(connected)) == {}
        return True

    await eventually(well, within=30)
    found = await examined(connected)
    assert found["status"] == "warn"
    names = [each["name"] for each in found["findings"]]
    for name in ("mongodb version", "majority write", "topics", "consumer groups", "token keys"):
        assert name in names
    assert all(each["do"] for each in found["findings"] if each["level"] != "ok")
    assert (await connected.get("/ops/doctor", WORKER)).status_code == 403

    database = Database.connect(mongo_uri, env["LINKWAY_MONGO_DATABASE"])
    await database.command({"dropIndexes": "plans", "index": "caseload"})
    await database.close()
    assert failing(await examined(connected)) == {"indexes": "missing: plans.caseload"}

    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    if not kafka_is_tansu:
        events = f"{topic_prefix}outcome-events"
        short = ConfigResource(ConfigResourceType.TOPIC, events, {"retention.ms": "86400000"})
        await admin.alter_configs([short])

        async def short_lived() -> bool:
            said = failing(await examined(connected)).get("topic settings", "")
            return said == f"events are deleted in time from: {events}"

        await eventually(short_lived)
    await admin.delete_topics([f"{topic_prefix}directory-events"])
    await admin.close()

    async def gone() -> bool:
        said = failing(await examined(connected)).get("topics")
        return said == f"missing: {topic_prefix}directory-events"

    await eventually(gone)


async def test_a_service_that_does_not_start_is_examined_from_here(
    service_env: Callable[[str], Mapping[str, str]], tmp_path: Path
) -> None:
    away = {
        "LINKWAY_MONGO_URI": f"mongodb://127.0.0.1:{free_port()}/?serverSelectionTimeoutMS=300",
        "LINKWAY_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "LINKWAY_JWKS": str(tmp_path / "nothing.json"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.console", "doctor", "--local", "outcomes", "--json"),
        env={**os.environ, **service_env("outcomes"), **away},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    found = json.loads(said[said.index(b"{\n") :])["outcomes"]
    assert process.returncode == 1
    assert {"token keys", "mongodb address", "kafka address"} <= set(failing(found))
    assert found["status"] == "fail"
