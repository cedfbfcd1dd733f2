"""A service put together: its database, its part of the bus, its workers and its HTTP API."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import stamina
import structlog
from fastapi import APIRouter, FastAPI

from shared.audit.anchors import Anchoring
from shared.audit.api import ROWS as AUDIT_ROWS
from shared.audit.api import TAG as AUDIT_TAG
from shared.audit.api import audit_router
from shared.audit.figures import Figures
from shared.audit.journal import Journal
from shared.audit.sheets import Book
from shared.auth import Authenticator
from shared.bus import Bus, Consumer, asyncapi_document
from shared.clock import Clock
from shared.doctor import Doctor
from shared.errors import Unavailable
from shared.events import Event
from shared.introduction import INTRODUCTION
from shared.ops import (
    TAG,
    CountWaiting,
    Gauges,
    Operations,
    Reconciler,
    Reconciling,
    Sampler,
    operations_routers,
    operations_rows,
)
from shared.policy import Policy
from shared.rebuild import Rebuildable, Rebuilder, Rebuilds
from shared.repair import Letters, LetterShelf, Mender, Repair, Runs
from shared.settings import ServiceSettings
from shared.store import Collection, Database, DataKeys, Store
from shared.telemetry import Telemetry
from shared.vault import VaultSettings
from shared.web import (
    TEST_CLOCK,
    Check,
    Scopes,
    add_routes,
    check_all_served,
    create_base_app,
    health_router,
    test_clock_router,
)
from shared.workers import Worker, named, running


class Runtime:
    """What a service's ``create_app`` is built from: first its collections, then ``app``."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.telemetry = Telemetry(settings)
        self._database = Database.connect(
            settings.mongo_uri.get_secret_value(),
            settings.mongo_database,
            ca_file=settings.mongo_ca_file,
            certificate_file=settings.mongo_certificate_file,
        )
        self.journal = Journal(
            self._database.book(),
            settings.service,
            self.clock.now,
            Figures.registered(self.telemetry.registry),
            settings.audit_daybook,
        )

    def collection(self, name: str) -> Collection:
        """One of this service's own collections."""
        return self._database.collection(name)

    def data_keys(self, settings: VaultSettings) -> DataKeys:
        """This service's own data keys, in a collection of their own.

        Raises ValueError where the file of master keys is not one.
        """
        return DataKeys(
            self.collection("person_keys"),
            settings.master_keys(),
            settings.blind_index,
            most=settings.data_keys_held,
            lifetime=settings.data_key_seconds,
        )

    def app(
        self,
        *,
        title: str,
        summary: str,
        description: str = "",
        tags: Mapping[str, str] | None = None,
        policy: Policy[Any],
        stores: Any,
        routers: Iterable[APIRouter],
        publishes: Sequence[type[Event]],
        consumers: Sequence[Consumer[Any]] = (),
        workers: Sequence[Worker] = (),
        scopes: Scopes | None = None,
        count_waiting: CountWaiting | None = None,
        rebuildable: Rebuildable | None = None,
    ) -> FastAPI:
        """The application. ``stores`` is a dataclass whose Store fields are indexed and relayed.

        ``policy`` says who may ask for what: each route has its row there, and each row its
        route, or this raises LookupError.

        ``description`` says what the service is, who calls it and where to start, in Markdown;
        ``tags`` says of each group of routes, in a line, what it is for. ``count_waiting``
        counts the messages that wait to be delivered, in a service that sends some.

        ``scopes`` says which operations each scope opens to partners' clients; one that is not
        served raises LookupError.

        It starts once MongoDB has answered, and gives up where that does not answer in
        ``graceful_seconds``; Kafka may be away at any time.
        """
        kept = [
            store
            for store in (getattr(stores, field.name) for field in fields(stores))
            if isinstance(store, Store)
        ]
        for store in kept:
            store.audit_by(self.journal)
        shelf = LetterShelf(Letters(self.collection("dead_letters")))
        published = {event.topic for event in publishes}
        bus = Bus(self.settings, self.telemetry, shelf, publishes=published)
        daybook = self.journal.daybook
        anchors = Anchoring(self.journal, bus, every=self.settings.audit_anchor_seconds)
        bus.relay([store.collection for store in kept if store.source])
        for consumer in consumers:
            bus.consume(consumer, stores)

        mender = Mender(shelf.letters, bus.appliers, self.settings, _real_time)
        repair = Repair(Runs(self.collection("repairs")), mender, shelf, self.telemetry)
        rebuilder = Rebuilder(
            rebuildable or Rebuildable(),
            Rebuilds(self.collection("rebuilds")),
            database=self._database,
            settings=self.settings,
            telemetry=self.telemetry,
            now=_real_time,
        )
        operations = self._operations(
            stores=stores,
            kept=kept,
            bus=bus,
            consumers=consumers,
            publishes=publishes,
            count_waiting=count_waiting,
            repair=repair,
            rebuilder=rebuilder,
        )

        reconciler = Reconciler(
            lambda since, until: Reconciling(operations, since, until).run(),
            operations.gauges,
            every=timedelta(seconds=self.settings.ops_reconcile_seconds),
        )

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                stack.callback(self.telemetry.close)
                stack.push_async_callback(self._database.close)
                for store in kept:
                    stack.push_async_callback(store.close)
                await _prepare(
                    [*kept, *repair.stores, rebuilder.rebuilds, self.journal.book],
                    within=self.settings.graceful_seconds,
                )
                _settle_memory()
                _share_processor()
                patience = 2 * self.settings.graceful_seconds
                own = (
                    ("bus", bus.run),
                    *([("audit-daybook", daybook.run)] if daybook else ()),
                    ("audit-anchors", anchors.run),
                    ("sampler", operations.sampler.run),
                    ("reconciler", reconciler.run),
                    ("repair", repair.work),
                    ("rebuild", rebuilder.work),
                )
                for name, work in (*own, *named(workers)):
                    await stack.enter_async_context(running(name, work, patience))
                yield

        app = create_base_app(
            settings=self.settings,
            title=title,
            summary=summary,
            description=f"{description}\n\n{INTRODUCTION}".strip(),
            policy=policy,
            tags={**(tags or {}), **AUDIT_TAG, **TAG},
            lifespan=lifespan,
            telemetry=self.telemetry,
            clock=self.clock,
            scopes=scopes,
            journal=self.journal,
        )
        app.state.stores = stores
        app.state.journal = self.journal
        app.state.rebuilder = rebuilder
        app.state.doctor = operations.doctor
        checks = [Check("mongo", self._database.ping, vital=True)]
        checks += [
            Check(name, probe, vital=name == "relay") for name, probe in bus.checks().items()
        ]
        add_routes(app, health_router(checks))
        heard = {consumer.service: consumer.events for consumer in consumers}
        contract = asyncapi_document(self.settings.service, publishes, heard)
        add_routes(app, _contract_router(contract))
        add_routes(app, audit_router(self.journal), AUDIT_ROWS)
        for router in routers:
            add_routes(app, router)
        for router in operations_routers(operations, reconciler):
            add_routes(app, router, operations_rows(router))
        if self.settings.test_clock:
            add_routes(app, test_clock_router(self.clock), TEST_CLOCK)
        check_all_served(app.routes, policy)
        app.state.gate.check_served(row.operation for row in app.state.policy)
        return app

    def _operations(
        self,
        *,
        stores: Any,
        kept: Sequence[Store[Any]],
        bus: Bus,
        consumers: Sequence[Consumer[Any]],
        publishes: Sequence[type[Event]],
        count_waiting: CountWaiting | None,
        repair: Repair,
        rebuilder: Rebuilder,
    ) -> Operations:
        by_name = {store.collection.name: store for store in kept}
        gauges = Gauges.registered(self.telemetry.registry)
        sampler = Sampler(
            self.settings,
            gauges,
            consumers=consumers,
            stores=by_name,
            bus=bus,
            database=self._database,
            clock=self.clock,
            count_waiting=count_waiting,
        )
        return Operations(
            settings=self.settings,
            telemetry=self.telemetry,
            clock=self.clock,
            database=self._database,
            bus=bus,
            stores=by_name,
            kept=stores,
            consumers=consumers,
            sampler=sampler,
            gauges=gauges,
            repair=repair,
            topics=sorted({event.topic for event in publishes}),
            rebuilder=rebuilder,
            doctor=Doctor(
                settings=self.settings,
                database=self._database,
                stores=[*kept, *repair.stores, rebuilder.rebuilds],
                topics=bus.topics,
                groups=sorted(bus.appliers),
                authenticator=Authenticator(self.settings),
                now=_real_time,
            ),
            count_waiting=count_waiting,
        )


def _real_time() -> datetime:
    """The time by which plumbing works: a demonstration moves that of the service's records."""
    return datetime.now(UTC)


_TURN_SECONDS = 0.0005
"""How long the event loop may keep the interpreter while a thread of MongoDB's driver waits for it.

Python's own 5 ms are waited for several times in each question to the database; docs/performance.md
has what this brought.
"""


def _share_processor() -> None:
    """Let the driver's threads have their turn soon."""
    sys.setswitchinterval(_TURN_SECONDS)


def _settle_memory() -> None:
    """Keep the collector from walking through what was imported again and again.

    Nearly all that a request makes is freed by its reference count; measured by
    `make bench`, this saves a tenth of a service's processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _prepare(stores: Sequence[Store[Any] | Book], *, within: float) -> None:
    """Wait for MongoDB and make sure that the indexes, and with them the rules, are there.

    Raises Unavailable when MongoDB has not answered ``within`` so many seconds: uvicorn
    heeds no signal while an application starts, so a start must come to an end by itself.
    Whatever runs the service starts it again.
    """
    async for attempt in stamina.retry_context(
        on=Unavailable, attempts=None, timeout=within, wait_initial=0.2, wait_max=5.0
    ):
        with attempt:
            if attempt.num > 1:
                structlog.get_logger().warning("waiting for MongoDB", attempt=attempt.num)
            await asyncio.gather(*(store.ensure_indexes() for store in stores))


def _contract_router(contract: dict[str, Any]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/asyncapi")
    async def asyncapi() -> dict[str, Any]:
        return contract

    return router
