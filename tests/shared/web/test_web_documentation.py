"""`/docs`: all of it comes from the service, and a browser shows the contract with it."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from shared.policy import Role, Table, may
from shared.settings import ServiceSettings
from shared.testing import serving
from tests.shared.web.garden import garden, listening

BROWSER = shutil.which("chromium")

router = APIRouter()
tending = APIRouter()
ROWS: Table = {"POST /beds": [may((Role.TEAM_LEAD,))]}


@tending.post("/beds")
async def dig() -> str:
    """Dig a bed."""
    return "dug"


@pytest.fixture
async def client(settings: ServiceSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(garden(settings, router)) as client:
        yield client


async def test_all_that_the_page_loads_comes_from_the_service(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded == [
        "data:,",
        "docs/swagger-ui.css",
        "docs/swagger-ui-bundle.js",
        "docs/start.js",
    ]
    kinds = ("text/css", "text/javascript", "text/javascript")
    for address, kind in zip(loaded[1:], kinds, strict=True):
        part = await client.get(f"/{address}")
        assert (part.status_code, part.headers["content-type"].split(";")[0]) == (200, kind)
        assert part.headers["x-content-type-options"] == "nosniff"
        assert part.headers["cache-control"] == "public, max-age=86400"
    assert (await client.get("/openapi.json")).json()["openapi"].startswith("3.1")


async def test_its_policy_lets_no_script_run_but_the_services_own(
    client: httpx.AsyncClient,
) -> None:
    (policy,) = (await client.get("/docs")).headers.get_list("content-security-policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["connect-src"] == "'self'"
    assert "http" not in policy, "no other address is named"


@pytest.mark.parametrize("part", ["redoc.standalone.js", "..%2F__init__.py", "start.js.map"])
async def test_nothing_else_of_the_package_is_served(client: httpx.AsyncClient, part: str) -> None:
    assert (await client.get(f"/docs/{part}")).status_code in {404, 422}


@pytest.mark.parametrize(
    ("stated", "status"), [({}, 404), ({"serve_docs": True}, 200), ({"serve_docs": False}, 404)]
)
async def test_production_shows_docs_only_where_set_so_and_always_tells_the_contract(
    settings: ServiceSettings, stated: dict[str, bool], status: int
) -> None:
    production = settings.model_copy(update={"env": "production", **stated})
    async with serving(garden(production, router)) as client:
        assert (await client.get("/docs")).status_code == status
        assert (await client.get("/docs/start.js")).status_code == status
        assert (await client.get("/openapi.json")).status_code == 200


async def test_development_may_leave_docs_out(settings: ServiceSettings) -> None:
    without = settings.model_copy(update={"serve_docs": False})
    async with serving(garden(without, router)) as client:
        assert (await client.get("/docs")).status_code == 404


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
async def test_a_browser_shows_the_contract_under_that_policy(
    settings: ServiceSettings, tmp_path: Path
) -> None:
    async with listening(garden(settings, tending, rows=ROWS)) as port:
        shown, said = await _shown(f"http://127.0.0.1:{port}/docs", tmp_path)
    assert "/beds" in shown, "the contract was read and drawn"
    assert "Dig a bed" in shown
    assert "Content Security Policy" not in said, "nothing was refused"
    assert "Refused to" not in said


async def _shown(address: str, profile: Path) -> tuple[str, str]:
    """The page as Chromium has drawn it, and what it said about that."""
    browser = await asyncio.create_subprocess_exec(
        str(BROWSER),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={profile}",
        "--enable-logging=stderr",
        "--virtual-time-budget=20000",
        "--dump-dom",
        address,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    shown, said = await asyncio.wait_for(browser.communicate(), 60)
    return shown.decode(), said.decode()
