"""MongoDB with TLS, client certificates and users: each service sees its own database alone."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pymongo.errors import OperationFailure
from typer.testing import CliRunner

from services.console.app import app as console
from services.outcomes.app import create_app
from services.outcomes.settings import Settings
from shared.audit.journal import Journal
from shared.audit.lines import Who, entries
from shared.errors import Unavailable
from shared.servers import Supervisor
from shared.servers.mongo import NAME, REPLICA_SET, become_primary, find_program
from shared.servers.ports import free_port, listens
from shared.store import Database, Refused
from tests.deploy.certificates import Authority
from tests.deploy.compose import ROOT

ROLES = json.loads((ROOT / "deploy/mongo/roles.json").read_text(encoding="utf-8"))
USERS = json.loads((ROOT / "deploy/mongo/users.json").read_text(encoding="utf-8"))
_UNAUTHORIZED, _AUTHENTICATION_FAILED = 13, 18
_NO = (OperationFailure, Refused)
"""A command says Refused, what goes through a collection says it as the driver does."""


def _code(error: Exception) -> int | None:
    assert isinstance(error, OperationFailure | Refused)
    return error.code


pytestmark = [pytest.mark.xdist_group("guarded-mongo"), pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True)
class Guarded:
    """A MongoDB that takes TLS, known certificates and known users only."""

    host: str
    authority: Authority
    own_certificate: Path

    def connect(self, user: str, database: str, **other: Any) -> Database:
        tls = {"ca_file": str(self.authority.file), "certificate_file": str(self.own_certificate)}
        return Database.connect(self.uri(user), database, **{**tls, **other})

    def uri(self, user: str, password: str | None = None) -> str:
        where = f"{user}:{password or f'{user}-own'}@{self.host}"
        return f"mongodb://{where}/?authSource={user}&replicaSet={REPLICA_SET}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """It, after what deploy/mongo/setup.js does with deploy/mongo/users.json."""
    folder = tmp_path_factory.mktemp("guarded-mongo")
    authority = Authority(folder / "certificates")
    key = folder / "replica.key"
    key.write_text(secrets.token_hex(64))
    key.chmod(0o400)
    (folder / "data").mkdir()
    port = free_port()
    host, client = f"127.0.0.1:{port}", authority.sign("client")
    async with Supervisor(folder / "logs") as processes:
        program, _ = find_program()
        await processes.start(
            NAME,
            [
                program,
                f"--dbpath={folder / 'data'}",
                f"--port={port}",
                "--bind_ip=127.0.0.1",
                "--nounixsocket",
                f"--replSet={REPLICA_SET}",
                "--wiredTigerCacheSizeGB=0.25",
                "--oplogSize=64",
                f"--keyFile={key}",
                "--tlsMode=requireTLS",
                f"--tlsCertificateKeyFile={authority.sign('mongo', '127.0.0.1')}",
                f"--tlsCAFile={authority.file}",
            ],
            grace=0.0,
        )
        await processes.wait_until(NAME, partial(listens, port))
        tls = {"ca_file": str(authority.file), "certificate_file": str(client)}
        first = Database.connect(f"mongodb://{host}/?directConnection=true", "admin", **tls)
        await become_primary(first, host)
        root = {"createUser": "root", "pwd": "root-own", "roles": ["root"]}
        await first.command(root, database="admin")
        await first.close()
        uri = f"mongodb://root:root-own@{host}/?authSource=admin&replicaSet={REPLICA_SET}"
        admin = Database.connect(uri, "admin", **tls)
        for user, roles in USERS.items():
            for held in roles:
                if held["role"] in ROLES:
                    on = {"db": held["db"], "collection": ""}
                    may = [{"resource": on, "actions": ROLES[held["role"]]}]
                    role = {"createRole": held["role"], "privileges": may, "roles": []}
                    await admin.command(role, database=held["db"])
            made = {"createUser": user, "pwd": f"{user}-own", "roles": roles}
            await admin.command(made, database=user)
        await admin.close()
        yield Guarded(host, authority, client)


async def test_a_service_starts_and_works_with_its_own_rights_alone(
    guarded: Guarded, tmp_path: Path
) -> None:
    app = create_app(
        Settings(
            mongo_uri=guarded.uri("outcomes"),
            mongo_ca_file=str(guarded.authority.file),
            mongo_certificate_file=str(guarded.own_certificate),
            kafka_bootstrap="127.0.0.1:1",
            jwks=str(tmp_path / "jwks.json"),
            issuer="https://issuer.example.org",
            graceful_seconds=5.0,
        )
    )
    async with app.router.lifespan_context(app):
        database = guarded.connect("outcomes", "outcomes")
        made = (await database.command({"listCollections": 1, "nameOnly": True}))["cursor"]
        names = {each["name"] for each in made["firstBatch"]}
        assert {"plans", "aliases", "cases", "cells"} <= names
        plans = database.collection("plans")
        assert await plans.insert([{"_id": "one", "created_at": 1}]) == [None]
        assert (await plans.read(["one"]))["one"]["created_at"] == 1
        await database.close()


async def test_a_service_adds_to_its_audit_and_can_neither_change_nor_remove_any_of_it(
    guarded: Guarded,
) -> None:
    database = guarded.connect("outcomes", "outcomes")
    book = database.book()
    await book.ensure_indexes()
    journal = Journal(book, "outcomes", lambda: datetime(2026, 3, 2, tzinfo=UTC))
    who = Who("icb-a", "worker-1", "link_worker", "team-org", "CAREMGT", "request-1")
    first = (await journal.head()).line + 1
    assert await journal.write(entries(who, "read", journal.now(), [])) == first
    assert (await journal.head()).line == first
    audit = "outcomes-audit"
    for change in (
        {"update": "sheets", "updates": [{"q": {}, "u": {"$set": {"lines": []}}}]},
        {"delete": "sheets", "deletes": [{"q": {}, "limit": 0}]},
        {"findAndModify": "sheets", "query": {}, "remove": True},
        {"drop": "sheets"},
        {"dropDatabase": 1},
        {"aggregate": "sheets", "pipeline": [{"$out": "sheets"}], "cursor": {}},
    ):
        with pytest.raises(_NO) as refused:
            await database.command(change, database=audit)
        assert _code(refused.value) == _UNAUTHORIZED, change
    assert (await journal.head()).line == first
    await database.close()


async def test_the_command_for_keys_reaches_mongodb_as_the_service_does(guarded: Guarded) -> None:
    env = {
        "LINKWAY_MONGO_URI": guarded.uri("outcomes"),
        "LINKWAY_MONGO_CA_FILE": str(guarded.authority.file),
        "LINKWAY_MONGO_CERTIFICATE_FILE": str(guarded.own_certificate),
        "LINKWAY_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "LINKWAY_JWKS": "https://issuer.example.org/jwks",
        "LINKWAY_ISSUER": "https://issuer.example.org",
    }
    told = await asyncio.to_thread(
        partial(CliRunner().invoke, console, ["keys", "status", "outcomes"], env=env)
    )
    assert told.exit_code == 0, told.output
    assert "data keys wrapped by an older one: 0" in told.output


@pytest.mark.parametrize("user", sorted(USERS))
async def test_a_user_can_neither_read_nor_write_anothers_database(
    guarded: Guarded, user: str
) -> None:
    own = {user, f"{user}-audit"}
    for other in sorted({*USERS, *(f"{each}-audit" for each in USERS), "admin", "local"} - own):
        database = guarded.connect(user, other)
        things = database.collection("things")
        for attempt in (
            things.read(["one"]),
            things.count({}),
            things.insert([{"_id": "one"}]),
            database.command({"listCollections": 1}),
            database.drop(),
        ):
            with pytest.raises(_NO) as refused:
                await attempt
            assert _code(refused.value) == _UNAUTHORIZED
        await database.close()


async def test_a_user_can_make_no_other(guarded: Guarded) -> None:
    database = guarded.connect("outcomes", "outcomes")
    with pytest.raises(_NO) as refused:
        await database.command({"createUser": "more", "pwd": "more-own", "roles": []})
    assert _code(refused.value) == _UNAUTHORIZED
    await database.close()


async def test_a_wrong_password_is_refused(guarded: Guarded) -> None:
    database = Database.connect(
        guarded.uri("outcomes", "guessed"),
        "outcomes",
        ca_file=str(guarded.authority.file),
        certificate_file=str(guarded.own_certificate),
    )
    with pytest.raises(_NO) as refused:
        await database.ping()
    assert _code(refused.value) == _AUTHENTICATION_FAILED
    await database.close()


async def test_without_tls_or_a_known_certificate_on_either_side_nobody_is_let_in(
    guarded: Guarded, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path)

    async def refused(**wrong: str | None) -> None:
        database = guarded.connect("outcomes", "outcomes", **wrong)
        with pytest.raises(Unavailable):
            await database.ping()
        await database.close()

    await asyncio.gather(
        refused(ca_file=None, certificate_file=None),
        refused(certificate_file=None),
        refused(ca_file=str(stranger.file)),
        refused(certificate_file=str(stranger.sign("client"))),
    )
