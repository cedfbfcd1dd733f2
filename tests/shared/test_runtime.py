"""A service put together: what it does about the servers it depends on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from shared.devissuer import DevIssuer
from shared.errors import Unavailable
from shared.events import ServiceClosed
from shared.ids import new_id
from shared.policy import Policy
from shared.runtime import Runtime
from shared.settings import ServiceSettings
from shared.store import Database, Store
from shared.testing import free_port, serving


class Thing(BaseModel):
    model_config = ConfigDict(frozen=True)

    tenant: str


class Things(Store[Thing]):
    model = Thing
    source = "/linkway/things"


@dataclass(frozen=True)
class Stores:
    things: Things


def app_with(tmp_path: Path, mongo_uri: str, kafka: str, database: str = "things") -> FastAPI:
    issuer = DevIssuer()
    settings = ServiceSettings.model_validate(
        {
            "service": "things",
            "mongo_uri": mongo_uri,
            "mongo_database": database,
            "kafka_bootstrap": kafka,
            "jwks": str(issuer.write_jwks(tmp_path / "jwks.json")),
            "issuer": issuer.issuer,
            "graceful_seconds": 1,
        }
    )
    runtime = Runtime(settings)
    return runtime.app(
        title="Things",
        summary="A service for a test.",
        policy=Policy({}),
        stores=Stores(Things(runtime.collection("things"))),
        routers=(),
        publishes=[ServiceClosed],
    )


async def test_a_start_without_mongodb_comes_to_an_end(tmp_path: Path) -> None:
    app = app_with(tmp_path, f"mongodb://127.0.0.1:{free_port()}/", f"127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable):
        async with serving(app):
            pass


async def test_a_service_starts_while_kafka_is_away_and_says_so(
    tmp_path: Path, mongo_uri: str
) -> None:
    name = f"test-{new_id()[-12:]}"
    app = app_with(tmp_path, mongo_uri, f"127.0.0.1:{free_port()}", name)
    async with serving(app) as http:
        assert (await http.get("/live")).status_code == 200
        ready = await http.get("/ready")
        assert ready.status_code == 503
        assert {"mongo", "kafka", "relay"} <= ready.json()["checks"].keys()
        assert ready.json()["checks"]["mongo"] == "ok"
        assert ready.json()["checks"]["kafka"] != "ok"
        assert (await http.get("/asyncapi")).json()["asyncapi"] == "3.0.0"
    own = Database.connect(mongo_uri, name)
    await own.drop()
    await own.close()


@pytest.mark.parametrize(
    "module", ["shared.web", "shared.store", "shared.audit.journal", "shared.bus", "shared.runtime"]
)
def test_any_part_may_be_imported_first(module: str) -> None:
    alone = subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (alone.returncode, alone.stderr) == (0, "")
