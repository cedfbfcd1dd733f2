import pytest

from services.directory.store import Districts, Organisations, Services, Stores
from shared.store import Database


@pytest.fixture
async def stores(database: Database) -> Stores:
    """The directory's stores in a real database, with their indexes."""
    kept = Stores(
        services=Services(database.collection("services")),
        organisations=Organisations(database.collection("organisations")),
        districts=Districts(database.collection("districts")),
    )
    for store in (kept.services, kept.organisations, kept.districts):
        await store.ensure_indexes()
    return kept
