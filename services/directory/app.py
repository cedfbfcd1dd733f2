"""The directory, put together."""

from __future__ import annotations

from datetime import timedelta

from fastapi import FastAPI

from services.directory import api
from services.directory.api import about
from services.directory.clock import AssuranceClock
from services.directory.consumers import consumer
from services.directory.domain.policy import POLICY
from services.directory.domain.scopes import SCOPES
from services.directory.projections import REBUILDABLE
from services.directory.settings import Settings
from services.directory.store import (
    Districts,
    Erasures,
    Organisations,
    Services,
    Stores,
    UnmetNeeds,
)
from shared.events import ALL_EVENTS, DirectoryEvent
from shared.links import Links
from shared.runtime import Runtime


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an application; settings come from the environment unless given."""
    settings = settings or Settings.model_validate({})
    runtime = Runtime(settings)
    rules = settings.assurance_rules
    stores = Stores(
        services=Services(runtime.collection("services"), rules),
        organisations=Organisations(runtime.collection("organisations")),
        districts=Districts(runtime.collection("districts")),
        unmet=UnmetNeeds(runtime.collection("unmet")),
        erasures=Erasures(runtime.collection("erasures")),
    )
    clock = AssuranceClock(
        stores,
        rules,
        poll=timedelta(seconds=settings.assurance_poll_seconds),
        now=runtime.clock.now,
    )
    app = runtime.app(
        title="Linkway directory",
        summary="Which community services there are, and how many places they have free.",
        description=about.DESCRIPTION,
        tags=about.TAGS,
        policy=POLICY,
        stores=stores,
        routers=api.routers,
        scopes=SCOPES,
        consumers=[consumer],
        rebuildable=REBUILDABLE,
        publishes=[event for event in ALL_EVENTS if event.topic == DirectoryEvent.topic],
        workers=[clock.run],
    )
    app.state.links = Links(settings.link_keys, settings.public_url)
    return app
