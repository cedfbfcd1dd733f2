"""A store of made-up records, on the fake and on a real MongoDB."""

from __future__ import annotations

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
