from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.bus import ensure_topics
from shared.settings import ServiceSettings
from shared.store import Database
from tests.shared.bus.harness import settings_for
from tests.shared.repair.shop import Shop, shop


@pytest.fixture
async def settings(
    *, kafka_bootstrap: str, topic_prefix: str, kafka_is_tansu: bool
) -> ServiceSettings:
    """A service's settings, with its topics made: four partitions each."""
    own = settings_for(kafka_bootstrap, topic_prefix, tansu=kafka_is_tansu)
    await ensure_topics(own)
    return own


@pytest.fixture
async def bench(settings: ServiceSettings, database: Database) -> AsyncIterator[Shop]:
    async with shop(settings, database) as made:
        yield made
