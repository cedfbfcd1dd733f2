from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.bus import ensure_topics
from shared.devissuer import DevIssuer
from shared.settings import ServiceSettings
from shared.telemetry import configure_logging
from tests.conftest import ServiceEnv
from tests.shared.bus.harness import settings_for
from tests.shared.ops.made_up import Service, made_up_service


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
async def service(
    service_env: ServiceEnv, monkeypatch: pytest.MonkeyPatch, issuer: DevIssuer
) -> AsyncIterator[Service]:
    """A made-up service at work, which tells of cases and listens to itself."""
    for name, value in service_env("referral").items():
        monkeypatch.setenv(name, value)
    async with made_up_service(issuer) as made:
        yield made
