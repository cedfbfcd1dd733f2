from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.bus import Publisher, ensure_topics
from shared.settings import ServiceSettings
from shared.telemetry import configure_logging
from tests.shared.bus.harness import settings_for


@pytest.fixture
async def settings(
    *, kafka_bootstrap: str, topic_prefix: str, kafka_is_tansu: bool
) -> ServiceSettings:
    """A service's settings, with its topics made: four partitions each."""
    own = settings_for(kafka_bootstrap, topic_prefix, tansu=kafka_is_tansu)
    configure_logging(own)
    await ensure_topics(own)
    return own


@pytest.fixture
def referrals(settings: ServiceSettings) -> str:
    """This test's own referral-events."""
    return f"{settings.topic_prefix}referral-events"


@pytest.fixture
def dead_letters(settings: ServiceSettings) -> str:
    """This test's own dead-letters."""
    return f"{settings.topic_prefix}dead-letters"


@pytest.fixture
async def publisher(settings: ServiceSettings) -> AsyncIterator[Publisher]:
    own = Publisher(settings)
    await own.connect()
    yield own
    await own.close()
