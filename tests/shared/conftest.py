"""A store of made-up records, on the fake and on a real MongoDB."""

from __future__ import annotations

from collections.abc import AsyncIterator
from copy import copy

import pytest

from shared.store import Database, Memory
from tests.shared.store_examples import Registers


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
