"""`linkway audit search` and `export` against a service that listens."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.console.app import app as console
from tests.referral.conftest import Referring
from tests.referral.test_audit import end, referred


async def called(*arguments: str) -> tuple[int, str]:
    result = await asyncio.to_thread(CliRunner().invoke, console, ["audit", *arguments])
    return result.exit_code, result.output


@pytest.mark.usefixtures("listening")
async def test_a_search_shows_who_read_what_and_why(referring: Referring) -> None:
    view = await referred(referring)
    headers = {**referring.team, "Purpose-Of-Use": "PATSFTY"}
    await referring.http.get(f"/referrals/{view['id']}", headers=headers)
    status, said = await called("search", "--person", view["person_id"], "--from", "2001-01-01")
    assert status == 0, said
    assert "PATSFTY" in said
    assert "/referrals/{referral_id}" in said
    status, said = await called("search", "--user", "link_worker-of-team-org", "--json")
    assert status == 0, said
    # The service shares the command's output here, and logs each request to it.
    (line,) = json.loads(said[said.index("{\n") :])["referral"]
    assert (line["purpose"], line["outcome"]) == ("PATSFTY", "allowed")


@pytest.mark.usefixtures("listening")
async def test_an_export_is_written_to_a_file(referring: Referring, tmp_path: Path) -> None:
    await referred(referring)
    count = await end(referring)
    file = tmp_path / "audit.ndjson"
    status, said = await called("export", str(file))
    assert status == 0, said
    numbers = [json.loads(line)["number"] for line in file.read_text().splitlines()]
    assert numbers == list(range(count, 0, -1))
    status, said = await called("export", str(tmp_path / "x"), "--format", "xml")
    assert status == 2
