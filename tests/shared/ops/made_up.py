"""A made-up service with one store and one consumer, at work on real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from pydantic import TypeAdapter

from shared.bus import Consumer
from shared.cause import Cause
from shared.devissuer import DevIssuer
from shared.errors import Invalid
from shared.events import ReferralCreated
from shared.ops.reconcile_models import Reconciliation
from shared.ops.trace_models import Trace
from shared.policy import Policy
from shared.runtime import Runtime
from shared.settings import ServiceSettings
from shared.testing import eventually, serving
from tests.shared.bus.harness import Cases


@dataclass
class Kept:
    """The stores of a made-up service, and what its consumer is told to do."""

    cases: Cases
    blocked: asyncio.Event = field(default_factory=asyncio.Event)
    refused: set[str] = field(default_factory=set)
    effects: set[str] = field(default_factory=set)
    """The cases of which it heard."""
    looked_for: list[int] = field(default_factory=list)
    """How many events' effects were asked for at once, each time."""


@dataclass
class Service:
    """The made-up service at work."""

    http: httpx.AsyncClient
    kept: Kept
    issuer: DevIssuer
    database: str

    async def trace(self, thing: str, *, tenant: str = "icb-demo", **params: str) -> Trace:
        token = self.issuer.issue(
            subject="u-1", role="operations", organisation="icb", tenant=tenant
        )
        answer = await self.http.get(
            f"/ops/trace/{thing}", params=params, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, answer.text
        return TypeAdapter(Trace).validate_json(answer.content)

    async def reconcile(self, **params: str) -> Reconciliation:
        token = self.issuer.issue(
            subject="u-1", role="operations", organisation="icb", tenant="icb-demo"
        )
        answer = await self.http.get(
            "/ops/reconcile", params=params, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, answer.text
        return TypeAdapter(Reconciliation).validate_json(answer.content)

    async def published(self, thing: str, count: int) -> Trace:
        """The trace once so many events are found on the topic."""
        found: list[Trace] = []

        async def looked() -> bool:
            found.append(await self.trace(thing))
            return len(found[-1].published) == count

        await eventually(looked, within=30)
        return found[-1]


@asynccontextmanager
async def made_up_service(issuer: DevIssuer) -> AsyncIterator[Service]:
    """The service, by the settings in the environment."""
    runtime = Runtime(ServiceSettings.model_validate({"service": "referral"}))
    kept = Kept(Cases(runtime.collection("cases")))
    consumer = Consumer[Kept]("referral")

    @consumer.on(ReferralCreated)
    async def heard(event: ReferralCreated, _cause: Cause, stores: Kept) -> None:
        if event.case_id in stores.refused:
            raise Invalid("The fact does not fit.")
        await stores.blocked.wait()
        stores.effects.add(event.case_id)

    @consumer.leaves_tracks(ReferralCreated)
    async def unheard(events: Mapping[str, ReferralCreated], stores: Kept) -> Collection[str]:
        stores.looked_for.append(len(events))
        return [id_ for id_, event in events.items() if event.case_id not in stores.effects]

    app = runtime.app(
        title="Cases",
        summary="A service for a test.",
        stores=kept,
        routers=(),
        publishes=[ReferralCreated],
        policy=Policy({}),
        consumers=[consumer],
    )
    async with serving(app) as http:
        yield Service(http, kept, issuer, runtime.settings.mongo_database)
