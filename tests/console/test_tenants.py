"""`linkway tenants` against a real directory: the tree becomes the table of a claims mapping."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import uvicorn

from services.console.serving import serving_on
from services.directory.app import create_app
from services.directory.settings import Settings
from shared.devissuer import DevIssuer
from shared.identity.claims import ClaimsMap
from shared.testing import free_port

ROWS = [
    {"id": "QXA", "name": "A Board", "kind": "integrated_care_board"},
    {"id": "QXB", "name": "B Board", "kind": "integrated_care_board"},
    {"id": "U90001", "name": "North", "kind": "primary_care_network", "part_of": "QXA"},
    {"id": "U90002", "name": "South", "kind": "primary_care_network", "part_of": "QXB"},
    {"id": "Y90001", "name": "Fernley Surgery", "kind": "practice", "part_of": "U90001"},
    {"id": "Y90002", "name": "Upper Fernley", "kind": "practice", "part_of": "U90002"},
]


@pytest.fixture
async def directory(
    service_env: Callable[[str], dict[str, str]],
    issuer: DevIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[str]:
    away = {"LINKWAY_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}"}
    for name, value in (service_env("directory") | away).items():
        monkeypatch.setenv(name, value)
    token = issuer.issue(
        subject="c-1", role="directory_curator", organisation="icb", tenant="icb-demo"
    )
    monkeypatch.setenv("LINKWAY_TOKEN", token)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            create_app(Settings.model_validate({})), log_config=None, access_log=False
        )
        async with serving_on(config, listening):
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(trust_env=False, base_url=url, headers=headers) as http:
                await http.put("/organisations", json=ROWS)
                move = {"part_of": "QXA", "valid_from": "2999-04-01"}
                await http.post("/organisations/U90002/move", json=move)
            monkeypatch.setenv("LINKWAY_DIRECTORY_URL", url)
            yield url


async def tenants(*arguments: str, board: str = "QXA") -> subprocess.CompletedProcess[str]:
    told = ["tenants", "--board", board, "--tenant", "icb-a", *arguments]
    command = [sys.executable, "-m", "services.console", *told]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False
    )


@pytest.mark.usefixtures("directory")
async def test_a_tenants_organisations_are_those_below_its_board_on_the_day() -> None:
    today = await tenants()
    assert json.loads(today.stdout) == dict.fromkeys(["QXA", "U90001", "Y90001"], "icb-a")
    ahead = await tenants("--on", "2999-04-01")
    assert set(json.loads(ahead.stdout)) == {"QXA", "U90001", "U90002", "Y90001", "Y90002"}


@pytest.mark.usefixtures("directory")
async def test_the_table_takes_its_place_in_a_mapping_and_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "map.json"
    old = {"tenant": None, "tenant_of": {"Y90009": "icb-b", "Y90008": "icb-a"}}
    file.write_text(json.dumps(old))
    done = await tenants("--into", str(file))
    assert done.stdout == f"3 organisations of icb-a are in {file}.\n"
    found = ClaimsMap.model_validate_json(file.read_text())
    assert found.tenant_of == {
        "Y90009": "icb-b",
        **dict.fromkeys(["QXA", "U90001", "Y90001"], "icb-a"),
    }


async def test_a_board_that_the_directory_does_not_know_changes_no_mapping(
    directory: str, tmp_path: Path
) -> None:
    file = tmp_path / "map.json"
    file.write_text("{}")
    done = await tenants("--into", str(file), board="QXZ")
    assert (done.returncode, file.read_text()) == (1, "{}")
    assert directory in done.stderr
