"""Stores of made-up records, on the fake and on a real MongoDB; an issuer of tokens."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from copy import copy
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from shared import auth
from shared.identity import jwks
from shared.store import Database, Memory
from tests.shared.diaries import Kept
from tests.shared.store_examples import Registers
from tests.shared.tokens import Issuer, jwk


@pytest.fixture(params=["memory", "mongo"])
def backend(request: pytest.FixtureRequest) -> Database | Memory:
    """Each test that asks for it runs twice, and means the same on both."""
    if request.param == "memory":
        return Memory()
    database: Database = request.getfixturevalue("database")
    return database


@pytest.fixture
async def registers(backend: Database | Memory) -> Registers:
    store = Registers(backend.collection("registers"))
    await store.ensure_indexes()
    return store


@pytest.fixture
async def rival(
    registers: Registers, backend: Database | Memory, request: pytest.FixtureRequest
) -> AsyncIterator[Registers]:
    """The same records as another replica of the service reaches them."""
    if isinstance(backend, Memory):
        yield Registers(copy(registers.collection))  # shares the documents
        return
    own = Database.connect(request.getfixturevalue("mongo_uri"), backend._database.name)
    yield Registers(own.collection("registers"))
    await own.close()


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [jwk()]}))
    return file


@pytest.fixture
def key_server() -> Iterator[Issuer]:
    issuer = Issuer()
    thread = Thread(target=issuer.server.serve_forever, args=(0.01,))
    thread.start()
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()
    thread.join()


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stops the clocks that shared.auth sees; they go on by what this is called with."""
    began, started, later = time.time(), time.monotonic(), 0.0

    def seconds(more: float) -> None:
        nonlocal later
        later += more

    clock = SimpleNamespace(time=lambda: began + later, monotonic=lambda: started + later)
    monkeypatch.setattr(auth, "time", clock)
    monkeypatch.setattr(jwks, "time", clock)
    return seconds


@pytest.fixture
def kept(backend: Database | Memory) -> Kept:
    return Kept(backend)
