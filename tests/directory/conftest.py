from collections.abc import AsyncIterator, Callable

import pytest

from services.directory.app import create_app
from services.directory.settings import Settings
from services.directory.store import (
    Districts,
    Erasures,
    Organisations,
    Services,
    Stores,
    UnmetNeeds,
)
from shared.devissuer import DevIssuer
from shared.store import Database
from shared.testing import free_port, serving
from tests.directory.examples import Api


@pytest.fixture
async def stores(database: Database) -> Stores:
    """The directory's stores in a real database, with their indexes."""
    kept = Stores(
        services=Services(database.collection("services")),
        organisations=Organisations(database.collection("organisations")),
        districts=Districts(database.collection("districts")),
        unmet=UnmetNeeds(database.collection("unmet")),
        erasures=Erasures(database.collection("erasures")),
    )
    for store in (kept.services, kept.organisations, kept.districts, kept.unmet):
        await store.ensure_indexes()
    return kept


@pytest.fixture
async def api(
    service_env: Callable[[str], dict[str, str]],
    issuer: DevIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Api]:
    """The directory on a real database, while Kafka is away: HTTP does not wait for it."""
    away = {"LINKWAY_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}"}
    for name, value in (service_env("directory") | away).items():
        monkeypatch.setenv(name, value)
    async with serving(create_app(Settings.model_validate({}))) as client:
        yield Api(client, issuer)
