"""`linkway audit` as its users call it, on a real MongoDB and a running service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from typer.testing import CliRunner

from services.console.app import app
from shared.audit.journal import Journal
from shared.audit.lines import Touched, Who, entries
from shared.ids import new_id
from shared.store import Database

OLD, NEW = datetime(2019, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
ANNE = Who("icb-a", "worker-1", "link_worker", "team-org", "CAREMGT", "request-1")

T = TypeVar("T")
Doing = Callable[[Callable[[Database], Coroutine[Any, Any, T]]], T]


@pytest.fixture
def prefix(mongo_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    made = f"test-{new_id()[-12:]}-"
    monkeypatch.setenv("LINKWAY_MONGO_URI", mongo_uri)
    monkeypatch.setenv("LINKWAY_MONGO_PREFIX", made)
    monkeypatch.delenv("LINKWAY_KAFKA_BOOTSTRAP", raising=False)
    yield made
    done(mongo_uri, made, lambda database: database.drop())


def done(uri: str, prefix: str, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    async def inside() -> T:
        database = Database.connect(uri, f"{prefix}referral")
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(inside())


async def three_old_and_two_new(database: Database) -> None:
    for at, size in ((OLD, 2), (OLD, 1), (NEW, 1), (NEW, 1)):
        journal = Journal(database.book(), "referral", lambda at=at: at)  # type: ignore[misc]
        touched = [Touched("persons", "p1", ("p1",))]
        await journal.write([*entries(ANNE, "read", at, touched)] * size)


def called(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["audit", *arguments])
    return result.exit_code, result.output


def test_verify_says_that_a_chain_is_unbroken(mongo_uri: str, prefix: str) -> None:
    done(mongo_uri, prefix, three_old_and_two_new)
    status, said = called("verify", "--service", "referral")
    assert status == 0, said
    assert "unbroken" in said
    assert "would not be missed" in said  # no Kafka was given


def test_verify_names_the_line_that_was_altered_and_ends_with_status_one(
    mongo_uri: str, prefix: str
) -> None:
    done(mongo_uri, prefix, three_old_and_two_new)

    async def alter(database: Database) -> None:
        change = {"$set": {"lines": ["{}"]}}
        command = {"update": "sheets", "updates": [{"q": {"_id": 3}, "u": change}]}
        await database.command(command, database=f"{database.name}-audit")

    done(mongo_uri, prefix, alter)
    status, said = called("verify", "--service", "referral", "--json")
    assert status == 1
    found = json.loads(said[said.index("{") :])
    assert found["referral"]["finding"] == {"line": 3, "what": "line 3 was altered"}


def test_an_archive_is_foreseen_then_made_then_verified(
    mongo_uri: str, prefix: str, tmp_path: Path
) -> None:
    done(mongo_uri, prefix, three_old_and_two_new)
    file = tmp_path / "referral-2019.ndjson"
    asked = ["archive", "referral", "--before", "2020-01-01", "--to", str(file), "--by", "dpo-1"]

    status, said = called(*asked, "--dry-run")
    assert status == 0, said
    assert "lines 1 to 3, 2 sheets" in said
    assert not file.exists()

    status, said = called(*asked)
    assert status == 0, said
    assert "told in line 6; 2 sheets removed" in said
    rows = [json.loads(row) for row in file.read_text().splitlines()]
    assert rows[0]["service"] == "referral"
    assert [row["number"] for row in rows[1:]] == [1, 2, 3]

    status, said = called("verify", "--service", "referral", "--json")
    assert status == 0, said
    verdict = json.loads(said[said.index("{") :])["referral"]
    assert (verdict["first"], verdict["last"]) == (4, 6)
    assert called("verify", "--archive", str(file))[0] == 0

    status, said = called(*asked)
    assert (status, "nothing that old" in said) == (0, True)


def test_an_archive_that_was_altered_is_found_out(
    mongo_uri: str, prefix: str, tmp_path: Path
) -> None:
    done(mongo_uri, prefix, three_old_and_two_new)
    file = tmp_path / "old.ndjson"
    called("archive", "referral", "--before", "2020-01-01", "--to", str(file), "--by", "dpo-1")
    file.write_text(file.read_text().replace("worker-1", "worker-2"))
    status, said = called("verify", "--archive", str(file))
    assert status == 1
    assert "line 1 was altered" in said


def test_an_archive_is_never_written_over(mongo_uri: str, prefix: str, tmp_path: Path) -> None:
    done(mongo_uri, prefix, three_old_and_two_new)
    file = tmp_path / "old.ndjson"
    file.write_text("something dear")
    status, said = called(
        "archive", "referral", "--before", "2020-01-01", "--to", str(file), "--by", "dpo-1"
    )
    assert status == 2
    assert "is there already" in said
    assert file.read_text() == "something dear"


def test_what_is_wrong_with_the_settings_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINKWAY_MONGO_URI", raising=False)
    status, said = called("verify")
    assert status == 2
    assert "LINKWAY_MONGO_URI" in said
    assert called("verify", "--service", "portal")[0] == 2
    assert called("search")[0] == 2
