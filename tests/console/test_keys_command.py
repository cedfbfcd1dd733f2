"""`linkway keys` against a real database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.console.app import app
from shared.store import Database, DataKeys
from shared.vault import BlindIndex, LocalMasterKeys


def linkway(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(app, ["keys", *arguments], env={"COLUMNS": "200", **env})


@pytest.fixture
def env(mongo_uri: str, database: Database, tmp_path: Path) -> dict[str, str]:
    return {
        "LINKWAY_MONGO_URI": mongo_uri,
        "LINKWAY_MONGO_DATABASE": database._database.name,
        "LINKWAY_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "LINKWAY_JWKS": "https://issuer.example.org/jwks",
        "LINKWAY_ISSUER": "https://issuer.example.org",
        "LINKWAY_MASTER_KEYS_FILE": str(tmp_path / "masters.json"),
    }


async def test_a_master_key_is_turned_and_the_old_one_may_go(
    env: dict[str, str], database: Database
) -> None:
    file = Path(env["LINKWAY_MASTER_KEYS_FILE"])

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(linkway, *arguments, **env)

    def keys() -> DataKeys:
        return DataKeys(
            database.collection("person_keys"), LocalMasterKeys.read(file), BlindIndex("i" * 32)
        )

    assert (await run("new-master", str(file), "--name", "first")).exit_code == 0
    for owner in ("ada", "bob"):
        await keys().make(owner, "icb-demo")
    await run("new-master", str(file), "--name", "second")
    before = await run("status", "referral")
    assert "newest version: local:second" in before.output
    assert "older one: 2" in before.output

    done = await run("rewrap", "referral")

    assert done.exit_code == 0, done.output
    assert "2 data keys are wrapped by local:second." in done.output
    after = await run("status", "referral")
    assert "older one: 0" in after.output
    assert set(await keys().of(["ada", "bob"], "icb-demo")) == {"ada", "bob"}


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    file = str(tmp_path / "masters.json")
    assert linkway("new-master", file, "--name", "first").exit_code == 0
    again = linkway("new-master", file, "--name", "first")
    assert again.exit_code == 2
    assert "a master key named first already" in again.output


def test_missing_settings_are_named() -> None:
    result = linkway("status", "referral", LINKWAY_MONGO_URI="")
    assert result.exit_code == 2
    assert "jwks" in result.output
