import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from services.outcomes import handlers
from services.outcomes.app import create_app
from services.outcomes.store import Stores
from shared.devissuer import DevIssuer
from shared.events import ReferralCreated
from shared.store import Database
from shared.testing import eventually, free_port, serving
from tests.outcomes.asking import Service
from tests.outcomes.examples import ONWARD, attended, heard, intake, missed, referral_fact
from tests.outcomes.keeping import kept


@pytest.fixture
async def stores(database: Database) -> Stores:
    own = kept(database.collection)
    await asyncio.gather(
        *(getattr(own, field.name).ensure_indexes() for field in dataclasses.fields(own))
    )
    return own


@pytest.fixture
async def service(
    service_env: Callable[[str], Mapping[str, str]],
    issuer: DevIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Service]:
    """Outcomes while Kafka is away, which nobody who asks it over HTTP should notice."""
    _set(monkeypatch, service_env("outcomes"))
    monkeypatch.setenv("LINKWAY_KAFKA_BOOTSTRAP", f"127.0.0.1:{free_port()}")
    app = create_app()
    async with serving(app) as client:
        yield Service(client, issuer, app.state.stores, app.state.clock)


@pytest.fixture
async def connected(
    service_env: Callable[[str], Mapping[str, str]],
    issuer: DevIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Service]:
    """Outcomes ready to hear from Kafka and to tell."""
    _set(monkeypatch, service_env("outcomes"))
    app = create_app()
    async with serving(app) as client:

        async def ready() -> bool:
            return (await client.get("/ready")).status_code == 200

        await eventually(ready, within=30)
        yield Service(client, issuer, app.state.stores, app.state.clock)


def _set(monkeypatch: pytest.MonkeyPatch, env: Mapping[str, str]) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
async def a_case(service: Service) -> None:
    """A plan on which one onward referral was made, one contact attended and one missed."""
    await handlers.open_plan(service.stores, intake(), heard("event-1"))
    onward = referral_fact(ReferralCreated, 1, referral=ONWARD)
    await handlers.note_referral(service.stores, onward, heard("event-2"))
    await handlers.note_appointment(service.stores, attended(3), heard("event-3"))
    other = missed(4, "0190c0de-0000-7000-8000-0000000000f2")
    await handlers.note_appointment(service.stores, other, heard("event-4"))
